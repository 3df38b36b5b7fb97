"""How much of a clip lies before the press, by decoding it and reading its time stamps."""

from __future__ import annotations

import asyncio
import json
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench.row import Row
from hardware.twin.control import send
from media.timecode import read
from protocol.identity import MEDIA_TOKEN_LIFE_S
from scripts.phone import Phone
from scripts.stack import Stack

PRE_ROLL_FILLS_S = 14.0
CLIP_LIMIT_S = 60.0
SHORT_VISITS = ("--visits-ring-timeout-s", "2", "--visits-post-roll-s", "1")


async def rows(folder: Path) -> list[Row]:
    """Press once, wait for the clip, decode its first picture."""
    with Stack(folder / "preroll", doorbell_options=SHORT_VISITS) as stack:
        async with await Phone.paired(stack.pairing_link(), "Bench") as phone:
            await asyncio.sleep(PRE_ROLL_FILLS_S)
            pressed_ms = time.time() * 1000
            await asyncio.to_thread(send, stack.control_socket, "press")
            visit = await _finished(phone)
            path = f"/api/v1/visits/{visit['id']}/clip.mp4"
            token = phone.identity.token("media", time.time(), MEDIA_TOKEN_LIFE_S, path=path)
            clip = (await phone.request("GET", f"{path}?token={token}")).body
    seconds = (pressed_ms - _first_capture_ms(clip)) / 1000
    return [Row("clip before the press, by its own time stamps", seconds, "s", 5, at_least=True)]


async def _finished(phone: Phone) -> dict[str, Any]:
    deadline = time.monotonic() + CLIP_LIMIT_S
    while time.monotonic() < deadline:
        page = json.loads((await phone.request("GET", "/api/v1/visits")).body)
        if page["items"] and page["items"][0]["clip"]:
            visit: dict[str, Any] = page["items"][0]
            return visit
        await asyncio.sleep(0.5)
    raise TimeoutError(f"There was no clip after {CLIP_LIMIT_S:.0f} s.")


def _first_capture_ms(clip: bytes) -> int:
    with av.open(BytesIO(clip), "r") as container:
        for frame in container.decode(video=0):
            captured = read(np.asarray(frame.to_ndarray(format="gray"), np.uint8))
            if captured is not None:
                return captured
    raise ValueError("No picture of the clip shows its capture time.")
