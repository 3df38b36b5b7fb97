"""Opening the door over MQTT: a real Mosquitto, the twin's lock, and everybody who should not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from device.services.mqtt_unlock import (
    BY_ITSELF,
    MALFORMED,
    NONCE_LIFE_S,
    OFF,
    OPENED,
    RESULTS_KEPT,
    RETAINED,
    STALE,
    UNLOCK_LIMIT_BYTES,
    BrokerUnlock,
    Result,
    Unlocking,
    UnlockNonce,
    nonce_message,
)
from device.services.unlock import AUTOMATION
from hardware.gpio_pulse import GpioLock
from hardware.options import Pins
from hardware.twin.world import World
from protocol.control import Denied, Done
from tests.support.broker_listener import Listener, listening
from tests.support.doorbell_at_broker import ANSWER_LIMIT_S, DEVICE, TOPICS, DoorbellAtBroker
from tests.support.mosquitto import Mosquitto
from tests.support.noting_ledger import NotingLedger
from tests.support.tcp_line import TcpLine
from tests.support.virtual_time import run_virtual

pytestmark = pytest.mark.services

DISCOVERY = f"homeassistant/device/{DEVICE}/config"
PULSE_S = 5.0
FLOOD = 200


def counted() -> str:
    return f"nonce-{next(_numbers)}"


_numbers = count(1)


def command(nonce: str | None, action: str = "unlock") -> str:
    return json.dumps({"action": action, "nonce": nonce})


# The core, without a broker.


@pytest.fixture
def nonce() -> UnlockNonce:
    made = UnlockNonce(counted)
    made.switch(on=True)
    return made


def judged(nonce: UnlockNonce, text: str, *, retained: bool = False) -> Unlocking | Result:
    return nonce.judge(text.encode(), retained=retained)


def test_the_nonce_that_holds_opens_once(nonce: UnlockNonce) -> None:
    said = command(nonce.current)
    assert judged(nonce, said) == Unlocking(said)
    assert judged(nonce, said) == Result("refused", STALE)


def test_every_refusal_makes_a_new_nonce(nonce: UnlockNonce) -> None:
    before = nonce.current
    assert judged(nonce, command("guessed")) == Result("refused", STALE)
    assert judged(nonce, command(before)) == Result("refused", STALE)


def test_what_is_retained_is_refused_even_with_the_right_nonce(nonce: UnlockNonce) -> None:
    said = command(nonce.current)
    assert judged(nonce, said, retained=True) == Result("refused", RETAINED)
    assert judged(nonce, said) == Result("refused", STALE)


def test_locking_does_nothing_and_costs_no_nonce(nonce: UnlockNonce) -> None:
    before = nonce.current
    assert judged(nonce, command(before, "lock")) == Result("ignored", BY_ITSELF)
    assert judged(nonce, command(before)) == Unlocking(command(before))


def test_nothing_opens_while_the_rule_is_off() -> None:
    nonce = UnlockNonce(counted)
    assert nonce.current is None
    for said in (command(None), command(""), command("None"), '{"action":"unlock"}'):
        assert judged(nonce, said) == Result("refused", OFF)
    nonce.renew()
    assert nonce.current is None


def test_a_switched_rule_makes_a_new_nonce(nonce: UnlockNonce) -> None:
    before = nonce.current
    nonce.switch(on=False)
    nonce.switch(on=True)
    assert judged(nonce, command(before)) == Result("refused", STALE)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"UNLOCK",
        b"{",
        b"[]",
        b'"%s"',
        b"null",
        b'{"action":"unlock"}',
        b'{"nonce":"%s"}',
        b'{"action":"open","nonce":"%s"}',
        b'{"action":"unlock","nonce":["%s"]}',
        b'{"action":"UNLOCK","nonce":"%s"}',
        b'{"action":"unlock","nonce":"%s"}}',
        b'{"action":"unlock","nonce":"%s"}\x00',
        b'{"action":"unlock","nonce":"%s \xff"}',
        b"\xff\xfe",
        b'{"action":"unlock","nonce":"%s"}' + b" " * UNLOCK_LIMIT_BYTES,
        b'{"action":"unlock","nonce":"%s","pad":"' + b"x" * 100_000 + b'"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_command_opens_nothing(nonce: UnlockNonce, said: bytes) -> None:
    current = (nonce.current or "").encode()
    verdict = nonce.judge(said.replace(b"%s", current), retained=False)
    assert verdict == Result("refused", MALFORMED)
    assert (nonce.current or "").encode() != current


def test_nonces_of_their_own_are_long_and_never_the_same() -> None:
    lock = BrokerUnlock(lambda: True, never, NotingLedger())
    seen = set()
    for _ in range(100):
        seen.add(lock.nonce)
        lock.connected()
    assert len(seen) == 100
    assert all(len(each or "") >= 22 for each in seen)


async def never(evidence: str) -> Done | Denied:
    raise AssertionError("the door was asked to open")


def test_a_nonce_lives_a_minute() -> None:
    async def wait() -> None:
        lock = BrokerUnlock(lambda: True, never, NotingLedger(), fresh=counted)
        lock.connected()
        assert await lock.news() == ()
        before, began = lock.nonce, asyncio.get_running_loop().time()
        assert await lock.news() == ()
        assert lock.nonce != before
        assert asyncio.get_running_loop().time() - began == pytest.approx(NONCE_LIFE_S)

    run_virtual(wait)


def test_in_a_flood_all_is_noted_and_the_last_is_told() -> None:
    async def flood() -> None:
        ledger = NotingLedger()
        lock = BrokerUnlock(lambda: True, never, ledger)
        for _ in range(FLOOD):
            assert lock.heard(b"nonsense", retained=False) is None
        assert len(ledger.rows) == FLOOD
        assert len(await lock.news()) == RESULTS_KEPT

    run_virtual(flood)


# With a broker, and a lock whose every edge is seen.


@dataclass
class Porch:
    """A doorbell at a broker; `allowed` is the household's rule."""

    port: int
    allowed: bool = True
    world: World = field(default_factory=lambda: World(Pins()))
    ledger: NotingLedger = field(default_factory=NotingLedger)

    def __post_init__(self) -> None:
        self.door = GpioLock(Pins().lock, self.world.factory)
        self.denial: Denied | None = None
        self.evidence: list[str] = []
        self.lock = BrokerUnlock(lambda: self.allowed, self.open, self.ledger)
        self.doorbell = DoorbellAtBroker(self.port, self.lock)

    async def open(self, evidence: str) -> Done | Denied:
        self.evidence.append(evidence)
        if self.denial is not None:
            return self.denial
        self.door.pulse(PULSE_S)
        return Done(id=1)

    def switch(self, allowed: bool) -> None:
        self.allowed = allowed
        self.lock.review()

    @property
    def pulses(self) -> int:
        return sum(happening.active for happening in self.world.history_of("lock"))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
