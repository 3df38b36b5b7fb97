"""Cards by part of their name, and the sentence when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.errors import BusyError, MissingError
from hardware.pi import sound_names
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
        ("hifiberry", "Plug it in, or set sound.device to part of one of these names."),
    ],
)
def test_what_there_is_is_listed_the_cards_first(name: str, said: str) -> None:
    with pytest.raises(MissingError) as raised:
        find(CARDS.PyAudio(), name, "input")
    assert str(raised.value) == (
        f"There is no sound card {name!r} for input."
        f" There are: Jabra SPEAK 510 USB: Audio (hw:1,0), default. {said}"
    )


def test_what_another_program_uses_is_told_from_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PortAudio leaves out what it cannot open; the kernel does not."""
    with pytest.raises(BusyError) as raised:
        find(CARDS.PyAudio(), "HDMI", "input")
    assert str(raised.value) == (
        "The sound card 'HDMI' has no free input: close the program that uses it, or set"
        " sound.device to another. There are: Jabra SPEAK 510 USB: Audio (hw:1,0), default."
    )
    monkeypatch.setattr(sound_names, "CARDS", tmp_path / "cards")
    sound_names.CARDS.write_text(" 2 [Device  ]: USB-Audio - USB PnP Sound Device\n")
    with pytest.raises(BusyError, match="The sound card 'PnP' has no free output"):
        find(CARDS.PyAudio(), "PnP", "output")


def test_without_any_card_the_group_is_named() -> None:
    with pytest.raises(MissingError, match=r"There are: none\. .* in the group audio"):
        find(PaperCards([]).PyAudio(), "jabra", "output")
