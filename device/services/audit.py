"""The audit log: what happened at this door, in a chain that cannot be changed unseen.

`note` for what may wait for the disk, `write` for what must be on it first. One thread of
`run()` touches the disk; what is noted while the disk fails is kept and written when it works.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from device.services.audit_book import AuditBook
from device.services.audit_flood import Flood, summary
from device.services.audit_rows import AuditError, Draft, StampNow, of_opening
from protocol.audit import AuditWhat

log = logging.getLogger(__name__)

# A disk that needs longer has stopped working; a person who wants to open the door waits.
WRITE_LIMIT_S = 5.0
# A full disk may have been cleared, a card sits in its contacts again.
RETRY_S = 5.0
# What waits for the disk at most; more of it is counted.
QUEUE_LIMIT = 2048
BATCH_LIMIT = 256
_CLOSED = "The doorbell's log is closed, because the doorbell stops. Try again in a minute."
_SLOW = "The doorbell's disk does not answer, so the door stays locked. Use the key."
_BEGINS = "The doorbell has just started and still checks its log. Try again in a moment."
_FAULT = "The doorbell's log failed, and phones cannot open the door. Restart the doorbell."
_STOPPED = (
    "the doorbell stopped before the end of this opening. When the lock closed is not known;"
    " at this start it was locked."
)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as they are kept, newest first; the chain's hash at the newest and before the oldest.

    `head` is where the whole log stood when they were read, signed.
    """

    rows: tuple[str, ...]
    hash: str
    before: str
    head: str


