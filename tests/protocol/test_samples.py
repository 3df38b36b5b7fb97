"""The golden samples: what both sides of the wire must read, and must refuse."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from protocol.base import LINK_FRAME_LIMIT_BYTES, parse
from protocol.errors import RemoteProtocolError

SAMPLES = Path(__file__).resolve().parents[2] / "protocol" / "samples"


def adapter_of(sample: Path) -> TypeAdapter[object]:
    family, union, _ = sample.stem.split(".")
    return TypeAdapter(getattr(import_module(f"protocol.{family}"), union))


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("valid/*.json")), ids=lambda path: path.stem)
def test_valid_samples_survive_a_round_trip(sample: Path) -> None:
    adapter = adapter_of(sample)
    message = parse(adapter, sample.read_bytes(), LINK_FRAME_LIMIT_BYTES)
    assert json.loads(adapter.dump_json(message)) == json.loads(sample.read_text("utf-8"))


@pytest.mark.parametrize(
    "sample", sorted(SAMPLES.glob("invalid/*.json")), ids=lambda path: path.stem
)
def test_invalid_samples_are_refused_in_one_sentence(sample: Path) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse(adapter_of(sample), sample.read_bytes(), LINK_FRAME_LIMIT_BYTES)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_message_over_the_limit_is_refused_before_it_is_read() -> None:
    sample = next(SAMPLES.glob("valid/link.FromDoorbell.hello.json"))
    with pytest.raises(RemoteProtocolError, match="99 are allowed"):
        parse(adapter_of(sample), sample.read_bytes(), 99)
