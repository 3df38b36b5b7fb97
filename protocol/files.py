"""The data channel `files` of a call: a file straight from the doorbell to the phone.

The phone asks with `fetch`; the doorbell says `file` or `file_refused`, sends the bytes from
`offset` on as binary messages of at most CHUNK_LIMIT_BYTES, in order, and ends with `file_end`.
One file at a time: a new `fetch`, or `stop`, ends the one before without a `file_end`; binary
messages after a `file` belong to it. To resume, ask again with the `version` that came and the
number of bytes that are there; when the doorbell has that version no more it starts at 0.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from protocol.base import Message, Sentence, UnixMs, parse

# Fits one SCTP message of any browser, and lets a control message pass between two.
CHUNK_LIMIT_BYTES = 16 * 1024
FILES_MESSAGE_LIMIT_BYTES = 2048
FILE_LIMIT_BYTES = 64 * 1024 * 1024

TransferId = Annotated[int, Field(ge=1, le=2**31)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Size = Annotated[int, Field(ge=0, le=FILE_LIMIT_BYTES)]


class Fetch(Message):
    """Ask for a file. `rewind`: what the door saw before now, as an MP4.

    With `version`, for the rest of a file whose first `offset` bytes are there.
    """

    type: Literal["fetch"] = "fetch"
    id: TransferId
    name: Literal["rewind"]
    offset: Size = 0
    version: Version | None = None


class Stop(Message):
    """The phone wants no more of this file."""

    type: Literal["stop"] = "stop"
    id: TransferId


class FileHeader(Message):
    """The bytes from `offset` on follow. `starts_ms`: capture time of the first picture."""

    type: Literal["file"] = "file"
    id: TransferId
    version: Version
    media_type: str = Field(max_length=80)
    offset: Size
    size_bytes: Size
    starts_ms: UnixMs
    duration_ms: int = Field(ge=0)


class FileEnd(Message):
    """All bytes were sent; SHA-256 of the whole file, in hexadecimal."""

    type: Literal["file_end"] = "file_end"
    id: TransferId
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class FileRefused(Message):
    """There is no such file, or not for this phone; a sentence with the remedy.

    `id` is 0 when the request had none that could be read.
    """

    type: Literal["file_refused"] = "file_refused"
    id: int = Field(ge=0, le=2**31)
    detail: Sentence


FilesRequest = Annotated[Fetch | Stop, Field(discriminator="type")]
FilesReply = Annotated[FileHeader | FileEnd | FileRefused, Field(discriminator="type")]
FILES_REQUEST: TypeAdapter[FilesRequest] = TypeAdapter(FilesRequest)
FILES_REPLY: TypeAdapter[FilesReply] = TypeAdapter(FilesReply)


def parse_files_request(text: str | bytes) -> FilesRequest:
    """One message of a phone; raises RemoteProtocolError."""
    return parse(FILES_REQUEST, text, FILES_MESSAGE_LIMIT_BYTES)
