"""Each parser against its corpus, and against what Hypothesis makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.corpus import FOLDER, seeds_of
from fuzz.targets import TARGETS

EXAMPLES = 150
ODD_PIECES = [b"null", b"-1", b"1e999", b"NaN", b"{}", b"[]", b"\r\n", b"\0", b"\xff"]


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_nothing(name: str) -> None:
    seeds = seeds_of(name)
    assert seeds, f"fuzz/corpus/{name} is empty"
    for seed in seeds:
        TARGETS[name](seed)


def test_every_corpus_has_a_target() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_anything_at_all_breaks_nothing(name: str) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
    @given(st.binary(max_size=600))
    def throw(data: bytes) -> None:
        TARGETS[name](data)

    throw()


@pytest.mark.parametrize("name", TARGETS)
def test_nearly_right_messages_break_nothing(name: str) -> None:
    seeds = seeds_of(name)

    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
    @given(st.sampled_from(seeds), st.data())
    def throw(seed: bytes, data: st.DataObject) -> None:
        TARGETS[name](_spoilt(seed, data))

    throw()


def _spoilt(seed: bytes, data: st.DataObject) -> bytes:
    """The seed with a piece cut out, doubled, or replaced."""
    first = data.draw(st.integers(0, len(seed)))
    last = data.draw(st.integers(first, len(seed)))
    piece = data.draw(
        st.one_of(
            st.just(b""), st.just(seed[first:last] * 2), st.binary(max_size=20),
            st.sampled_from(ODD_PIECES),
        )
    )  # fmt: skip
    return seed[:first] + piece + seed[last:]
