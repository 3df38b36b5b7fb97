"""Every canceller keeps the port's promises, and each its own."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from hardware.contracts import check_canceller
from hardware.echo.choose import open_canceller
from hardware.echo.ducker import Ducker
from hardware.echo.null import NullCanceller
from hardware.echo.webrtc import WebrtcCanceller
from hardware.options import Echo
from hardware.ports import EchoCanceller
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame

FRAME_US = 20_000


def steady(level: int, number: int) -> SoundFrame:
    return SoundFrame(np.full(SOUND_FRAME_SAMPLES, level, "<i2").tobytes(), number * FRAME_US)


def peak(frame: SoundFrame) -> int:
    return int(np.abs(np.frombuffer(frame.samples, "<i2").astype(np.int32)).max())


@pytest.mark.parametrize("make", [WebrtcCanceller, Ducker, NullCanceller])
async def test_the_contract_is_kept(make: Callable[[], EchoCanceller]) -> None:
    await check_canceller(make())


@pytest.mark.parametrize(
    ("echo", "kind"), [("webrtc", WebrtcCanceller), ("duck", Ducker), ("off", NullCanceller)]
)
def test_the_setting_chooses(echo: Echo, kind: type) -> None:
    assert isinstance(open_canceller(echo), kind)


def test_without_the_package_the_microphone_is_ducked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    assert isinstance(open_canceller("webrtc"), Ducker)
    assert "pip install pywebrtc-audio" in caplog.text
    assert "quiet while the speaker sounds" in caplog.text


async def test_the_ducker_is_quiet_while_the_speaker_sounds_and_opens_again() -> None:
    async with Ducker() as ducker:
        heard = []
        for number in range(60):
            if 20 <= number < 25:
                ducker.played(steady(5000, number))
            heard.append(peak(ducker.cleaned(steady(1000, number))))
    assert heard[:19] == [1000] * 19
    assert max(heard[21:40]) == 10
    assert heard[46:] == [1000] * 14


async def test_the_ducker_does_not_mind_a_quiet_speaker() -> None:
    async with Ducker() as ducker:
        for number in range(10):
            ducker.played(steady(100, number))
            assert peak(ducker.cleaned(steady(1000, number))) == 1000


async def test_a_silent_speaker_leaves_the_suppressor_out() -> None:
    """The way past it has the same delay, so that nothing jumps when a phone begins to talk."""
    rng = np.random.default_rng(3)
    canceller = WebrtcCanceller()
    noise = rng.standard_normal(100 * SOUND_FRAME_SAMPLES) * 2000
    voice = np.convolve(noise, np.hanning(48), "same").astype("<i2")
    pieces = voice.reshape(100, SOUND_FRAME_SAMPLES)
    silence = np.zeros(SOUND_FRAME_SAMPLES, np.int16)
    past = np.concatenate([canceller._without_echo(piece, silence) for piece in pieces])
    canceller._silent_frames = 0
    through = np.concatenate([canceller._without_echo(piece, silence) for piece in pieces[:40]])
    settled = slice(10 * SOUND_FRAME_SAMPLES, 40 * SOUND_FRAME_SAMPLES)
    likeness = np.corrcoef(past[settled].astype(float), through[settled].astype(float))[0, 1]
    assert likeness > 0.9
