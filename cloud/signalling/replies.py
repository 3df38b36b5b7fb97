"""Replies that doorbells owe."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from cloud.shared.problems import ProblemError

# A doorbell that gathers candidates answers in half a second; a busy Pi Zero in a few.
ANSWER_TIMEOUT_S = 10.0

Reply = TypeVar("Reply")


class LinkLostError(ConnectionError):
    """The doorbell's link ended before it replied."""


class Replies(Generic[Reply]):
    """Waiting askers, by doorbell and the name of what they asked."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Future[Reply]] = {}

    def count(self, doorbell: str) -> int:
        """How many replies the doorbell owes."""
        return sum(1 for owing, _ in self._waiting if owing == doorbell)

    @contextmanager
    def expect(self, doorbell: str, name: str) -> Iterator[asyncio.Future[Reply]]:
        """A future for the reply; it fails with LinkLostError when the link ends."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[doorbell, name] = future
        try:
            yield future
        finally:
            del self._waiting[doorbell, name]
            future.cancel()

    def give(self, doorbell: str, name: str, reply: Reply) -> bool:
        """Wake who waits for this; False when nobody does."""
        future = self._waiting.get((doorbell, name))
        if future is None or future.done():
            return False
        future.set_result(reply)
        return True

    def lose(self, doorbell: str) -> None:
        """The doorbell has gone: none of its replies will come."""
        for (owing, _), future in self._waiting.items():
            if owing == doorbell and not future.done():
                future.set_exception(LinkLostError("The doorbell's link ended."))


def no_answer() -> ProblemError:
    """The doorbell took too long."""
    return ProblemError(504, "No answer", "The doorbell did not answer in time. Try again.")


def went_away() -> ProblemError:
    """The doorbell's link ended meanwhile."""
    detail = "The doorbell went away while it was called. Try again."
    return ProblemError(503, "Doorbell away", detail, headers={"Retry-After": "5"})
