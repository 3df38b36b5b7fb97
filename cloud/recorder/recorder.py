"""The recorder: many sessions at once, each with a life of its own under one parent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from aiortc import RTCIceServer

from cloud.recorder.finish import Finisher
from cloud.recorder.offers import understood
from cloud.recorder.parts import PartsWriter
from cloud.recorder.ports import (
    Keep,
    Limits,
    OnClip,
    OnStatus,
    OnStills,
    VisitKey,
    Watch,
    WhichMoment,
    at_the_start,
    no_stills,
)
from cloud.recorder.session import Session
from cloud.recorder.spool import Spool
from cloud.recorder.stills import Stills
from cloud.recorder.threads import DiskThreads
from cloud.recorder.timeline import Timeline
from cloud.shared.problems import ProblemError
from media.addresses import Network
from media.frames import Kind
from media.peer import CodecError, DescriptionError, PeerGoneError, open_peer, read_offer

log = logging.getLogger(__name__)

# An encoder that is turned away comes back about when a visit is over.
RETRY_AFTER_S = 10
# A server that stops finishes open clips for so long; the rest is found at its next start.
STOP_LIMIT_S = 10.0
# Candidates are gathered from the machine's own addresses, and from STUN when configured.
ANSWER_LIMIT_S = 10.0


class Recorder:
    """Takes sessions while `run` runs; each visit's clip goes to `keep` and `on_clip`."""

    def __init__(
        self,
        folder: Path,
        *,
        keep: Keep,
        on_clip: OnClip,
        on_status: OnStatus,
        on_stills: OnStills = no_stills,
        moment: WhichMoment = at_the_start,
        limits: Limits | None = None,
        watch: Watch | None = None,
        ice_servers: Sequence[RTCIceServer] = (),
        network: Network | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._watch = watch or Watch()
        self._spool = Spool(folder)
        self._on_status = on_status
        self._ice_servers = ice_servers
        self._network = network
        self._sessions: dict[str, Session] = {}
        self._disk = DiskThreads(self._watch.on_written)
        self._stills = Stills(moment, on_stills)
        self._finisher = Finisher(
            self._spool, self._disk, keep, on_clip, self._stills.want, self.limits,
            self.is_recording,
        )  # fmt: skip
        self._group: asyncio.TaskGroup | None = None

    @property
    def active(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    def is_recording(self, key: VisitKey) -> bool:
        """Whether a session of this visit is open."""
        return any(session.key == key for session in self._sessions.values())

    async def run(self) -> None:
        """Finish what an earlier process left, then be the parent of all sessions.

        When it is cancelled, open sessions are closed and their clips stored, within limits.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stills.run(), name="stills")
                self._group = group
                try:
                    await self._finisher.recover()
                    await self._finisher.tidy()
                finally:
                    self._group = None
        finally:
            self._disk.close()

    def session(self, session_id: str) -> Session | None:
        """The open session of this id."""
        return self._sessions.get(session_id)

    async def open(
        self, key: VisitKey, offer: str, starts_ms: int | None, token: str | None = None
    ) -> tuple[Session, str]:
        """A new session and our SDP answer. Raises ProblemError 400, 422 or 503.

        An older session of the same visit ends: its encoder has come back. `token` is the id of
        the record token that it came with.
        """
        kinds = _kinds_of(offer)
        self._make_room(key)
        session = Session(
            key=key,
            pc=open_peer(self._ice_servers, network=self._network),
            offer=understood(offer),
            parts=PartsWriter(key, self._spool),
            timeline=Timeline(starts_ms),
            limits=self.limits,
            disk=self._disk,
            on_started=self._started,
            watch=self._watch,
            ufrag=_ufrag_of(offer),
            token=token,
        )
        self._sessions[session.id] = session
        try:
            answer = await self._answer(session, kinds)
            self._parent().create_task(self._live(session), name=f"recording {key.visit}")
        except BaseException:
            self._sessions.pop(session.id, None)
            await session.pc.close()
            raise
        return session, answer

    def end(self, session: Session) -> None:
        """Close a session; its address is gone from now on, its clip follows."""
        self._sessions.pop(session.id, None)
        session.stop()

    def dismiss(self, doorbell: str, tokens: Collection[str]) -> None:
        """End what was opened for the doorbell with a token that is none of these any more."""
        for session in list(self._sessions.values()):
            if session.key.doorbell == doorbell and session.token not in (None, *tokens):
                self.end(session)

    def _make_room(self, key: VisitKey) -> None:
        self._parent()
        for older in [s for s in self._sessions.values() if s.key == key]:
            self.end(older)
        if len(self._sessions) >= self.limits.sessions:
            detail = "The recorder is busy with other visits. Try again in a moment."
            raise _come_back("Busy", detail)

    def _parent(self) -> asyncio.TaskGroup:
        if self._group is None:
            detail = "The recorder is starting or stopping. Try again."
            raise _come_back("Not ready", detail)
        return self._group

    async def _answer(self, session: Session, kinds: list[Kind]) -> str:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await session.answer(kinds)
        except CodecError as error:
            detail = "The recorder takes H.264 pictures and Opus sound."
            raise ProblemError(422, "No codec in common", detail) from error
        except DescriptionError as error:
            raise ProblemError(400, "Malformed offer", str(error)) from error
        except (PeerGoneError, TimeoutError) as error:
            detail = "The recorder could not open a port in time. Try again."
            raise _come_back("Not ready", detail) from error

    async def _live(self, session: Session) -> None:
        try:
            await self._record(session)
            await self._finisher.finish(session.key)
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_LIMIT_S):
                    await self._finisher.finish(session.key)
            raise

    async def _record(self, session: Session) -> None:
        try:
            await session.run()
        except Exception:  # one visit's trouble must not end the others'
            log.exception("recording of visit %s failed", session.key.visit)
        finally:
            self._sessions.pop(session.id, None)

    async def _started(self, key: VisitKey, starts_ms: int) -> None:
        try:
            await self._on_status(key.doorbell, key.visit, starts_ms)
        except Exception as error:  # noqa: BLE001 - who listens must not end a recording
            log.warning("nobody could be told that visit %s is recorded: %r", key.visit, error)


def _kinds_of(offer: str) -> list[Kind]:
    try:
        media = read_offer(offer).media
    except DescriptionError as error:
        raise ProblemError(400, "Malformed offer", str(error)) from error
    kinds: list[Kind] = []
    for section in media:
        if section.kind not in ("video", "audio"):
            detail = "The recorder takes one video and one audio section, and no data."
            raise ProblemError(422, "Not recordable", detail)
        if section.direction not in ("sendonly", "sendrecv"):
            detail = "Every section of the offer must send (a=sendonly)."
            raise ProblemError(422, "Not recordable", detail)
        kinds.append("video" if section.kind == "video" else "audio")
    if "video" not in kinds:
        raise ProblemError(422, "Not recordable", "The offer has no video section.")
    return kinds


def _ufrag_of(offer: str) -> str:
    ice = read_offer(offer).media[0].ice
    return str(ice.usernameFragment or "") if ice is not None else ""


def _come_back(title: str, detail: str) -> ProblemError:
    return ProblemError(503, title, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