async def porch(broker: Mosquitto) -> AsyncIterator[Porch]:
    porch = Porch(broker.port)
    async with porch.door:
        yield porch


async def newest_nonce(home: Listener, other_than: str | None = None) -> str:
    """What Home Assistant would echo now."""
    said = await home.until(
        lambda heard: (
            heard.topic == TOPICS.lock_nonce
            and heard.payload != b""
            and json.loads(heard.payload)["nonce"] != other_than
        )
    )
    home.heard.clear()
    return str(json.loads(said.payload)["nonce"])


async def outcome(home: Listener) -> Result:
    said = json.loads((await home.topic("/lock/result")).payload)
    return Result(said["event_type"], said["detail"])


async def test_home_assistant_opens_the_door(broker: Mosquitto, porch: Porch) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        said = command(await newest_nonce(home))
        await home.say(TOPICS.lock_set, said)
        assert await outcome(home) == Result("unlocked", OPENED)
        assert porch.pulses == 1
        assert porch.evidence == [said]
        assert porch.ledger.rows == []


async def test_the_nonce_waits_for_those_who_come_later(broker: Mosquitto, porch: Porch) -> None:
    async with porch.doorbell.running():
        async with listening(broker.port) as early:
            await early.topic(TOPICS.lock_nonce)
        async with listening(broker.port) as late:
            assert (await late.topic(TOPICS.lock_nonce)).retained
            await late.say(TOPICS.lock_set, command(await newest_nonce(late)))
            assert (await outcome(late)).kind == "unlocked"


