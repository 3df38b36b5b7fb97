"""The picture of one moment, out of what the camera has coded for everyone."""

from __future__ import annotations

import asyncio
import logging

from media.frames import EncodedFrame
from media.hub import FrameHub
from media.still import still

log = logging.getLogger(__name__)

# Coded pictures come some 50 ms after their moment; a camera that is this late has stalled.
LATE_LIMIT_S = 1.0


async def picture_at(hub: FrameHub, at_us: int, late_limit_s: float = LATE_LIMIT_S) -> bytes:
    """The picture that is on show at `at_us`, as JPEG; the moment may be still to come.

    Exact to the frame: it waits for the next one, which ends the moment. When a camera has stalled
    it is the last one there was. Raises StillError.
    """
    # Few pictures have to be decoded for one that follows soon after a keyframe.
    hub.request_keyframe()
    group: list[EncodedFrame] = []
    patience_s = late_limit_s + at_us / 1e6 - asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(max(0.0, patience_s)):
            with hub.record() as frames:
                async for frame in frames:
                    if group and frame.at_us > at_us:
                        break
                    if frame.keyframe:
                        group.clear()
                    group.append(frame)
    except TimeoutError:
        log.info("the camera is late: the picture is of an earlier moment")
    return await still(group, at_us)
