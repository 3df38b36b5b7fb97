"""How often who may ask what, and the layer that holds everybody to it.

Each request falls under the first rule that fits. It is counted for the phone, doorbell or token
that it names, and for its address. What it names is not verified yet: so a name counts together
with the address, and a stranger who names somebody's phone uses up nothing of that phone's.
"""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from functools import cached_property

from limits import RateLimitItem, parse_many
from limits.aio.strategies import MovingWindowRateLimiter
from prometheus_client import Counter
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.shared.problems import problem_response
from cloud.web.callers import claimed_by, network_of
from cloud.web.windows import BoundedWindows

log = logging.getLogger(__name__)

_READS = "GET|HEAD|OPTIONS"
_API = "/api/v1"
_A_DOORBELL = f"{_API}/doorbells/[^/]+"


@dataclass(frozen=True)
class Rule:
    """Some requests and their limits, as `limits` writes them: 20/minute;120/hour."""

    name: str
    method: str
    path: str
    each: str
    """For each phone, doorbell or token at its address; empty: these requests are not signed."""
    address: str
    """For everybody at one address together."""

    @cached_property
    def fits(self) -> re.Pattern[str]:
        return re.compile(f"(?:{self.method}) {self.path}", re.DOTALL)


RULES = (
    # A pairing takes two steps, and five wrong tries end an invitation: ten phones in a minute, or
    # a few clumsy ones. Guessing 128 bits needs far more.
    Rule("pairing", "POST", f"{_API}/pairing", "", "20/minute;120/hour"),
    # A shown door renews its challenge every half minute; four at once are kept by the doorbell.
    # Ten phones that wake at a ring ask for one each, with room for reloads.
    Rule("challenge", "POST", f"{_A_DOORBELL}/challenge", "30/minute", "200/minute"),
    # Each costs the doorbell a media connection. A bad network makes a phone call again every few
    # seconds; ten phones may answer one ring.
    Rule("call", "POST", f"{_A_DOORBELL}/live", "60/minute", "200/minute"),
    # Candidates come one by one, some tens for each call.
    Rule("call update", "PATCH|DELETE", f"{_API}/live/[^/]+", "300/minute", "1200/minute"),
    # One for each visit, and again every few seconds while a path is bad; software may record
    # some tens of doorbells from one machine.
    Rule("recording", "POST", f"{_A_DOORBELL}/recordings", "60/minute", "120/minute"),
    Rule(
        "recording update", "PATCH|DELETE", f"{_API}/recordings/[^/]+", "300/minute", "1200/minute"
    ),
    # A doorbell waits longer and longer before it connects again; a household has a few of them.
    Rule("link", "GET", f"{_API}/link", "30/minute", "60/minute"),
    # The app opens its stream again after a second, with every phone of the house at once when
    # the server comes back.
    Rule("events", "GET", f"{_API}/events", "120/minute", "1200/minute"),
    # Players fetch a clip in ranges, and scrubbing makes a range of every stop.
    Rule("media", _READS, f"{_API}/visits/[^/]+/[^/]+", "600/minute", "3000/minute"),
    # A look at the app takes about ten; lists load further while a thumb scrolls.
    Rule("read", _READS, f"{_API}/.*", "300/minute", "2400/minute"),
    # Subscriptions, pictures of presses, deleted visits: done by hand or once for each visit.
    Rule("change", ".*", f"{_API}/.*", "120/minute", "600/minute"),
    # The app's own files, health and figures: cheap. A first start loads some thirty files, and a
    # new version is fetched by all phones of a house together.
    Rule("page", ".*", ".*", "", "2400/minute"),
)


class Rates:
    """Refuses what comes too often with 429, a sentence, and when to come back."""

    def __init__(
        self,
        app: ASGIApp,
        factor: float,
        refused: Counter | None = None,
        windows: BoundedWindows | None = None,
        *,
        trusts_proxies: bool = False,
    ) -> None:
        """`factor` stretches every limit; 0 switches them off."""
        self._app = app
        self._refused = refused
        self._windows = windows or BoundedWindows()
        self._limiter = MovingWindowRateLimiter(self._windows)
        self._limits = _scaled(factor) if factor else {}
        self._looks_for_proxies = not trusts_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and self._limits:
            self._look_for_proxy(scope)
            rule = rule_of(scope.get("method", "GET"), scope["path"])
            if wait_s := await self._excess(rule, scope):
                self._note(rule)
                await _refusal(rule, wait_s)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _excess(self, rule: Rule, scope: Scope) -> int:
        """Seconds until there is room again; 0 when there is."""
        network = network_of(scope)
        each, address = self._limits[rule.name]
        caller = claimed_by(scope) if each else None
        if caller and (wait_s := await self._take(each, rule.name, caller, network)):
            return wait_s
        return await self._take(address, rule.name, network)

    async def _take(self, limits: list[RateLimitItem], *who: str) -> int:
        for limit in limits:
            if not await self._limiter.hit(limit, *who):
                stats = await self._limiter.get_window_stats(limit, *who)
                return max(1, math.ceil(stats.reset_time - self._windows.now()))
        return 0

    def _look_for_proxy(self, scope: Scope) -> None:
        """Say once that all clients count as one, because a proxy stands before them."""
        if self._looks_for_proxies and "x-forwarded-for" in Headers(scope=scope):
            self._looks_for_proxies = False
            log.warning(
                "A proxy at %s passes requests on. If it is yours, add its address to"
                " http.trusted_proxies: until then all its clients share one limit.",
                network_of(scope),
            )

    def _note(self, rule: Rule) -> None:
        log.debug("too many: %s", rule.name)
        if self._refused:
            self._refused.labels(rule.name).inc()


def rule_of(method: str, path: str) -> Rule:
    """The rule that a request falls under."""
    asked = f"{method} {path}"
    return next(rule for rule in RULES if rule.fits.fullmatch(asked))


def _scaled(factor: float) -> dict[str, tuple[list[RateLimitItem], list[RateLimitItem]]]:
    return {rule.name: (_items(rule.each, factor), _items(rule.address, factor)) for rule in RULES}


def _items(text: str, factor: float) -> list[RateLimitItem]:
    return [
        type(item)(max(1, round(item.amount * factor)), item.multiples)
        for item in (parse_many(text) if text else ())
    ]


def _refusal(rule: Rule, wait_s: int) -> Response:
    detail = (
        f"Too many requests of the kind “{rule.name}” in a short time."
        f" Wait {wait_s} s, then try again."
    )
    return problem_response(429, "Too many requests", detail, headers={"Retry-After": str(wait_s)})