async def test_a_used_nonce_is_no_good_again(broker: Mosquitto, porch: Porch) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        used = await newest_nonce(home)
        await home.say(TOPICS.lock_set, command(used))
        assert (await outcome(home)).kind == "unlocked"
        porch.door.secure()
        home.heard.clear()
        await home.say(TOPICS.lock_set, command(used))
        assert await outcome(home) == Result("refused", STALE)
        assert porch.pulses == 1
        assert [row.what for row in porch.ledger.rows] == ["unlock_refused"]
        assert porch.ledger.rows[0].who == AUTOMATION.id


async def test_what_the_door_denies_is_told(broker: Mosquitto, porch: Porch) -> None:
    porch.denial = Denied(id=0, reason="rate", detail="Too many tries to open the door. Wait 60 s.")
    async with porch.doorbell.running(), listening(broker.port) as home:
        await home.say(TOPICS.lock_set, command(await newest_nonce(home)))
        assert await outcome(home) == Result("refused", porch.denial.detail)
        assert porch.pulses == 0


async def test_a_retained_command_from_before_the_connection(
    broker: Mosquitto, porch: Porch
) -> None:
    async with listening(broker.port) as home:
        await home.say(TOPICS.lock_set, command(porch.lock.nonce), retain=True)
        async with porch.doorbell.running():
            assert await outcome(home) == Result("refused", RETAINED)
            assert porch.pulses == 0
            assert porch.ledger.whats == ["unlock_refused"]


async def test_a_retained_command_from_before_a_reconnection(
    broker: Mosquitto, porch: Porch
) -> None:
    async with TcpLine(broker.port) as line, listening(broker.port) as home:
        porch.doorbell = DoorbellAtBroker(line.port, porch.lock)
        async with porch.doorbell.running():
            first = await newest_nonce(home)
            line.cut()
            await home.topic(TOPICS.availability, "offline")
            await home.say(TOPICS.lock_set, command(first), retain=True)
            home.heard.clear()
            assert (await outcome(home)).detail in (RETAINED, STALE)
            await newest_nonce(home, other_than=first)
            # And again at the next connection, because the broker keeps it.
            line.cut()
            home.heard.clear()
            assert await outcome(home) == Result("refused", RETAINED)
            assert porch.pulses == 0


async def test_a_nonce_from_before_a_reconnection(broker: Mosquitto, porch: Porch) -> None:
    async with TcpLine(broker.port) as line, listening(broker.port) as home:
        porch.doorbell = DoorbellAtBroker(line.port, porch.lock)
        async with porch.doorbell.running():
            before = await newest_nonce(home)
            line.cut()
            after = await newest_nonce(home, other_than=before)
            await home.say(TOPICS.lock_set, command(before))
            assert await outcome(home) == Result("refused", STALE)
            await home.say(TOPICS.lock_set, command(after))
            assert porch.pulses == 0


async def test_nothing_waits_for_a_doorbell_that_is_away(broker: Mosquitto, porch: Porch) -> None:
    async with listening(broker.port) as home:
        async with porch.doorbell.running():
            nonce = await newest_nonce(home)
        await home.topic(TOPICS.availability, "stopped")
        await home.say(TOPICS.lock_set, command(nonce))
        home.heard.clear()
        async with porch.doorbell.running():
            await newest_nonce(home, other_than=nonce)
            # Had anything waited, it would have come before this.
            await home.say(TOPICS.lock_set, "over")
            assert await outcome(home) == Result("refused", MALFORMED)
            assert len(porch.ledger.rows) == 1
            assert porch.pulses == 0


async def test_the_broker_keeps_no_session_of_a_doorbell_that_is_away(
    broker: Mosquitto, porch: Porch
) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        await newest_nonce(home)
    async with asyncio.timeout(ANSWER_LIMIT_S):
        hears, speaks = await asyncio.open_connection("127.0.0.1", broker.port)
        name = f"doorstep-{DEVICE}".encode()
        # MQTT 3.1.1 section 3.1, without the flag for a clean session.
        rest = b"\x00\x04MQTT\x04\x00\x00\x3c" + len(name).to_bytes(2) + name
        speaks.write(bytes((0x10, len(rest))) + rest)
        assert await hears.readexactly(4) == b"\x20\x02\x00\x00", "a session is present"
        speaks.close()


