"""`python -m bench.peers.feed loop|porch`: the twin's camera as a bare H.264 stream on stdout.

For servers that read their camera from a program. Keyframes as in the twin: every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from hardware.options import BoardOptions
from hardware.registry import open_board


async def feed(camera: str, cache: Path | None) -> None:
    """Write access units until nobody reads any more."""
    board = open_board("twin", BoardOptions(camera=camera, cache_dir=cache))
    async with board.camera as source:
        async for frame in source.frames():
            os.write(sys.stdout.fileno(), frame.data)


if __name__ == "__main__":
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(feed(sys.argv[1], folder))
