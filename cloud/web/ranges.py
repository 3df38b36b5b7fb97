"""Byte ranges and validators of HTTP (RFC 9110 sections 13 and 14); one range at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# More digits are no offset in any clip; the limit keeps int() cheap.
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to, not including, `end`, of `size`."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


class UnsatisfiableError(ValueError):
    """The range lies outside of the object."""


def is_fresh(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the client's copy is the newest (If-None-Match, weak comparison)."""
    given = headers.get("if-none-match")
    if given is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag in tags


def span_of(headers: Mapping[str, str], etag: str, size: int) -> Span | None:
    """The range that is asked for; None for the whole.

    Several ranges, other units and nonsense mean the whole (RFC 9110 section 14.2); so does an
    If-Range of another copy. Raises UnsatisfiableError.
    """
    asked = _RANGE.fullmatch(headers.get("range", "").strip())
    if asked is None or headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first and not last:
        return None
    if not first:
        return _checked(max(0, size - int(last)), size, size)
    return _checked(int(first), min(size, int(last) + 1) if last else size, size)


def _checked(start: int, end: int, size: int) -> Span:
    if start >= end:
        raise UnsatisfiableError
    return Span(start, end, size)
