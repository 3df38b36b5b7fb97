"""The channel `files` of one call: a file straight from the doorbell to the phone.

The live picture goes first. A piece of the file is handed over only when the one before has left
the channel's queue, and at the pace that the network has room for (file_pace.py): a control
message waits behind two pieces at most, each 20 ms long.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from aiortc import RTCDataChannel

from device.services.file_pace import FilePace
from device.services.made_files import MadeFile
from device.services.rewind import NoRewindError, Rewind
from protocol.base import id_of
from protocol.door import Phone
from protocol.errors import RemoteProtocolError
from protocol.files import (
    CHUNK_LIMIT_BYTES,
    FILES_MESSAGE_LIMIT_BYTES,
    Fetch,
    FileEnd,
    FileHeader,
    FileRefused,
    FilesReply,
    parse_files_request,
)
from protocol.latest import Statistics

log = logging.getLogger(__name__)

MEDIA_TYPE = "video/mp4"
# A piece is what goes in this time: shorter costs more messages, longer delays the picture.
PIECE_S = 0.02
# One packet on the wire; less would be all headers.
PIECE_LEAST_BYTES = 1100
# A phone that takes nothing for this long has lost its path, and asks again in another call.
STALL_LIMIT_S = 30.0
# A phone that does not take its refusals is told no more until it does.
UNSENT_LIMIT_BYTES = 64 * 1024
SENTENCE_LIMIT = 300

_NO_PHONE = "Only a paired phone can look back. Pair this one."
_SHORTER = "The file is shorter than what is said to be there. Ask for it from the start."


class CallFiles:
    """One call's channel. `run()` sends what the phone asks for, one file at a time.

    `answers` is the visit that the phone answered. Without a phone nothing is listened to.
    """

    def __init__(self, call: str, phone: Phone | None, answers: str | None, rewind: Rewind) -> None:
        self._call = call
        self._phone = phone
        self._answers = answers
        self._rewind = rewind
        self._pace = FilePace()
        self._channel: RTCDataChannel | None = None
        self._wanted: Fetch | None = None
        self._news = asyncio.Event()

    def attach(self, channel: RTCDataChannel) -> None:
        """The channel that the phone has opened; a second one is closed."""
        if self._channel is not None or self._phone is None:
            channel.close()
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = 0
        channel.on("bufferedamountlow", self._news.set)
        channel.on("close", self._news.set)
        channel.on("message", self._take)

    def statistics(self, heard: Statistics, round_trip_s: float | None) -> None:
        """What the phone has counted, and the round trip of the pulse that it answers."""
        self._pace.heard(heard, round_trip_s, asyncio.get_running_loop().time())

    async def run(self) -> NoReturn:
        """Send what is wanted until cancelled."""
        while True:
            self._news.clear()
            fetch = self._wanted
            if fetch is None:
                await self._news.wait()
                continue
            self._pace.begin()
            try:
                await self._serve(fetch)
            finally:
                self._pace.end()
                if self._wanted is fetch:
                    self._wanted = None

    def _take(self, text: str | bytes) -> None:
        try:
            request = parse_files_request(text)
        except RemoteProtocolError as error:
            self._say(
                FileRefused(
                    id=id_of(text, FILES_MESSAGE_LIMIT_BYTES), detail=str(error)[:SENTENCE_LIMIT]
                )
            )
            return
        if isinstance(request, Fetch):
            self._wanted = request
        elif self._wanted is not None and self._wanted.id == request.id:
            self._wanted = None
        self._news.set()

    async def _serve(self, fetch: Fetch) -> None:
        try:
            file = await self._file(fetch)
        except NoRewindError as error:
            log.info("call %s: no file: %s", self._call, error)
            self._say(FileRefused(id=fetch.id, detail=str(error)))
            return
        # Only of a file that the doorbell still has can a part be there.
        offset = fetch.offset if fetch.version == file.version else 0
        if offset > len(file.data):
            self._say(FileRefused(id=fetch.id, detail=_SHORTER))
            return
        self._say(_header(fetch, file, offset))
        try:
            await self._send(fetch, file, offset)
        except TimeoutError:
            log.info("call %s: the phone takes nothing of the file any more", self._call)
        finally:
            self._rewind.hold(file)

    async def _file(self, fetch: Fetch) -> MadeFile:
        if self._phone is None:
            raise NoRewindError(_NO_PHONE)
        if (refusal := self._rewind.refusal(self._phone, self._answers)) is not None:
            raise NoRewindError(refusal)
        held = self._rewind.recall(fetch.version) if fetch.version else None
        return held or await self._rewind.make()

    async def _send(self, fetch: Fetch, file: MadeFile, offset: int) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while (channel := self._free_channel(fetch)) is not None:
            if channel.bufferedAmount:
                await self._wait_for_room(channel)
                continue
            if offset == len(file.data):
                self._say(FileEnd(id=fetch.id, sha256=file.sha256))
                log.info("call %s: sent a file of %d bytes", self._call, offset)
                return
            bps = self._pace.bps(loop.time())
            piece = file.data[offset : offset + _piece_bytes(bps)]
            channel.send(piece)
            offset += len(piece)
            # After a stall the file goes on at its pace; what was missed is not made up for.
            due_s = max(due_s, loop.time() - PIECE_S) + len(piece) * 8 / bps
            await asyncio.sleep(due_s - loop.time())

    def _free_channel(self, fetch: Fetch) -> RTCDataChannel | None:
        """The channel while it is open and this file is what the phone wants."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or self._wanted is not fetch:
            return None
        return channel

    async def _wait_for_room(self, channel: RTCDataChannel) -> None:
        """Until the piece before has gone, or something was asked; TimeoutError."""
        self._news.clear()
        if channel.bufferedAmount:
            async with asyncio.timeout(STALL_LIMIT_S):
                await self._news.wait()

    def _say(self, message: FilesReply) -> None:
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return
        if channel.bufferedAmount < UNSENT_LIMIT_BYTES:
            channel.send(message.model_dump_json())


def _header(fetch: Fetch, file: MadeFile, offset: int) -> FileHeader:
    return FileHeader(
        id=fetch.id,
        version=file.version,
        media_type=MEDIA_TYPE,
        offset=offset,
        size_bytes=len(file.data),
        starts_ms=file.starts_ms,
        duration_ms=file.duration_ms,
    )


def _piece_bytes(bps: float) -> int:
    return min(CHUNK_LIMIT_BYTES, max(PIECE_LEAST_BYTES, int(bps * PIECE_S / 8)))
