"""Carries notices to all phones of a doorbell: the event first, nobody waits for anybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from cloud.push.compose import Notice, compose, compose_farewell, compose_test, is_quiet
from cloud.push.targets import PushTargets, Recipient, Result
from cloud.push.words import Language
from protocol.api import FcmTarget, PushMessage, WebPushTarget

logger = logging.getLogger(__name__)

# A household's visits in a minute, many times over; more waiting than this is a broken service.
QUEUE_LIMIT = 256
# Deliveries at once; each holds one connection at most.
CONCURRENT_SENDS = 64
# A push rings once, for a second. Three more make it about as long as a door chime is waited for.
REPEATS = 3
REPEAT_AFTER_S = 8.0

Service = Literal["webpush", "fcm"]
OnResult = Callable[[Service, Result], None]


class WebPushSender(Protocol):
    async def send(self, target: WebPushTarget, message: PushMessage) -> Result: ...


class FcmSender(Protocol):
    async def send(self, target: FcmTarget, message: PushMessage) -> Result: ...


@dataclass(frozen=True, slots=True)
class Senders:
    """The ways to a phone; without `fcm`, its targets fail."""

    webpush: WebPushSender
    fcm: FcmSender | None = None


class Notifier:
    """`notify` at any time; `run` delivers for as long as it is awaited."""

    def __init__(
        self,
        targets: PushTargets,
        senders: Senders,
        *,
        address: str = "",
        repeats: int = REPEATS,
        repeat_after_s: float = REPEAT_AFTER_S,
        on_result: OnResult | None = None,
    ) -> None:
        """`address` is where phones reach the server; `on_result` hears of every delivery."""
        self._targets = targets
        self._senders = senders
        self._address = address
        self._repeats = repeats
        self._repeat_after_s = repeat_after_s
        self._on_result = on_result
        self._waiting: asyncio.Queue[Notice] = asyncio.Queue(QUEUE_LIMIT)
        self._slots = asyncio.Semaphore(CONCURRENT_SENDS)
        self._unanswered: dict[str, asyncio.Event] = {}

    def notify(self, notice: Notice) -> None:
        """Tell the doorbell's phones; never blocks. A full queue drops the notice, with a line."""
        self._settle(notice)
        try:
            self._waiting.put_nowait(notice)
        except asyncio.QueueFull:
            self._end_repeats(notice.visit.id)
            logger.error("Too many notices wait; one of visit %s is dropped.", notice.visit.id)

    async def test(self, phone: str, doorbell: str) -> bool:
        """Push to one phone now; whether any of its subscriptions took it."""
        results = await self._tell_one(
            phone, lambda language: compose_test(doorbell, language, self._address)
        )
        return "sent" in results

    async def farewell(self, phone: str, doorbell: str, name: str) -> bool:
        """Tell a phone that it was taken out; False when that is worth another try."""
        results = await self._tell_one(
            phone, lambda language: compose_farewell(doorbell, name, language, self._address)
        )
        return "sent" in results or "failed" not in results

    async def run(self) -> None:
        """Deliver until cancelled. What is under way then is given up."""
        async with asyncio.TaskGroup() as group:
            while True:
                notice = await self._waiting.get()
                group.create_task(self._carry(notice))

    def _settle(self, notice: Notice) -> None:
        """A ring starts to repeat; its outcome ends that at once, even in a full queue."""
        visit = notice.visit.id
        if notice.change == "rang":
            self._end_repeats(visit)
            if not is_quiet(notice):
                self._unanswered[visit] = asyncio.Event()
        elif notice.change in {"answered", "missed"}:
            self._end_repeats(visit)

    def _end_repeats(self, visit: str) -> None:
        if (over := self._unanswered.pop(visit, None)) is not None:
            over.set()

    async def _carry(self, notice: Notice) -> None:
        over = self._unanswered.get(notice.visit.id) if notice.change == "rang" else None
        try:
            await self._tell_all(notice)
            if over is not None:
                await self._repeat(notice, over)
        finally:
            if over is not None and self._unanswered.get(notice.visit.id) is over:
                del self._unanswered[notice.visit.id]

    async def _repeat(self, notice: Notice, over: asyncio.Event) -> None:
        for _ in range(self._repeats):
            try:
                async with asyncio.timeout(self._repeat_after_s):
                    await over.wait()
                    return
            except TimeoutError:
                await self._tell_all(notice)

    async def _tell_all(self, notice: Notice) -> None:
        try:
            recipients: Sequence[Recipient] = await self._targets.for_doorbell(
                notice.visit.doorbell
            )
        except Exception:
            # Whatever the register's trouble is, the next ring must be told all the same.
            logger.exception("The push subscriptions cannot be read.")
            return
        async with asyncio.TaskGroup() as group:
            for each in recipients:
                message = compose(notice, each.subscription.language, self._address)
                group.create_task(self._send(each, message))

    async def _tell_one(
        self, phone: str, message: Callable[[Language], PushMessage]
    ) -> list[Result]:
        recipients = await self._targets.for_phone(phone)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._send(each, message(each.subscription.language)))
                for each in recipients
            ]
        return [task.result() for task in tasks]

    async def _send(self, recipient: Recipient, message: PushMessage) -> Result:
        service: Service = recipient.subscription.target.type
        async with self._slots:
            try:
                result = await self._hand_over(recipient, message)
                if result == "gone":
                    await self._targets.remove(recipient)
                    logger.info("A push subscription of phone %s is gone.", recipient.phone)
            except Exception:
                # One phone's trouble must not reach the others, nor end the notifier.
                logger.exception("A push to phone %s failed.", recipient.phone)
                result = "failed"
        if self._on_result is not None:
            self._on_result(service, result)
        return result

    async def _hand_over(self, recipient: Recipient, message: PushMessage) -> Result:
        target = recipient.subscription.target
        if isinstance(target, WebPushTarget):
            return await self._senders.webpush.send(target, message)
        if self._senders.fcm is None:
            logger.warning("A phone registered with FCM, but no service account is configured.")
            return "failed"
        return await self._senders.fcm.send(target, message)
