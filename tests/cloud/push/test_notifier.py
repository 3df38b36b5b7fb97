"""Who is told, when, and what happens when one phone cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from cloud.push.compose import Change, Notice
from cloud.push.notifier import QUEUE_LIMIT, Notifier, Senders, Service
from cloud.push.targets import Recipient, Result
from protocol.api import FcmTarget, PushMessage, PushSubscription, WebPushTarget
from protocol.door import Moment
from tests.support.visits import DOORBELL, RANG_MS, visit

TOLD_LIMIT_S = 5.0
SOON_S = 0.01
NEVER_S = 3600.0


@dataclass
class Register:
    """Subscriptions in memory."""

    recipients: list[Recipient] = field(default_factory=list)
    broken: bool = False

    async def for_doorbell(self, doorbell: str) -> Sequence[Recipient]:
        if self.broken:
            self.broken = False
            raise OSError("The disk is gone.")
        return tuple(self.recipients) if doorbell == DOORBELL else ()

    async def for_phone(self, phone: str) -> Sequence[Recipient]:
        return [each for each in self.recipients if each.phone == phone]

    async def remove(self, recipient: Recipient) -> None:
        self.recipients.remove(recipient)


@dataclass
class Sky:
    """Every push service at once: keeps what is sent; some phones hang, fail or are gone."""

    sent: asyncio.Queue[tuple[str, PushMessage]] = field(default_factory=asyncio.Queue)
    results: dict[str, Result] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    async def send(self, target: WebPushTarget | FcmTarget, message: PushMessage) -> Result:
        name = target.endpoint.split("/")[-1] if isinstance(target, WebPushTarget) else target.value
        if name in self.hanging:
            await asyncio.Event().wait()
        if name in self.broken:
            raise RuntimeError("a fault of a library")
        self.sent.put_nowait((name, message))
        return self.results.get(name, "sent")

    async def next(self) -> tuple[str, PushMessage]:
        async with asyncio.timeout(TOLD_LIMIT_S):
            return await self.sent.get()

    async def changes(self, number: int) -> list[str]:
        return [(await self.next())[1].notification.data.change for _ in range(number)]


@dataclass
class Told:
    """A notifier with its surroundings."""

    notifier: Notifier
    register: Register
    sky: Sky
    counted: list[tuple[Service, Result]]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.notifier.run())
            yield
            task.cancel()


def told(*names: str, repeats: int = 0, repeat_after_s: float = NEVER_S) -> Told:
    register, sky = Register([phone(name) for name in names]), Sky()
    counted: list[tuple[Service, Result]] = []
    notifier = Notifier(
        register, Senders(sky, sky), repeats=repeats, repeat_after_s=repeat_after_s,
        on_result=lambda service, result: counted.append((service, result)),
    )  # fmt: skip
    return Told(notifier, register, sky, counted)


def phone(name: str, language: str = "en") -> Recipient:
    target = WebPushTarget(endpoint=f"https://push.example/{name}", p256dh="AA", auth="AA")
    subscription = PushSubscription.model_validate({"target": target, "language": language})
    return Recipient(name, name, subscription)


def notice(change: Change, **changes: object) -> Notice:
    return Notice(change, visit(**changes), "Front door")


async def test_all_phones_are_told_in_their_own_language() -> None:
    house = told("anna")
    house.register.recipients.append(phone("bernd", "de"))
    async with house.running():
        house.notifier.notify(notice("rang"))
        titles = dict([await house.sky.next() for _ in range(2)])
    assert titles["anna"].notification.title == "Someone is at the front door"
    assert titles["bernd"].notification.title == "Es klingelt: Front door"


async def test_the_event_goes_first_and_the_picture_second() -> None:
    house = told("anna")
    async with house.running():
        house.notifier.notify(notice("rang"))
        house.notifier.notify(notice("picture", snapshot=True))
        assert await house.sky.changes(2) == ["rang", "picture"]


async def test_a_phone_that_hangs_delays_nobody() -> None:
    house = told("stuck", "anna")
    house.sky.hanging.add("stuck")
    async with house.running():
        house.notifier.notify(notice("rang"))
        house.notifier.notify(notice("answered", answered_by="Anna"))
        assert await house.sky.changes(2) == ["rang", "answered"]


async def test_a_phone_that_fails_stops_nobody() -> None:
    house = told("broken", "anna")
    house.sky.broken.add("broken")
    async with house.running():
        for _ in range(2):
            house.notifier.notify(notice("rang"))
        assert [(await house.sky.next())[0] for _ in range(2)] == ["anna", "anna"]
    assert house.counted.count(("webpush", "failed")) == 2
    assert house.counted.count(("webpush", "sent")) == 2


async def test_a_subscription_that_is_gone_is_forgotten() -> None:
    house = told("gone", "anna")
    house.sky.results["gone"] = "gone"
    async with house.running():
        house.notifier.notify(notice("rang"))
        await house.sky.changes(2)
        house.notifier.notify(notice("missed"))
        name, _ = await house.sky.next()
    assert name == "anna"
    assert [each.id for each in house.register.recipients] == ["anna"]


async def test_a_failed_delivery_keeps_the_subscription() -> None:
    house = told("busy")
    house.sky.results["busy"] = "failed"
    async with house.running():
        house.notifier.notify(notice("rang"))
        await house.sky.next()
    assert len(house.register.recipients) == 1


async def test_a_register_in_trouble_does_not_silence_the_next_ring() -> None:
    house = told("anna")
    house.register.broken = True
    async with house.running():
        house.notifier.notify(notice("rang"))
        house.notifier.notify(notice("picture"))
        assert await house.sky.changes(1) == ["picture"]


async def test_an_unanswered_ring_is_repeated() -> None:
    house = told("anna", repeats=3, repeat_after_s=SOON_S)
    async with house.running():
        house.notifier.notify(notice("rang"))
        assert await house.sky.changes(4) == ["rang"] * 4
        house.notifier.notify(notice("missed"))
        assert await house.sky.changes(1) == ["missed"]


@pytest.mark.parametrize("outcome", ["answered", "missed"])
async def test_an_outcome_ends_the_repeats(outcome: Change) -> None:
    house = told("anna", repeats=3, repeat_after_s=0.2)
    async with house.running():
        house.notifier.notify(notice("rang"))
        assert await house.sky.changes(1) == ["rang"]
        house.notifier.notify(notice(outcome))
        assert await house.sky.changes(1) == [outcome]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(house.sky.sent.get(), 0.3)


async def test_quiet_hours_are_not_repeated() -> None:
    quiet = Moment(at_ms=RANG_MS, what="rang", quiet=True)
    house = told("anna", repeats=3, repeat_after_s=SOON_S)
    async with house.running():
        house.notifier.notify(notice("rang", moments=(quiet,)))
        _, message = await house.sky.next()
        assert message.notification.silent
        house.notifier.notify(notice("missed"))
        assert await house.sky.changes(1) == ["missed"]


async def test_telling_never_blocks_even_when_nothing_is_delivered() -> None:
    house = told("anna")
    for _ in range(QUEUE_LIMIT + 10):
        house.notifier.notify(notice("rang"))
    async with house.running():
        assert await house.sky.changes(QUEUE_LIMIT) == ["rang"] * QUEUE_LIMIT


async def test_the_test_button_pushes_to_this_phone_only() -> None:
    house = told("anna", "bernd")
    assert await house.notifier.test("anna", DOORBELL)
    name, message = await house.sky.next()
    assert (name, message.notification.data.change) == ("anna", "test")
    assert house.sky.sent.empty()


async def test_the_test_button_says_when_no_push_went_out() -> None:
    house = told("anna")
    house.sky.results["anna"] = "failed"
    assert not await house.notifier.test("anna", DOORBELL)
    assert not await house.notifier.test("nobody", DOORBELL)


async def test_a_phone_of_fcm_is_told_through_fcm() -> None:
    house = told()
    target = FcmTarget(value="installation-1")
    house.register.recipients.append(Recipient("1", "anna", PushSubscription(target=target)))
    async with house.running():
        house.notifier.notify(notice("rang"))
        assert (await house.sky.next())[0] == "installation-1"
    assert house.counted == [("fcm", "sent")]


async def test_without_a_service_account_a_phone_of_fcm_fails() -> None:
    recipient = Recipient("1", "anna", PushSubscription(target=FcmTarget(value="one")))
    notifier = Notifier(Register([recipient]), Senders(Sky()))
    assert not await notifier.test("anna", DOORBELL)


async def test_a_farewell_goes_to_one_phone_in_its_own_language() -> None:
    house = told("anna")
    house.register.recipients.append(phone("bernd", "de"))
    assert await house.notifier.farewell("bernd", DOORBELL, "Front door")
    name, message = await house.sky.next()
    assert (name, message.notification.lang) == ("bernd", "de")
    assert message.notification.data.change == "farewell"
    assert house.sky.sent.empty()


@pytest.mark.parametrize(("result", "over"), [("sent", True), ("gone", True), ("failed", False)])
async def test_a_farewell_that_failed_is_worth_another_try(result: Result, over: bool) -> None:
    house = told("anna")
    house.sky.results["anna"] = result
    assert await house.notifier.farewell("anna", DOORBELL, "Front door") == over
    assert await house.notifier.farewell("nobody", DOORBELL, "Front door")