@pytest.mark.parametrize("said", [b"UNLOCK", b'{"action":"unlock"}', b"\x00" * 100_000])
async def test_nonsense_is_refused_and_noted(broker: Mosquitto, porch: Porch, said: bytes) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        before = await newest_nonce(home)
        await home.say(TOPICS.lock_set, said)
        assert await outcome(home) == Result("refused", MALFORMED)
        await newest_nonce(home, other_than=before)
        assert porch.pulses == 0
        assert [row.detail for row in porch.ledger.rows] == [MALFORMED]


async def test_a_flood_of_guesses_opens_nothing_and_the_bell_is_heard(
    broker: Mosquitto, porch: Porch
) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        stale = await newest_nonce(home)
        async with asyncio.TaskGroup() as group:
            for guess in ("guess", *(FLOOD - 1) * (stale,)):
                group.create_task(home.say(TOPICS.lock_set, command(guess)))
        await home.say(TOPICS.chime_set, "PRESS")
        await porch.doorbell.asked()
        assert porch.pulses == 0
        assert porch.ledger.whats == ["unlock_refused"] * FLOOD
        # Whoever hears the doorbell may open all the same.
        porch.lock.connected()
        async with listening(broker.port, TOPICS.lock_nonce) as late:
            await late.until(
                lambda heard: heard.payload == nonce_message(porch.lock.nonce, TOPICS).payload
            )
        home.heard.clear()
        await home.say(TOPICS.lock_set, command(porch.lock.nonce))
        await home.until(
            lambda heard: heard.topic == TOPICS.lock_result and b"unlocked" in heard.payload
        )
        assert porch.pulses == 1


async def test_while_the_rule_is_off_nobody_listens(broker: Mosquitto, porch: Porch) -> None:
    porch.switch(allowed=False)
    async with listening(broker.port) as home:
        await home.say(TOPICS.lock_nonce, "of an earlier life", retain=True)
        home.heard.clear()
        async with porch.doorbell.running():
            found = json.loads((await home.topic(DISCOVERY)).payload)
            assert "lock" in found["components"]
            assert (await home.topic(TOPICS.lock_nonce)).payload == b""
            await home.say(TOPICS.lock_set, command("any"))
            await home.say(TOPICS.chime_set, "PRESS")
            await porch.doorbell.asked()
            assert porch.ledger.rows == []
            assert porch.pulses == 0


async def test_switching_the_rule_is_heard_at_once(broker: Mosquitto, porch: Porch) -> None:
    porch.switch(allowed=False)
    async with porch.doorbell.running(), listening(broker.port) as home:
        await home.topic(TOPICS.availability, "online")
        await home.topic(TOPICS.lock_nonce)
        porch.switch(allowed=True)
        nonce = await newest_nonce(home)
        await home.say(TOPICS.lock_set, command(nonce))
        assert (await outcome(home)).kind == "unlocked"
        porch.door.secure()
        await newest_nonce(home, other_than=nonce)
        last = porch.lock.nonce
        porch.switch(allowed=False)
        assert (await home.topic(TOPICS.lock_nonce, "")).payload == b""
        shown = [json.loads(heard.payload)["components"] for heard in home.heard
                 if heard.topic == DISCOVERY]  # fmt: skip
        assert shown[-2]["door_lock"] == {"platform": "lock"}
        assert "door_lock" not in shown[-1]
        assert shown[-1]["lock"]["platform"] == "binary_sensor"
        await home.say(TOPICS.lock_set, command(last))
        await home.say(TOPICS.chime_set, "PRESS")
        await porch.doorbell.asked()
        assert porch.pulses == 1


async def test_a_rule_that_was_switched_off_a_moment_ago_counts(
    broker: Mosquitto, porch: Porch
) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        nonce = await newest_nonce(home)
        # The household has decided, and nobody has told the broker's side yet.
        porch.allowed = False
        await home.say(TOPICS.lock_set, command(nonce))
        assert await outcome(home) == Result("refused", OFF)
        assert porch.pulses == 0


async def test_home_assistant_is_told_of_the_lock_that_it_gets(
    broker: Mosquitto, porch: Porch
) -> None:
    async with porch.doorbell.running(), listening(broker.port) as home:
        await newest_nonce(home)
        async with listening(broker.port, DISCOVERY) as late:
            components = json.loads((await late.topic(DISCOVERY)).payload)["components"]
            assert components["door_lock"]["platform"] == "lock"
            assert "lock" not in components
