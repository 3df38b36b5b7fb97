"""Cards by part of their name, and the sentence when there is none."""

from __future__ import annotations

import pytest

from hardware.errors import MissingError
from hardware.pi.sound_names import find
from tests.support.paper_cards import PaperCard, PaperCards

CARDS = PaperCards(
    [
        PaperCard("default"),
        PaperCard("vc4-hdmi-0: MAI PCM (hw:0,0)", inputs=0),
        PaperCard("Jabra SPEAK 510 USB: Audio (hw:1,0)"),
    ]
)


def test_any_part_of_a_name_will_do_in_any_case() -> None:
    audio = CARDS.PyAudio()
    assert find(audio, "speak 510", "input") == 2
    assert find(audio, "HDMI", "output") == 1
    assert find(audio, None, "input") is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jabra speek", "Did you mean 'Jabra SPEAK 510 USB' in sound.device?"),
        ("HDMI", "Plug it in, or set sound.device to part of one of these names."),
    ],
)
def test_what_there_is_is_listed_the_cards_first(name: str, said: str) -> None:
    with pytest.raises(MissingError) as raised:
        find(CARDS.PyAudio(), name, "input")
    assert str(raised.value) == (
        f"There is no sound card {name!r} for input."
        f" There are: Jabra SPEAK 510 USB: Audio (hw:1,0), default. {said}"
    )


def test_without_any_card_the_group_is_named() -> None:
    with pytest.raises(MissingError, match=r"There are: none\. .* in the group audio"):
        find(PaperCards([]).PyAudio(), "jabra", "output")
