"""Peer connections: opened with our guard, answered in milliseconds, watched to their end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCIceServer,
    RTCIceTransport,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError
from aiortc.sdp import SessionDescription, candidate_from_sdp

from media.addresses import ANY_NETWORK, Network
from media.aiortc_version import require_known_versions
from media.checks import Checks
from media.gathering import GATHER_LIMIT_S, Gathering, PortsTakenError
from media.guard import guard
from media.handshake import Pin, shown_fingerprint, with_one_fingerprint

require_known_versions()
log = logging.getLogger(__name__)


# Closing waits for the peer's last words; whoever has gone says none.
CLOSE_LIMIT_S = 5.0
# How late it is noticed that nothing is heard any more.
LOOK_EVERY_S = 1.0


class DescriptionError(ValueError):
    """The peer's SDP or candidate cannot be used; the text is one sentence for it."""


class CodecError(DescriptionError):
    """Both sides have no codec in common."""


class PeerGoneError(ConnectionError):
    """The connection failed or was closed before it could be used."""


class ImpostorError(PeerGoneError):
    """The peer has another certificate than the one that was signed."""


class Peer(RTCPeerConnection):
    """A connection that gathers its addresses our way, before it is used if there is time."""

    def __init__(self, ice_servers: Sequence[RTCIceServer], network: Network) -> None:
        # aiortc takes None for "a public STUN server", so an empty list must be said.
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._servers = ice_servers
        self._network = network
        self._gatherings: list[Gathering] = []
        self._checks: list[Checks] = []
        self._unused: RTCDtlsTransport | None = None
        self._pin = Pin()

    @property
    def met_impostor(self) -> bool:
        """Whether the handshake showed another certificate than the pinned one."""
        return self._pin.broken

    def pin(self, fingerprint: str) -> None:
        """Connect only to the certificate with this SHA-256, whatever the SDP says."""
        self._pin.fingerprint = fingerprint

    async def prepare(self, *, ask_servers: bool, limit_s: float = GATHER_LIMIT_S) -> None:
        """Open the sockets, and ask the servers, for whoever calls next. Raises PeerGoneError."""
        transport = self._unused = self._unused or self._make_transport()
        self._gatherings[0].limit_s = limit_s
        try:
            if ask_servers:
                await transport.transport.iceGatherer.gather()
            else:
                await self._gatherings[0].open()
        except PortsTakenError as error:
            raise PeerGoneError(str(error)) from error

    def lend(self, ice_servers: Sequence[RTCIceServer]) -> None:
        """The servers to ask, if they have not been asked yet."""
        self._servers = ice_servers
        for gathering in self._gatherings:
            gathering.servers = ice_servers

    async def close(self) -> None:
        """Free everything, a transport that nobody has used as well."""
        unused, self._unused = self._unused, None
        if unused is not None:
            await unused.stop()
            await unused.transport.stop()
        await super().close()
        for checks in self._checks:
            checks.close()

    def _make_transport(self) -> RTCDtlsTransport:
        transport: RTCDtlsTransport = super()._RTCPeerConnection__createDtlsTransport()  # type: ignore[misc]
        connection = transport.transport.iceGatherer._connection
        self._gatherings.append(Gathering(connection, self._servers, self._network))
        self._checks.append(Checks(connection))
        self._pin.guard(transport)
        return transport

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:  # noqa: N802
        # aiortc calls this under its private name, for the first section of a bundle.
        ready, self._unused = self._unused, None
        return ready or self._make_transport()


def open_peer(ice_servers: Sequence[RTCIceServer] = (), *, network: Network | None = None) -> Peer:
    """A guarded connection on one port. Without `ice_servers` only host addresses are gathered."""
    pc = Peer(ice_servers, network or ANY_NETWORK)
    guard(pc)
    return pc


def read_offer(sdp: str) -> SessionDescription:
    """The offer's sections; DescriptionError says what is wrong with it."""
    try:
        offer = SessionDescription.parse(sdp)
        kinds = [media.kind for media in offer.media]
    except Exception as error:  # the parser raises whatever the text provokes
        raise DescriptionError("The SDP offer cannot be read.") from error
    if not kinds:
        raise DescriptionError("The SDP offer has no media section.")
    if any(kind not in ("audio", "video", "application") for kind in kinds):
        raise DescriptionError("The SDP offer has a section that is not audio, video or data.")
    if len(set(kinds)) != len(kinds):
        raise DescriptionError("The SDP offer may have one audio, one video and one data section.")
    names = sorted(media.rtp.muxId for media in offer.media)
    bundles = [sorted(group.items) for group in offer.group if group.semantic == "BUNDLE"]
    # aiortc loses its transport over a bundle that names other sections, and cannot be closed.
    if "" in names or bundles not in ([names], [] if len(kinds) == 1 else [names]):
        raise DescriptionError(
            "The SDP offer must bundle all its sections (a=mid, a=group:BUNDLE)."
        )
    return offer


def split_slow_candidates(sdp: str) -> tuple[str, list[str]]:
    """The offer without candidates whose names must be looked up (mDNS), and those candidates.

    Looking up takes up to a second and an answer cannot wait; hand them to `add_candidate` later.
    """
    lines = sdp.splitlines()
    slow = [line for line in lines if line.startswith("a=candidate:") and ".local " in line]
    if not slow:
        return sdp, []
    gone = {*slow, "a=end-of-candidates"}
    ending = [""] if "a=end-of-candidates" in lines else []
    return "\r\n".join(line for line in lines if line not in gone) + "\r\n", slow + ending


