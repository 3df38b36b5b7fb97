"""Which streams are opened on which cards, and what happens when a card comes or goes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.errors import BusyError, HardwareError, MissingError, StalledError
from hardware.pi import sound_card, sound_names
from hardware.pi.sound import PiMicrophone, PiSpeaker, SoundCard
from hardware.pi.sound_streams import PA_INPUT_OVERFLOW, PA_OUTPUT_UNDERFLOW
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame
from tests.support.door import eventually
from tests.support.paper_cards import PaperCard, PaperCards

PHONE = PaperCard("Speakerphone: USB Audio (hw:1,0)")
MICROPHONE = PaperCard("USB microphone: Audio (hw:2,0)", outputs=0)
AMPLIFIER = PaperCard("MAX98357A: HiFi (hw:0,0)", inputs=0)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PaperCards:
    paper = PaperCards([PHONE])
    monkeypatch.setitem(sys.modules, "pyaudio", paper)
    monkeypatch.setattr(sound_card, "WATCH_EVERY_S", 0.005)
    monkeypatch.setattr(sound_card, "RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(sound_card, "SETTLE_S", 0.01)
    # Paper asks for nothing by itself.
    monkeypatch.setattr(sound_card, "STALL_TIMEOUT_S", 60.0)
    monkeypatch.setattr(sound_names, "CARDS", tmp_path / "cards")
    return paper


@pytest.fixture
def plugged(cards: PaperCards, tmp_path: Path) -> Callable[..., None]:
    """Change what is plugged in; the kernel's list says so."""

    def plug(*now: PaperCard) -> None:
        cards.plugged = list(now)
        (tmp_path / "cards").write_text("".join(card.name for card in now))

    return plug


def piece(level: int) -> bytes:
    return np.full(SOUND_FRAME_SAMPLES, level, "<i2").tobytes()


async def test_a_card_that_does_both_has_one_stream(cards: PaperCards) -> None:
    card = SoundCard("speakerphone")
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        (stream,) = cards.running
        assert card.duplex
        assert stream.names == {"input": PHONE.name, "output": PHONE.name}
        frames = microphone.frames()
        await speaker.play(SoundFrame(piece(5), 0))
        # Whoever takes is there before something is heard.
        heard = anext(frames)
        assert stream.ask(piece(7)) == piece(5)
        assert (await heard).samples == piece(7)
    assert cards.running == []
    assert cards.users == 0


async def test_a_card_that_cannot_do_both_at_once_has_two(cards: PaperCards) -> None:
    cards.plugged = [replace(PHONE, duplex=False)]
    card = SoundCard(None)
    async with PiSpeaker(card), PiMicrophone(card):
        assert [list(stream.names) for stream in cards.running] == [["input"], ["output"]]


@pytest.mark.parametrize("rate_hz", [44_100, 16_000])
async def test_another_rate_is_resampled(cards: PaperCards, rate_hz: int) -> None:
    cards.plugged = [replace(PHONE, rates_hz=(rate_hz,))]
    card = SoundCard(None)
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        heard, played = cards.running
        assert (heard.rate_hz, played.rate_hz) == (rate_hz, rate_hz)
        frames = microphone.frames()
        for _ in range(3):
            await speaker.play(SoundFrame(piece(1000), 0))
            heard.ask(np.full(rate_hz // 50, 500, "<i2").tobytes())
        assert len((await anext(frames)).samples) == 2 * SOUND_FRAME_SAMPLES
        sounded = played.ask()
        assert sounded is not None
        assert len(sounded) == 2 * rate_hz // 50


async def test_two_cards_by_their_names(cards: PaperCards) -> None:
    cards.plugged = [AMPLIFIER, MICROPHONE]
    card = SoundCard("usb micro", "max98357a")
    async with PiSpeaker(card), PiMicrophone(card):
        assert [stream.names for stream in cards.running] == [
            {"input": MICROPHONE.name}, {"output": AMPLIFIER.name},
        ]  # fmt: skip


async def test_the_speaker_plays_on_while_the_microphone_is_unplugged(
    cards: PaperCards, plugged: Callable[..., None]
) -> None:
    plugged(AMPLIFIER, MICROPHONE)
    card = SoundCard("microphone", "max98357a")
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        frames = microphone.frames()
        plugged(AMPLIFIER)
        with pytest.raises(StalledError, match="The microphone's sound card is gone"):
            await anext(frames)
        await eventually(lambda: not raised(card, StalledError))
        with pytest.raises(MissingError, match="There is no sound card 'microphone' for input"):
            await anext(microphone.frames())
        await speaker.play(SoundFrame(piece(9), 0))
        plugged(AMPLIFIER, MICROPHONE)
        await eventually(lambda: cards.running_on(MICROPHONE.name))
        await eventually(lambda: not raised(card, HardwareError))
        frames = microphone.frames()
        heard = anext(frames)
        stream = cards.running_on(MICROPHONE.name)
        assert stream is not None
        stream.ask(piece(3))
        assert (await heard).samples == piece(3)


def raised(card: SoundCard, kind: type[HardwareError]) -> bool:
    try:
        card.check("input")
    except kind:
        return True
    except HardwareError:
        return False
    return False


async def test_while_no_card_comes_portaudio_is_left_alone(
    cards: PaperCards, plugged: Callable[..., None]
) -> None:
    plugged(AMPLIFIER)
    card = SoundCard("microphone")
    for _ in range(5):
        with pytest.raises(MissingError):
            await PiMicrophone(card).__aenter__()
    assert cards.looks == 1
    plugged(AMPLIFIER, MICROPHONE)
    async with PiMicrophone(card):
        assert cards.looks == 2


async def test_a_card_in_use_is_said_and_tried_again(cards: PaperCards) -> None:
    cards.plugged = [replace(PHONE, busy=True)]
    card = SoundCard(None)
    with pytest.raises(BusyError, match="The sound card's input is in use"):
        await PiMicrophone(card).__aenter__()
    cards.plugged = [PHONE]
    async with PiMicrophone(card):
        assert cards.running


async def test_losses_are_counted_and_said_once_a_minute(
    cards: PaperCards, caplog: pytest.LogCaptureFixture
) -> None:
    card = SoundCard(None)
    with caplog.at_level(logging.WARNING):
        async with PiSpeaker(card):
            (stream,) = cards.running
            stream.ask(piece(0), PA_INPUT_OVERFLOW)
            await eventually(lambda: caplog.records)
            stream.ask(piece(0), PA_OUTPUT_UNDERFLOW)
            stream.ask(piece(0), PA_OUTPUT_UNDERFLOW | PA_INPUT_OVERFLOW)
    assert (card.losses.overflows, card.losses.underflows) == (2, 2)
    assert [record.getMessage() for record in caplog.records] == [
        "the sound card was not served in time: heard sound was lost 1 ×, silence was played 0 ×"
    ]


async def test_a_card_that_asks_for_nothing_is_gone(
    cards: PaperCards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_card, "STALL_TIMEOUT_S", 0.02)
    card = SoundCard(None)
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        with pytest.raises(StalledError, match="The microphone's sound card is gone"):
            await anext(microphone.frames())
        await eventually(lambda: cards.looks > 1)
        assert speaker.next_at_us() > 0
