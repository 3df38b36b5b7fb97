"""Mouth to ear, both ways, between the twin's door and a real Chromium on this machine.

Both ends read the same wall clock. A sound card of a real door and a real phone come on top: some
10 to 60 ms each.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import BrowserContext, Page

from bench.row import Row
from hardware.twin.control import send
from media.frames import SOUND_RATE_HZ
from scripts.browser import chromium, paired_page
from scripts.stack import Stack

SIGNALS = 12
SIGNAL_S = 0.15
# Longer than the delays that are measured, so that no signal is taken for another.
PAUSE_S = 1.2
# The jitter buffers of a fresh call are not what they are a moment later.
SETTLE_S = 4.0
LOOK_S = 0.05

# Notes in `doorstepHeard` when something loud begins in the live element, as Date.now().
LISTEN = """
(media) => {
  const context = new AudioContext();
  const meter = context.createAnalyser();
  meter.fftSize = 512;
  context.createMediaStreamSource(media.srcObject).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  globalThis.doorstepHeard = [];
  let quietSince = 0;
  const look = () => {
    meter.getFloatTimeDomainData(samples);
    const now = Date.now();
    if (samples.some((value) => Math.abs(value) > 0.1)) {
      if (now - quietSince > 300) globalThis.doorstepHeard.push(now);
      quietSince = now;
    }
    setTimeout(look, 2);
  };
  look();
}
"""
# A microphone that is silent until `doorstepBeep()`, which returns the time of the beep.
MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const gain = context.createGain();
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.frequency.value = 800;
  gain.gain.value = 0;
  tone.connect(gain).connect(out);
  tone.start();
  globalThis.doorstepBeep = (seconds) => {
    gain.gain.setValueAtTime(0.7, context.currentTime);
    gain.gain.setValueAtTime(0, context.currentTime + seconds);
    return Date.now();
  };
  return out.stream;
};
"""
# A call of the page with itself, without any network or doorbell: what the browser alone takes.
ITSELF = """
async () => {
  const [talker, hearer] = [new RTCPeerConnection(), new RTCPeerConnection()];
  talker.onicecandidate = ({ candidate }) => candidate && hearer.addIceCandidate(candidate);
  hearer.onicecandidate = ({ candidate }) => candidate && talker.addIceCandidate(candidate);
  const element = document.createElement('audio');
  const heard = new Promise((resolve) => {
    hearer.ontrack = ({ streams }) => resolve(streams[0]);
  });
  const voice = await navigator.mediaDevices.getUserMedia({ audio: true });
  talker.addTrack(voice.getAudioTracks()[0], voice);
  await talker.setLocalDescription();
  await hearer.setRemoteDescription(talker.localDescription);
  await hearer.setLocalDescription();
  await talker.setRemoteDescription(hearer.localDescription);
  element.srcObject = await heard;
  await element.play();
  return element;
}
"""


async def rows(folder: Path) -> list[Row]:
    """A call with both directions measured, one after the other."""
    signal = _signal(folder / "signal.wav")
    with Stack(folder / "voices", camera="loop", doorbell_options=("--sound", "silence")) as stack:
        async with (
            chromium() as browser,
            paired_page(browser, stack.pairing_link(), prepare=_prepare) as page,
        ):
            await _begin(page)
            to_phone = [await _door_to_phone(page, stack, signal) for _ in range(SIGNALS)]
            await page.get_by_test_id("talk").press("Enter")
            await asyncio.sleep(SETTLE_S)
            to_door = [await _phone_to_door(page, stack) for _ in range(SIGNALS)]
            await page.get_by_test_id("hang-up").click()
            peers = {"Chromium with itself": await _itself(page)}
    there, back = statistics.median(to_phone), statistics.median(to_door)
    return [
        Row("mouth to ear, door to phone, median", there, "ms", 250, peers=peers),
        Row("mouth to ear, phone to door, median", back, "ms", 300, peers=peers),
    ]


async def _prepare(context: BrowserContext) -> None:
    await context.add_init_script(MICROPHONE)


async def _begin(page: Page) -> None:
    await page.get_by_test_id("watch").first.click()
    await page.wait_for_function(
        "() => document.querySelector('[data-testid=live-video]')?.videoWidth > 0"
    )
    await page.evaluate(LISTEN, await page.get_by_test_id("live-video").element_handle())
    await asyncio.sleep(SETTLE_S)


async def _door_to_phone(page: Page, stack: Stack, signal: Path) -> float:
    """Milliseconds from the visitor's mouth to the page."""
    count = await page.evaluate("() => doorstepHeard.length")
    said = await _twin(stack, "speak", path=str(signal))
    said_ms = _wall_ms(said["at_us"])
    await page.wait_for_function(f"() => doorstepHeard.length > {count}")
    heard_ms: float = await page.evaluate("() => doorstepHeard.at(-1)")
    await asyncio.sleep(PAUSE_S)
    return heard_ms - said_ms


async def _phone_to_door(page: Page, stack: Stack) -> float:
    """Milliseconds from the phone's microphone to the door's speaker."""
    before = (await _twin(stack, "state"))["heard"]["began_us"]
    said_ms: float = await page.evaluate("(seconds) => doorstepBeep(seconds)", SIGNAL_S)
    async with asyncio.timeout(5):
        # The twin has no word for it by itself.
        while (began := (await _twin(stack, "state"))["heard"]["began_us"]) == before:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
    await asyncio.sleep(PAUSE_S)
    return _wall_ms(began) - said_ms


async def _itself(page: Page) -> float:
    """The same probes on both ends of a call inside the page: median."""
    await page.evaluate(LISTEN, await page.evaluate_handle(ITSELF))
    await asyncio.sleep(SETTLE_S)
    times = []
    for _ in range(SIGNALS):
        count = await page.evaluate("() => doorstepHeard.length")
        said_ms: float = await page.evaluate("(seconds) => doorstepBeep(seconds)", SIGNAL_S)
        await page.wait_for_function(f"() => doorstepHeard.length > {count}")
        heard_ms: float = await page.evaluate("() => doorstepHeard.at(-1)")
        times.append(heard_ms - said_ms)
        await asyncio.sleep(PAUSE_S)
    return statistics.median(times)


async def _twin(stack: Stack, command: str, **arguments: Any) -> dict[str, Any]:
    return await asyncio.to_thread(send, stack.control_socket, command, **arguments)


def _wall_ms(monotonic_us: int) -> float:
    """A time of the monotonic clock, as the page's Date.now() has it."""
    return (time.time() - time.monotonic()) * 1000 + monotonic_us / 1000


def _signal(path: Path) -> Path:
    """A tone that begins at once."""
    count = round(SIGNAL_S * SOUND_RATE_HZ)
    tone = np.sin(2 * np.pi * 800 * np.arange(count) / SOUND_RATE_HZ) * 20_000
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE_HZ)
        file.writeframes(tone.astype("<i2").tobytes())
    return path


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        print("\n".join(row.as_text() for row in asyncio.run(rows(Path(place)))))