async def accept_offer(pc: RTCPeerConnection, sdp: str) -> str:
    """The answer to an offer, our candidates included. Transceivers must have been added.

    Raises CodecError, DescriptionError or PeerGoneError; the connection is not usable after either.
    """
    # aiortc stops the one transport of a bundle that begins with another section than ours.
    for transceiver in pc.getTransceivers():
        transceiver._bundled = True
    try:
        await pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await _unbroken(pc.setLocalDescription(await pc.createAnswer()))
    except OperationError as error:
        raise CodecError("The offer and the doorbell have no codec in common.") from error
    except InvalidStateError as error:
        raise PeerGoneError("The connection was closed while it was answered.") from error
    except PortsTakenError as error:
        raise PeerGoneError(str(error)) from error
    except Exception as error:  # aiortc raises whatever the SDP provokes
        raise DescriptionError("The SDP offer is incomplete or contradicts itself.") from error
    return with_one_fingerprint(str(pc.localDescription.sdp))


async def make_offer(pc: RTCPeerConnection) -> str:
    """An offer with every local candidate in it. Raises PeerGoneError."""
    try:
        await _unbroken(pc.setLocalDescription(await pc.createOffer()))
    except PortsTakenError as error:
        raise PeerGoneError(str(error)) from error
    return str(pc.localDescription.sdp)


async def accept_answer(pc: RTCPeerConnection, sdp: str) -> None:
    """Take the peer's answer; DescriptionError when it does not fit our offer."""
    try:
        await pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
    except InvalidStateError as error:
        raise PeerGoneError("The connection was closed before its answer came.") from error
    except Exception as error:  # aiortc raises whatever the SDP provokes
        raise DescriptionError("The SDP answer does not fit the offer.") from error


async def add_candidate(pc: RTCPeerConnection, candidate: str) -> None:
    """A trickled candidate (`candidate:…`, or an empty string after the last one).

    All sections share one transport, so its section does not matter. Raises DescriptionError.
    """
    text = candidate.strip().removeprefix("a=").removeprefix("candidate:")
    try:
        parsed = candidate_from_sdp(text) if text else None
    except (ValueError, LookupError, AssertionError) as error:
        raise DescriptionError("The ICE candidate cannot be read.") from error
    if parsed is not None:
        parsed.sdpMid = ""
    for transport in _transports(pc):
        await transport.addRemoteCandidate(parsed)


async def close_peer(pc: RTCPeerConnection) -> None:
    """Free the connection's sockets and tracks, even when cancelled. May be called twice."""
    try:
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await _unbroken(pc.close())
    except TimeoutError:
        log.warning("a connection did not close in time")


async def connected(pc: RTCPeerConnection) -> None:
    """Wait until media can flow; PeerGoneError when that will not happen any more.

    ImpostorError when that is because of the certificate.
    """
    await _until(pc, {"connected", "failed", "closed"})
    if isinstance(pc, Peer) and pc.met_impostor:
        raise ImpostorError("The peer has another certificate than the one that was signed.")
    if pc.connectionState != "connected":
        raise PeerGoneError("The peer could not be reached.")


def remote_fingerprint(pc: RTCPeerConnection) -> str:
    """SHA-256 of the peer's real certificate, as SDP writes it. PeerGoneError without one."""
    for transport in _dtls_transports(pc):
        if (found := shown_fingerprint(transport)) is not None:
            return found
    raise PeerGoneError("The peer has not shown its certificate.")


async def gone(pc: RTCPeerConnection) -> None:
    """Wait until the connection has failed or was closed."""
    await _until(pc, {"failed", "closed"})


async def unheard(pc: RTCPeerConnection, limit_s: float, *, once: bool = False) -> None:
    """Returns when the peer has reported nothing for `limit_s`.

    Receivers report every second or so what they got (RFC 3550 section 6.2); ICE alone would
    notice after 30 s that the peer is gone (RFC 7675). `once`: a peer that has never reported is
    left to ICE.
    """
    loop = asyncio.get_running_loop()
    newest: object = None
    heard_s = loop.time()
    while loop.time() - heard_s <= limit_s or (once and newest is None):
        await asyncio.sleep(LOOK_EVERY_S)
        stats = await pc.getStats()
        reports = [stat.timestamp for stat in stats.values() if stat.type == "remote-inbound-rtp"]
        if reports and max(reports) != newest:
            newest, heard_s = max(reports), loop.time()


async def _unbroken(work: Coroutine[Any, Any, None]) -> None:
    """Carry `work` through although cancelled: aiortc forgets sockets that it is just opening."""
    failures: list[Exception] = []

    async def carry() -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - raised again below, not as a group
            failures.append(error)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(carry())
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=CLOSE_LIMIT_S)
            raise
    if failures:
        raise failures[0]


async def _until(pc: RTCPeerConnection, states: set[str]) -> None:
    changed = asyncio.Event()
    pc.on("connectionstatechange", changed.set)
    try:
        while pc.connectionState not in states:
            await changed.wait()
            changed.clear()
    finally:
        # A closed connection has forgotten its listeners by itself.
        if changed.set in pc.listeners("connectionstatechange"):
            pc.remove_listener("connectionstatechange", changed.set)


def _transports(pc: RTCPeerConnection) -> Iterator[RTCIceTransport]:
    yield from dict.fromkeys(transport.transport for transport in _dtls_transports(pc))


def _dtls_transports(pc: RTCPeerConnection) -> Iterator[RTCDtlsTransport]:
    parts = [transceiver.receiver for transceiver in pc.getTransceivers()]
    yield from dict.fromkeys(part.transport for part in (*parts, pc.sctp) if part is not None)
