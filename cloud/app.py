"""The composition root: every part of the server is made and joined here, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI

from cloud.departures import Departures
from cloud.filing import ClipFiling
from cloud.happenings import Happenings
from cloud.push.fcm import Fcm
from cloud.push.notifier import Notifier, Senders
from cloud.push.targets import Result
from cloud.push.vapid import VapidKey
from cloud.push.webpush import WebPush
from cloud.recorder.ports import Limits, Watch
from cloud.recorder.recorder import Recorder
from cloud.recorder.whip import WhipRoutes
from cloud.recording_rights import RecordingRights
from cloud.shared import problems
from cloud.shared.auth import Gate
from cloud.shared.clock import Clock, system_clock
from cloud.shared.ice import IceBook
from cloud.shared.metrics import Metrics
from cloud.shared.origin import Origin
from cloud.shared.settings import Settings
from cloud.signalling.calls import Calls
from cloud.signalling.challenges import ChallengeDesk
from cloud.signalling.endpoint import LinkEndpoint
from cloud.signalling.enrolment import Enrolment
from cloud.signalling.links import Links
from cloud.signalling.membership import Membership
from cloud.signalling.pairing import PairingDesk
from cloud.signalling.replies import ANSWER_TIMEOUT_S
from cloud.signalling.reports import ReportBook
from cloud.signalling.whep import WhepRoutes
from cloud.store.clips import ClipStore
from cloud.store.database import Database
from cloud.store.push_targets import PushRegister
from cloud.store.roster import Roster
from cloud.store.visits import Visits
from cloud.web.app_files import AppFiles
from cloud.web.doorbells import DoorbellRoutes, DoorbellView
from cloud.web.events import EventRoutes
from cloud.web.headers import StrictHeaders
from cloud.web.hub import EventHub
from cloud.web.media import MediaRoutes
from cloud.web.operator import OperatorRoutes
from cloud.web.push import PushRoutes
from cloud.web.rates import Rates
from cloud.web.reference import clock_problem_router, reference_router
from cloud.web.shield import BodyLimit, RequestLog
from cloud.web.snapshots import SNAPSHOT_LIMIT_BYTES, SnapshotRoutes
from cloud.web.strangers import Strangers
from cloud.web.visits import VisitRoutes


@dataclass(frozen=True, slots=True)
class Options:
    """What tests set and nobody else."""

    clock: Clock = system_clock
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    push_over_http: bool = False


class Server:
    """All parts of the server. `app` is what uvicorn serves; its lifespan runs the parts."""

    def __init__(self, settings: Settings, options: Options = Options()) -> None:
        self.settings = settings
        self._options = options
        state = settings.state.directory
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.metrics = Metrics()
        self.database = Database(state / "doorstep.sqlite3")
        self.roster = Roster(self.database)
        self.visits = Visits(self.database)
        self.clips = ClipStore.open(settings.clips_url, settings.clips.options)
        self.register = PushRegister(self.database, self.roster)
        self.vapid = VapidKey.load_or_create(state / "vapid.pem")
        self.hub = EventHub(self.roster)
        self.links = Links()
        self.webpush = WebPush(
            self.vapid, settings.push.vapid_subject, allow_http=options.push_over_http
        )
        self.fcm = _fcm(settings)
        self.notifier = self._notifier()
        self.happenings = Happenings(self.hub, self.notifier, self.roster, self.metrics)
        self.filing = ClipFiling(self.clips, self.visits, self.happenings.tell)
        self.recorder = self._recorder(state / "recordings")
        self.calls = Calls(self.links, self.metrics, options.answer_timeout_s)
        self.departures = Departures(
            self.roster, self.register, self.hub, self.calls, self.recorder, self.notifier
        )
        self.metrics.recordings.set_function(lambda: self.recorder.active)
        self.files = AppFiles(settings.http.app)
        self.api = self._compose()
        self.app = self._shielded()

    def close(self) -> None:
        """End what would never end by itself: streams of phones and links of doorbells."""
        self.hub.close()
        self.links.close()

    def _notifier(self) -> Notifier:
        return Notifier(
            self.register,
            Senders(self.webpush, self.fcm),
            address=self.settings.http.public_url or "",
            on_result=self._count_push,
        )

    def _recorder(self, folder: Path) -> Recorder:
        # Now, and not at the first visit: a folder that cannot be made is worth a word at once.
        folder.mkdir(exist_ok=True)
        wanted = self.settings.recorder
        return Recorder(
            folder,
            keep=self.filing.keep,
            on_clip=self.filing.clip_stored,
            on_status=self.filing.recording_started,
            on_stills=self.filing.stills_made,
            moment=self.filing.moment,
            limits=Limits(
                sessions=wanted.sessions,
                longest_s=wanted.longest_s,
                bytes_per_s=wanted.limit_bps / 8,
            ),
            watch=_watch(self.metrics),
            network=self.settings.media.network,
        )

    def _compose(self) -> FastAPI:
        api, clock = _empty_api(self._life), self._options.clock
        self.links.on_count = self.metrics.links.set
        self.hub.on_count = self.metrics.streams.set
        gate = Gate(self.roster, clock)
        ice = IceBook(self.settings.ice, clock)
        view = DoorbellView(self.roster, self.links)
        tell = self.happenings.tell
        problems.install(api)
        for router in (
            *self._signalling(gate, ice, clock),
            DoorbellRoutes(gate, view, self.visits).router(),
            MediaRoutes(gate, self.roster, self.visits, self.clips).router(),
            VisitRoutes(gate, view, self.roster, self.visits, self.clips).router(),
            SnapshotRoutes(gate, self.visits, self.clips, tell, clock).router(),
            EventRoutes(gate, self.hub, view, self.visits).router(),
            PushRoutes(
                gate, view, self.register, self.vapid.public_key, self.notifier.test
            ).router(),
            OperatorRoutes(gate, self.database, self.metrics, ice).router(),
            clock_problem_router(),
            reference_router(api),
        ):
            api.include_router(router)
        self.files.install(api)
        return api

    def _signalling(self, gate: Gate, ice: IceBook, clock: Clock) -> tuple[APIRouter, ...]:
        calls, departures = self.calls, self.departures
        challenges = ChallengeDesk(gate, self.roster, self.links, self._options.answer_timeout_s)
        pairing = PairingDesk(self.links, self.roster)
        origin = Origin(self.settings.http.public_url)
        reports = ReportBook(self.visits, self.happenings.tell, clock)
        whep = WhepRoutes(gate, self.roster, self.visits, self.links, calls, ice, origin, reports)
        endpoint = LinkEndpoint(
            gate=gate,
            enrolment=Enrolment(self.settings.doorbells, self.roster),
            roster=self.roster,
            membership=Membership(self.roster, departures.changed, departures.kept),
            reports=reports,
            links=self.links,
            calls=calls,
            challenges=challenges,
            pairing=pairing,
            tell=self.happenings.tell,
            clock=clock,
        )
        rights = RecordingRights(gate, self.roster, clock)
        whip = WhipRoutes(self.recorder, rights.authorise, origin.absolute, ice.links)
        parts = (endpoint, challenges, whep, whip, pairing)
        return tuple(part.router() for part in parts)

    def _shielded(self) -> RequestLog:
        http = self.settings.http
        limited = BodyLimit(self.api, {"PUT /snapshot": SNAPSHOT_LIMIT_BYTES})
        rated = Rates(
            limited,
            self.settings.rates.factor,
            self.metrics.refused,
            trusts_proxies=bool(http.trusted_proxies),
        )
        known = Strangers(rated, http.public_url, http.other_hosts)
        return RequestLog(StrictHeaders(known, self.files.script_hashes, http.public_url))

    @asynccontextmanager
    async def _life(self, _: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as life:
            await life.enter_async_context(self.database)
            await self.roster.load()
            await life.enter_async_context(self.webpush)
            if self.fcm:
                await life.enter_async_context(self.fcm)
            group = await life.enter_async_context(asyncio.TaskGroup())
            running = [
                group.create_task(self.notifier.run()),
                group.create_task(self.recorder.run()),
                group.create_task(self.departures.run()),
            ]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()

    def _count_push(self, service: str, result: Result) -> None:
        self.metrics.pushes.labels(service, result).inc()


def _watch(metrics: Metrics) -> Watch:
    return Watch(
        on_bytes=metrics.recorded_bytes.inc,
        on_gap=metrics.recording_gaps.inc,
        on_written=metrics.recording_write_s.observe,
        on_ended=lambda reason: metrics.recordings_ended.labels(reason).inc(),
    )


def _fcm(settings: Settings) -> Fcm | None:
    account = settings.push.fcm_service_account_file
    return Fcm.open(account) if account else None


def _empty_api(life: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    return FastAPI(
        title="Doorstep",
        version="1",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        responses=problems.RESPONSES,
    )
