"""Prepared sentences, from the file to the mixer."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from device.core.states import Reply
from device.services.replies import SOUNDS, Replies, read
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ
from media.mixer import Mixer
from tests.support.virtual_time import run_virtual


@pytest.mark.parametrize(
    ("reply", "language"), list(itertools.product(get_args(Reply), ("en", "de")))
)
def test_every_sentence_is_there_and_can_be_heard(reply: str, language: str) -> None:
    samples = read(SOUNDS / f"{reply}.{language}.ogg")
    assert len(samples) % SOUND_FRAME_SAMPLES == 0
    assert SOUND_RATE_HZ // 2 < len(samples) < 8 * SOUND_RATE_HZ
    assert np.abs(samples).max() > 3000


def test_a_sentence_is_spoken_in_real_time_and_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = np.full(SOUND_FRAME_SAMPLES * 50, 1000, np.int16)

    async def at_hand(function: object, path: Path) -> object:
        """Virtual time knows no threads."""
        return sentence

    monkeypatch.setattr("device.services.replies.asyncio.to_thread", at_hand)

    async def main() -> tuple[int, float]:
        mixer = Mixer()
        replies = Replies(mixer, "en")
        heard, loop = 0, asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            life = group.create_task(replies.run())
            replies.speak("coming")
            began = last = loop.time()
            while loop.time() < began + 3:
                await asyncio.sleep(0.02)
                if mixer.mix(0) is not None:
                    heard, last = heard + 1, loop.time()
            life.cancel()
        return heard, last - began

    heard, seconds = run_virtual(main)
    assert heard == pytest.approx(50, abs=2)
    assert seconds == pytest.approx(1.0, abs=0.1)


def test_impatient_taps_do_not_pile_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    replies = Replies(Mixer(), "en")
    for _ in range(5):
        replies.speak("leave_it")
    assert caplog.text.count("speaking already") == 3
