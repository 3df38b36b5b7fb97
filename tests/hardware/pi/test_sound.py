import subprocess
import sys
from pathlib import Path

import pytest

from hardware.errors import BusyError, MissingError
from hardware.pi.sound import PiSpeaker, SoundCard
from hardware.pi.sound_streams import PA_DEVICE_UNAVAILABLE, translated

# ALSA's null device: PortAudio opens it like a card, but nothing paces it.
NO_CARD = "pcm.!default { type null }\n"

PROGRAM = """
import asyncio
from hardware.contracts import check_speaker
from hardware.errors import MissingError
from hardware.pi.sound import PiMicrophone, PiSpeaker, SoundCard

async def main():
    card = SoundCard(None)
    await check_speaker(PiSpeaker(card))
    async with PiMicrophone(card) as microphone, PiSpeaker(card) as speaker:
        frames = microphone.frames()
        heard = [await anext(frames) for _ in range(5)]
        for frame in heard:
            await speaker.play(frame)
    assert [len(frame.samples) for frame in heard] == [1920] * 5
    times = [frame.at_us for frame in heard]
    assert times == sorted(set(times)), times
    assert [frame async for frame in frames] == []
    try:
        await PiMicrophone(SoundCard("speakerphone")).__aenter__()
    except MissingError as error:
        print(error)

asyncio.run(main())
"""


def test_the_adapters_work_on_the_real_pyaudio(tmp_path: Path) -> None:
    pytest.importorskip("pyaudio", reason="PyAudio is not installed")
    configuration = tmp_path / "asound.conf"
    configuration.write_text(NO_CARD)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"ALSA_CONFIG_PATH": str(configuration), "PATH": "/usr/bin:/bin", "PYTHONPATH": "."},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert "There is no sound card 'speakerphone' for input. There are: default." in done.stdout


async def test_without_pyaudio_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(MissingError, match="sudo apt install python3-pyaudio"):
        async with PiSpeaker(SoundCard(None)):
            pass


def test_portaudio_s_errors_become_ours() -> None:
    busy = translated(OSError(PA_DEVICE_UNAVAILABLE, "Device unavailable"), "input")
    assert isinstance(busy, BusyError)
    gone = translated(OSError(-9996, "Invalid output device"), "output")
    assert isinstance(gone, MissingError)
    assert str(gone) == ("There is no sound card for output: Invalid output device. Plug one in.")
