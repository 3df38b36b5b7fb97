"""HTTP on the wire, for strangers: a request's head is bounded in size and in time.

Uvicorn's parser bounds neither, so one connection could keep growing or stay for ever.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

log = logging.getLogger(__name__)

# A signed request's head has about 2 KB; media addresses with tokens about as much.
HEAD_LIMIT_BYTES = 32 * 1024
# A phone at the edge of its network sends a head within a few seconds.
HEAD_TIME_S = 10.0


class PatientHttp(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1, with an end to its patience."""

    head_time_s = HEAD_TIME_S

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True
        self._head_bytes = 0
        self._refused = False
        self._impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        # A head that ended within this piece is no longer than the piece, which the loop bounds.
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._refuse(431, "The request's headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers behind a body come here too.
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_LIMIT_BYTES:
            raise ValueError("the headers are too long")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._calm()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._calm()
        self._impatience = self.loop.call_later(self.head_time_s, self._too_slow)

    def _calm(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _too_slow(self) -> None:
        # Whoever has said nothing at all, as browsers do to be ready, gets no answer either.
        if self._head_bytes == 0:
            self.transport.close()
        else:
            self._refuse(408, "The request did not come in time.")

    def _refuse(self, status: int, sentence: str) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._calm()
        log.info("a request's head was refused with %d", status)
        body = sentence.encode("ascii")
        head = (
            b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            b"cache-control: no-store\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()