@dataclass(eq=False, slots=True)
class _Waiting:
    draft: Draft
    number: asyncio.Future[int] | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`numbers` when the rows were committed; `error` when they cannot be relied on."""

    numbers: list[int] | None
    error: AuditError | None


class AuditLog:
    """A Ledger. `on_fault(detail)` is told what a person should know, or None."""

    def __init__(
        self,
        book: AuditBook,
        stamp: StampNow,
        on_fault: Callable[[str | None], None] = lambda detail: None,
        software: str = "",
    ) -> None:
        self._book = book
        self._stamp = stamp
        self._on_fault = on_fault
        self._software = software
        self._queue: deque[_Waiting] = deque()
        self._flood = Flood()
        self._wake = asyncio.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._open = self._began = self._ended = False
        self._tampered: str | None = None
        self._fault: str | None = None

    def head(self) -> str:
        """Where the log stands, signed (HEAD_TYP); empty until it was read."""
        return self._book.head

    def note(
        self,
        what: AuditWhat,
        *,
        who: str = "",
        name: str = "",
        detail: str = "",
        evidence: str = "",
    ) -> None:
        """Keep this when the disk comes to it; of a flood, the number. Returns at once."""
        stamp = self._stamp()
        now_s = stamp.monotonic_ms / 1000
        if len(self._queue) < QUEUE_LIMIT and self._flood.admits(what, now_s):
            self._queue.append(_Waiting(Draft(what, stamp, who, name, detail, evidence)))
        else:
            self._flood.count(what, now_s)
        self._wake.set()

    def sum_up(self) -> None:
        """Write the numbers of floods now, not when their minute is over."""
        self._summarize(float("inf"))
        self._wake.set()

    async def write(
        self,
        what: AuditWhat,
        *,
        who: str = "",
        name: str = "",
        detail: str = "",
        evidence: str = "",
    ) -> int:
        """Returns the row's number when the row is on the disk. AuditError when it is not."""
        if self._ended:
            raise AuditError(_CLOSED)
        number: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(Draft(what, self._stamp(), who, name, detail, evidence), number)
        self._queue.append(waiting)
        self._wake.set()
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                return await number
        except TimeoutError as error:
            raise AuditError(_SLOW if self._began else _BEGINS) from error
        finally:
            # Nobody waits for it any more; what the disk has already is in the log.
            if waiting in self._queue:
                self._queue.remove(waiting)

    async def page(self, before: int, most: int) -> Page:
        """Rows before `before`, newest first; 0 is the newest. AuditError."""
        book = self._book
        return await self._in_thread(lambda: Page(*book.page(before, most), book.head))

    async def links(self, since: int) -> tuple[str, ...]:
        """Hashes of the rows after `since`, LINKS_LIMIT at most. AuditError."""
        return await self._in_thread(lambda: self._book.links(since))

    async def run(self) -> None:
        """Own the disk until cancelled; then write what is left."""
        with ThreadPoolExecutor(1, thread_name_prefix="audit") as self._pool:
            try:
                while True:
                    await self._keep_or_say()
                    await self._next()
            finally:
                self._ended = True
                await self._finish()
                self._pool = None

    async def _keep_or_say(self) -> None:
        """A fault of the log's own must not end the doorbell: it rings on, and opens for nobody."""
        try:
            await self._keep()
        except Exception:
            # What caused it was refused or given up where it happened.
            log.exception("the audit log failed")
            self._open = False
            self._tell(_FAULT)

    async def _keep(self) -> None:
        """Write all that waits, unless the disk fails."""
        self._summarize(self._stamp().monotonic_ms / 1000)
        try:
            if not self._open:
                await self._begin()
        except AuditError as error:
            self._tell(str(error))
            return
        try:
            while self._queue:
                await self._write_some()
        except AuditError as error:
            # Who waits behind these is worth another try at once.
            self._open = False
            self._tell(str(error))
        else:
            self._tell(self._tampered)

    async def _begin(self) -> None:
        """Open the book; the first time, say in its first row how it was found."""
        at_ms = self._stamp().at_ms
        try:
            wrong = await self._in_thread(lambda: self._book.open(at_ms))
        except Exception as error:
            # Whatever it was: who waits for the log has to hear that it is not there.
            told = error if isinstance(error, AuditError) else AuditError(_FAULT)
            self._tell(str(told))
            self._refuse_writers(told)
            raise
        self._open = True
        if self._began and wrong == self._tampered:
            return
        if wrong is not None:
            log.error("the audit log was not whole; a new one begins")
        self._tampered = wrong
        rows = [Draft("started", self._stamp(), detail=wrong or self._software)]
        if not self._began:
            rows += [
                Draft("unlock_failed", self._stamp(), row.who, row.name,
                      of_opening(number, _STOPPED))
                for number, row in self._book.openings.unfinished.items()
            ]  # fmt: skip
        self._began = True
        self._queue.extendleft(_Waiting(draft) for draft in reversed(rows))

    async def _write_some(self) -> None:
        """One batch. Its outcome is settled even when nobody waits here any more."""
        if self._pool is None:
            raise AuditError(_CLOSED)
        count = min(len(self._queue), BATCH_LIMIT)
        batch = [self._queue.popleft() for _ in range(count)]
        drafts, at_ms = [waiting.draft for waiting in batch], self._stamp().at_ms
        written = asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: self._commit(drafts, at_ms)
        )
        written.add_done_callback(partial(self._settle, batch))
        if (error := (await asyncio.shield(written)).error) is not None:
            raise error

    def _commit(self, drafts: list[Draft], at_ms: int) -> _Outcome:
        """On the disk's thread."""
        try:
            numbers = self._book.append(drafts)
        except AuditError as error:
            return _Outcome(None, error)
        try:
            self._book.sign(at_ms)
        except AuditError as error:
            return _Outcome(numbers, error)
        return _Outcome(numbers, None)

    def _settle(self, batch: list[_Waiting], written: asyncio.Future[_Outcome]) -> None:
        if written.cancelled() or written.exception() is not None:
            # What cannot be written must not keep the rest from it for ever.
            _refuse(batch, AuditError(_FAULT))
            return
        outcome = written.result()
        if outcome.error is not None:
            # The household hears of it not later than who waits. Rows without a signed head are in
            # the log, yet a cut would go unnoticed: nobody may rest on them.
            self._tell(str(outcome.error))
            _refuse(batch, outcome.error)
        elif outcome.numbers is not None:
            for waiting, number in zip(batch, outcome.numbers, strict=True):
                if waiting.number is not None and not waiting.number.done():
                    waiting.number.set_result(number)
        if outcome.numbers is None:
            self._queue.extendleft(row for row in reversed(batch) if row.number is None)

    async def _next(self) -> None:
        """Until there is something to do: a row, a count, or another try."""
        due_s = self._flood.next_due_s()
        limits = [] if self._open else [RETRY_S]
        if due_s is not None:
            limits.append(max(0.0, due_s - self._stamp().monotonic_ms / 1000))
        try:
            async with asyncio.timeout(min(limits, default=None)):
                if self._open:
                    await self._wake.wait()
                else:
                    await self._until_somebody_writes()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _until_somebody_writes(self) -> None:
        """While the disk fails, only a person who waits is a reason to try at once."""
        while not any(waiting.number for waiting in self._queue):
            self._wake.clear()
            await self._wake.wait()

    def _summarize(self, now_s: float) -> None:
        for what, count in self._flood.due(now_s):
            self._queue.append(_Waiting(Draft(what, self._stamp(), detail=summary(count))))

    def _refuse_writers(self, error: AuditError) -> None:
        _refuse(self._queue, error)
        self._queue = deque(waiting for waiting in self._queue if waiting.number is None)

    def _tell(self, detail: str | None) -> None:
        if detail == self._fault:
            return
        self._fault = detail
        if detail is not None:
            log.warning("the audit log: %s", detail)
        self._on_fault(detail)

    async def _finish(self) -> None:
        self._summarize(float("inf"))
        try:
            if not self._open:
                await self._begin()
            while self._queue:
                await self._write_some()
        except AuditError as error:
            log.error("the audit log cannot be ended: %s", error)
        self._refuse_writers(AuditError(_CLOSED))
        if self._queue:
            log.error("%d rows of the audit log are lost", len(self._queue))
        await self._in_thread(self._book.close)

    async def _in_thread(self, do: Callable[[], Result]) -> Result:
        if self._pool is None:
            raise AuditError(_CLOSED)
        return await asyncio.get_running_loop().run_in_executor(self._pool, do)


def _refuse(batch: Iterable[_Waiting], error: AuditError) -> None:
    for waiting in batch:
        if waiting.number is not None and not waiting.number.done():
            waiting.number.set_exception(error)
