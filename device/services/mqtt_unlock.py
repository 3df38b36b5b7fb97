"""Opening the door from the broker: while the household's rule allows it, and each nonce once.

Whoever may write to the topic can open, so what counts is said now and by someone who hears us
now: a command echoes the nonce that we published last. It dies with every use, every refusal,
every connection and every switch of the rule, and soon by itself, so nothing that was retained,
queued, repeated or delayed opens a door.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, TypeAdapter

from device.services.ledger import Ledger
from device.services.mqtt_topics import Message, Topics, json_bytes
from device.services.unlock import AUTOMATION
from protocol import base
from protocol.control import Denied, Done
from protocol.errors import RemoteProtocolError
from protocol.pairing import encode

log = logging.getLogger(__name__)

NONCE_BYTES = 16
# A command that was held up for longer would open for somebody who has gone away.
NONCE_LIFE_S = 60.0
# The command with its nonce has 60 bytes.
UNLOCK_LIMIT_BYTES = 256
# Outcomes that wait for the broker; in a flood of nonsense only the last are worth telling.
RESULTS_KEPT = 8

OFF = "Unlocking over MQTT is off. A phone with admin rights can allow it."
RETAINED = "A retained command never opens the door. Publish it without the retain flag."
MALFORMED = 'That is no unlock command. Send {"action": "unlock", "nonce": "<the nonce>"}.'
STALE = "The nonce is not the one that holds now. Echo what lock/nonce says at that moment."
BY_ITSELF = "The door locks by itself."
OPENED = "The door is open."


ResultKind = Literal["unlocked", "refused", "ignored"]


class LockCommand(base.Message):
    """What others write to `lock/set`."""

    action: Literal["unlock", "lock"]
    nonce: str = Field(max_length=64)


_COMMAND: TypeAdapter[LockCommand] = TypeAdapter(LockCommand)


@dataclass(frozen=True, slots=True)
class Unlocking:
    """A command that counts; `evidence` is its text."""

    evidence: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command, for whoever sent it."""

    kind: ResultKind
    detail: str


class UnlockNonce:
    """Which command counts now. No input or output; `fresh` makes a nonce."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh
        self._current: str | None = None

    @property
    def current(self) -> str | None:
        """What a command has to echo; None while the rule is off."""
        return self._current

    def switch(self, on: bool) -> None:
        """The rule is on or off from now on; in either case the old nonce is dead."""
        self._current = self._fresh() if on else None

    def renew(self) -> None:
        """Let a new nonce count, if the rule is on."""
        self.switch(self._current is not None)

    def judge(self, payload: bytes, *, retained: bool) -> Unlocking | Result:
        """Whether this command opens. Unless it only locks, the nonce is dead afterwards."""
        verdict = self._verdict(payload, retained)
        if verdict != Result("ignored", BY_ITSELF):
            self.renew()
        return verdict

    def _verdict(self, payload: bytes, retained: bool) -> Unlocking | Result:
        if self._current is None:
            return Result("refused", OFF)
        if retained:
            return Result("refused", RETAINED)
        try:
            command = base.parse(_COMMAND, payload, UNLOCK_LIMIT_BYTES)
        except RemoteProtocolError:
            return Result("refused", MALFORMED)
        if command.action == "lock":
            return Result("ignored", BY_ITSELF)
        if not secrets.compare_digest(command.nonce.encode(), self._current.encode()):
            return Result("refused", STALE)
        return Unlocking(payload.decode("utf-8"))


class BrokerUnlock:
    """The lock as the broker has it: `allowed` is the rule, `open_door` the doorbell's own desk.

    `open_door(evidence)` notes the command and opens, or says why it does not.
    """

    def __init__(
        self,
        allowed: Callable[[], bool],
        open_door: Callable[[str], Awaitable[Done | Denied]],
        ledger: Ledger,
        *,
        fresh: Callable[[], str] = lambda: encode(secrets.token_bytes(NONCE_BYTES)),
        nonce_life_s: float = NONCE_LIFE_S,
    ) -> None:
        self._allowed = allowed
        self._open_door = open_door
        self._ledger = ledger
        self._nonce = UnlockNonce(fresh)
        self._nonce_life_s = nonce_life_s
        self._results: deque[Result] = deque(maxlen=RESULTS_KEPT)
        self._news = asyncio.Event()
        self._nonce.switch(allowed())

    @property
    def on(self) -> bool:
        """Whether commands are listened to."""
        return self._nonce.current is not None

    @property
    def nonce(self) -> str | None:
        """What a command has to echo; None while the rule is off."""
        return self._nonce.current

    def review(self) -> None:
        """The household's rules may have changed."""
        if self.on is not self._allowed():
            self._nonce.switch(not self.on)
            log.info("unlocking over MQTT is %s", "on" if self.on else "off")
            self._news.set()

    def connected(self) -> None:
        """A connection begins: what was said before it does not count."""
        self.review()
        self._nonce.renew()
        self._results.clear()
        self._news.set()

    def heard(self, payload: bytes, *, retained: bool) -> Unlocking | None:
        """A command; what comes back is for `carry_out`. The rest is refused, and noted."""
        self.review()
        verdict = self._nonce.judge(payload, retained=retained)
        self._news.set()
        if isinstance(verdict, Unlocking):
            return verdict
        self._results.append(verdict)
        if verdict.kind == "refused":
            log.warning("an unlock command from the broker is refused")
            self._ledger.note(
                "unlock_refused", who=AUTOMATION.id, name=AUTOMATION.name, detail=verdict.detail
            )
        return None

    async def carry_out(self, unlocking: Unlocking) -> None:
        """Open the door, or hear why not."""
        outcome = await self._open_door(unlocking.evidence)
        result = Result("unlocked", OPENED)
        if isinstance(outcome, Denied):
            result = Result("refused", outcome.detail)
        self._results.append(result)
        self._news.set()

    async def news(self) -> tuple[Result, ...]:
        """Returns when there is something to say: the nonce is another one, or these results."""
        try:
            async with asyncio.timeout(self._nonce_life_s):
                await self._news.wait()
        except TimeoutError:
            self._nonce.renew()
        self._news.clear()
        results = tuple(self._results)
        self._results.clear()
        return results


def nonce_message(nonce: str | None, topics: Topics) -> Message:
    """Retained, so that whoever comes later can open; nothing when nobody can."""
    said = json_bytes({"nonce": nonce}) if nonce is not None else b""
    return Message(topics.lock_nonce, said, retain=True)


def result_message(result: Result, topics: Topics) -> Message:
    """An event for whoever sent the command."""
    said = {"event_type": result.kind, "detail": result.detail}
    return Message(topics.lock_result, json_bytes(said), retain=False)
