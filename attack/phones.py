"""Phones that talk to the doorbell through the hostile server: honest ones, and the attacker's."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from attack.server import HostileServer, new_call
from media.handshake import with_one_fingerprint
from protocol.control import CONTROL_REPLY, ControlReply, ControlRequest
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity, PublicKey
from protocol.link import CallAnswer, CallOffer, CallRefused
from protocol.pairing import Invitation, PairChallenge, Paired, PairHello, PairProof, Transcript
from protocol.pairing import encode as base64url
from scripts.signed_call import SignedOffer

CONNECT_LIMIT_S = 20.0
REPLY_LIMIT_S = 20.0


class RefusedError(RuntimeError):
    """The doorbell, or the honest phone, would not go on."""


@dataclass
class Peer:
    """A WebRTC end that counts every byte it is given: of media, and on data channels."""

    pc: RTCPeerConnection = field(default_factory=RTCPeerConnection)
    leaked: int = 0
    replies: list[ControlReply] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _opened: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.pc.addTransceiver("video", direction="recvonly")
        self.pc.addTransceiver("audio", direction="recvonly")
        self.control = self.pc.createDataChannel("control")
        self.control.on("open", self._opened.set)
        self.control.on("message", self._hear)

    async def sdp(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return with_one_fingerprint(self.pc.localDescription.sdp)

    async def connect(self, answer: str) -> None:
        """Take the answer and wait for the control channel; RefusedError when it does not open."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                await self._opened.wait()
        except TimeoutError as error:
            raise RefusedError("The call did not connect.") from error

    async def ask(self, request: ControlRequest) -> ControlReply:
        """Say `request` and wait for its reply."""
        self.control.send(request.model_dump_json())
        async with asyncio.timeout(REPLY_LIMIT_S):
            while (reply := self._reply_to(request.id)) is None:
                self._news.clear()
                await self._news.wait()
        return reply

    def media_bytes(self) -> int:
        """Bytes of pictures and sound that were received so far."""
        return sum(_received(transceiver.receiver) for transceiver in self.pc.getTransceivers())

    async def close(self) -> None:
        await self.pc.close()

    def _reply_to(self, number: int) -> ControlReply | None:
        return next((r for r in self.replies if getattr(r, "id", None) == number), None)

    def _hear(self, message: str | bytes) -> None:
        self.leaked += len(message)
        self.replies.append(CONTROL_REPLY.validate_json(message))
        self._news.set()


class HonestPhone:
    """A paired phone of the household, whose messages the attacker carries."""

    def __init__(self, server: HostileServer, identity: Identity, doorbell: PublicKey) -> None:
        self.server = server
        self.identity = identity
        self.doorbell = doorbell

    @classmethod
    async def paired(cls, server: HostileServer, link: str, name: str) -> HonestPhone:
        """Pair by a link as the doorbell prints it; RefusedError when either side says no."""
        invitation = Invitation.parse(urlsplit(link).fragment)
        identity = Identity.generate()
        hello = pair_hello(identity, invitation.device_id, name)
        challenge = await server.pair(hello)
        if not isinstance(challenge, PairChallenge):
            raise RefusedError(
                challenge.detail if hasattr(challenge, "detail") else "No challenge."
            )
        key = PublicKey.parse(challenge.public_key)
        said = transcript(hello, challenge)
        if base64url(hashlib.sha256(key.spki).digest()) != invitation.key_hash:
            raise RefusedError("The doorbell's key is not the one in the link.")
        if not said.accepts(invitation.secret, "doorbell", challenge.proof):
            raise RefusedError("The doorbell does not know the secret.")
        proof = said.proof(invitation.secret, "phone")
        done = await server.pair(
            PairProof(device_id=invitation.device_id, pairing=challenge.pairing, proof=proof)
        )
        if not isinstance(done, Paired):
            raise RefusedError(f"Pairing ended with {done.type}.")
        return cls(server, identity, key)

    async def signed(self, sdp: str) -> SignedOffer:
        """An offer as this phone would post it now."""
        challenge = await self.server.challenge(self.identity.id)
        return SignedOffer.make(self.identity, self.doorbell, challenge.nonce, sdp)

    async def call(self, peer: Peer) -> tuple[str, str]:
        """A genuine call: its name at the server, and its channel."""
        offer, call = await self.signed(await peer.sdp()), new_call()
        answer = await self.server.offer(
            CallOffer(call=call, sdp=offer.sdp, signature=offer.signature)
        )
        if isinstance(answer, CallRefused):
            raise RefusedError(answer.detail)
        channel = believed(offer, answer)
        await peer.connect(answer.sdp)
        return call, channel


def believed(offer: SignedOffer, answer: CallAnswer) -> str:
    """What an honest phone does with an answer; RefusedError when it does not believe it."""
    try:
        return offer.checked(answer.sdp, answer.signature)
    except RemoteProtocolError as error:
        raise RefusedError(str(error)) from error


def pair_hello(identity: Identity, device_id: str, name: str) -> PairHello:
    nonce = base64url(secrets.token_bytes(16))
    return PairHello(device_id=device_id, public_key=identity.public.text, nonce=nonce, name=name)


def transcript(hello: PairHello, challenge: PairChallenge) -> Transcript:
    """What both sides of a pairing prove."""
    return Transcript(hello.device_id, challenge.public_key, hello.public_key, challenge.nonce,
                      hello.nonce, hello.name)  # fmt: skip


def _received(receiver: object) -> int:
    # Only media that could be decrypted is counted here: what came before is of use to nobody.
    streams = getattr(receiver, "_RTCRtpReceiver__remote_streams", {})
    return sum(getattr(stream, "packets_received", 0) for stream in streams.values())


async def drained(track: MediaStreamTrack) -> int:
    """Take what a track brings until it ends."""
    taken = 0
    try:
        while True:
            await track.recv()
            taken += 1
    except MediaStreamError:
        return taken
