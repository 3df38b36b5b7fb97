"""Pictures of finished clips, one clip after the other, by a process that lives while needed."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cloud.recorder.ports import OnStills, StillPictures, VisitKey, WhichMoment
from media.still import StillError
from protocol.door import Preview

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "cloud.recorder.look")
# Thirty keyframes of 1080p take a second of an idle core, and this process comes last.
LOOK_LIMIT_S = 60.0
# Visits come in twos and threes; after so long the process is not worth its memory.
IDLE_S = 10.0
# So many visits end within a minute only when something is wrong; they keep their clips.
WAITING_LIMIT = 128
# Two JPEG files in one line.
LINE_LIMIT_BYTES = 16 * 1024 * 1024
_ROOT = str(Path(__file__).parents[2])
# All that the process gets of ours: the keys of a bucket are none of its business.
_VARIABLES = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH")


class Stills:
    """Takes files by `want`; `run` looks at them and removes them."""

    def __init__(
        self,
        moment: WhichMoment,
        on_stills: OnStills,
        *,
        command: Sequence[str] = COMMAND,
        limit_s: float = LOOK_LIMIT_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._moment = moment
        self._on_stills = on_stills
        self._worker = Worker(command, limit_s)
        self._idle_s = idle_s
        self._waiting: asyncio.Queue[tuple[VisitKey, Path]] = asyncio.Queue(WAITING_LIMIT)

    def want(self, key: VisitKey, file: Path) -> None:
        """Look at this stored clip of a visit, and remove the file then."""
        try:
            self._waiting.put_nowait((key, file))
        except asyncio.QueueFull:
            log.warning("visit %s gets no preview: too many wait", key.visit)
            file.unlink(missing_ok=True)

    async def run(self) -> None:
        """Look at what comes, without end. What still waits then is found at the next start."""
        try:
            while True:
                key, file = await self._next()
                await self._look(key, file)
                await asyncio.to_thread(file.unlink, missing_ok=True)
        finally:
            await self._worker.close()

    async def _next(self) -> tuple[VisitKey, Path]:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle_s):
                return await self._waiting.get()
        await self._worker.close()
        return await self._waiting.get()

    async def _look(self, key: VisitKey, file: Path) -> None:
        try:
            at_ms = await self._moment(key.visit)
            stills = await self._worker.look(file, at_ms)
            await self._on_stills(key.doorbell, key.visit, stills)
        except Exception as error:  # noqa: BLE001 - a clip without a preview is still a clip
            log.warning("visit %s has no preview: %s", key.visit, error)


class Worker:
    """The process that decodes; started by the first job, and again when it is gone."""

    def __init__(self, command: Sequence[str] = COMMAND, limit_s: float = LOOK_LIMIT_S) -> None:
        self._command = command
        self._limit_s = limit_s
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        return self._process.pid if self._process else None

    async def look(self, file: Path, at_ms: int) -> StillPictures:
        """The pictures of a clip. Raises StillError; a process that is to blame is ended."""
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await self._ask(json.dumps({"file": str(file), "at_ms": at_ms}))
        except (TimeoutError, OSError, ValueError) as error:
            await self.close()
            raise StillError(f"The process gave no answer: {error!r}") from error
        except BaseException:
            await self.close()
            raise
        if "error" in answer:
            raise StillError(answer["error"])
        return StillPictures(
            answer["size_bytes"],
            Preview.model_validate(answer["preview"]),
            base64.b64decode(answer["strip"]),
            base64.b64decode(answer["picture"]),
        )

    async def close(self) -> None:
        """End the process; may be called twice."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def _ask(self, job: str) -> dict[str, Any]:
        process = self._process or await self._start()
        if process.stdin is None or process.stdout is None:
            raise OSError("The process has no pipes.")
        process.stdin.write(job.encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise OSError("The process is gone.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _start(self) -> Process:
        given = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        given["PYTHONPATH"] = os.pathsep.join(filter(None, (_ROOT, given.get("PYTHONPATH"))))
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=LINE_LIMIT_BYTES, env=given
        )
        return self._process
