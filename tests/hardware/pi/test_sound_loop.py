"""The Pi's sound on a card that hears what it plays: real PyAudio, PortAudio, ALSA, PulseAudio."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.pulse import Pulse, missing, pulse
from tests.support.sound_child import TONE_HZ

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]
# Of a tone with its peak at 8000. A busy machine may lose a piece of it, and shift its phase.
TONE_RMS = 8000 / 2**0.5


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    with pulse(tmp_path_factory.mktemp("pulse")) as running:
        yield running


def found(card: Pulse, command: str) -> Any:
    return json.loads(card.run(command))


def test_both_ports_keep_their_promises(card: Pulse) -> None:
    assert found(card, "contracts") == {}


def test_one_stream_carries_both_directions(card: Pulse) -> None:
    heard = found(card, "loop")
    assert heard["duplex"]
    assert heard["hertz"] == pytest.approx(TONE_HZ, abs=5)
    assert heard["rms"] == pytest.approx(TONE_RMS, rel=0.1)


def test_two_cards_have_a_stream_each(card: Pulse) -> None:
    heard = found(card, "two-cards")
    assert not heard["duplex"]
    assert heard["hertz"] == pytest.approx(TONE_HZ, abs=5)
    assert heard["rms"] == pytest.approx(TONE_RMS, rel=0.1)


def test_an_unplugged_card_is_told_and_comes_back_by_itself(card: Pulse) -> None:
    heard = found(card, "unplug")
    assert heard["said"] == (
        "The microphone's sound card is gone. Check its plug; sound comes back by itself."
    )
    assert heard["told_after_s"] < 2
    assert heard["speaker_said"].startswith("The speaker's sound card is gone.")
    assert heard["play_took_s"] < 0.2
    assert heard["missing"].startswith("There is no sound card for input:")
    assert heard["back_after_s"] < 5
    assert heard["hertz"] == pytest.approx(TONE_HZ, abs=5)


@pytest.mark.parametrize("how", ["unplugged", "frozen"])
def test_the_doorbell_goes_on_without_its_card_and_takes_it_back(card: Pulse, how: str) -> None:
    """While somebody talks; the camera is missing as well."""
    heard = found(card, f"service-{how}")
    assert heard["told_after_s"] < 2
    assert heard["microphone"].startswith("The microphone's sound card is gone.")
    assert heard["speaker"].startswith("The speaker's sound card is gone.")
    assert heard["back_after_s"] < 5


def test_a_card_that_was_not_served_is_counted_and_goes_on(card: Pulse) -> None:
    heard = found(card, "hang")
    assert heard["after"] > heard["before"]
    assert heard["hertz"] == pytest.approx(TONE_HZ, abs=5)


def test_a_slip_in_the_name_is_understood(card: Pulse) -> None:
    assert found(card, "wrong-name")["said"] == (
        "There is no sound card 'plse' for input. There are: pulse, default."
        " Did you mean 'pulse' in sound.device?"
    )


def test_the_self_test_finds_the_delay_and_the_echo(card: Pulse) -> None:
    checked = card.python("-m", "device", "check", "sound", "--board", "pi",
                          "--state", str(card.folder / "state"))  # fmt: skip
    assert checked.returncode in (0, 2), checked.stderr
    delay = re.search(r"^delay +(\d+) ms, steady within (\d+\.\d) ms$", checked.stdout, re.M)
    assert delay is not None
    # PulseAudio hands sound on every 50 ms, and PortAudio keeps two pieces in each direction.
    assert 5 < int(delay[1]) < 200
    # A busy machine's callbacks are late, and the delay wanders with them: the verdict says so.
    assert float(delay[2]) < 25
    assert re.search(r"^echo +[01] dB (below|above) what is played$", checked.stdout, re.M)
    cleaned = re.search(r"^with canceller +(\d+) dB below what is played$", checked.stdout, re.M)
    assert cleaned is not None
    assert int(cleaned[1]) > 25


def test_nothing_is_printed_but_what_we_say(card: Pulse) -> None:
    """PortAudio asks for a hundred cards that are not there; ALSA and JACK would say so."""
    program = "from hardware.pi.sound_streams import load; load().PyAudio().terminate()"
    assert card.python("-c", program).stderr == ""
