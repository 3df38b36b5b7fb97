"""A phone without a screen: pairs, signs its requests and calls, as the app does."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription

from media.handshake import with_one_fingerprint
from protocol.calls import SIGNATURE_HEADER, CallChallenge
from protocol.identity import TOKEN_LIFE_S, Identity, PublicKey
from protocol.pairing import Invitation, Transcript, encode
from scripts.signed_call import SignedOffer

REQUEST_LIMIT_S = 15.0
# The server hangs up an idle connection after five seconds; a request must not cross that.
KEEP_S = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Phone:
    """A paired phone. `async with await Phone.paired(link, name) as phone:`"""

    def __init__(self, address: str, identity: Identity, device_id: str) -> None:
        self.address = address
        self.identity = identity
        self.device_id = device_id
        # Known once paired; `channel` once called.
        self.doorbell = identity.public
        self.channel = ""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=REQUEST_LIMIT_S),
            connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_S),
        )

    @classmethod
    async def paired(cls, link: str, name: str) -> Self:
        """Pair by a link as the doorbell prints it; RuntimeError when either side refuses."""
        parts = urlsplit(link)
        invitation = Invitation.parse(parts.fragment)
        phone = cls(f"{parts.scheme}://{parts.netloc}", Identity.generate(), invitation.device_id)
        try:
            await phone._pair(invitation, name)
        except BaseException:
            await phone.close()
            raise
        return phone

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "application/json",
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        """A signed request."""
        claims = {"htm": method, "htu": path}
        if body:
            claims["bh"] = encode(hashlib.sha256(body).digest())
        token = self.identity.token("api", time.time(), TOKEN_LIFE_S, **claims)
        headers = {"Authorization": f"Bearer {token}", **(more or {})}
        if body:
            headers["Content-Type"] = content_type
        async with self._session.request(
            method, self.address + path, data=body or None, headers=headers
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def call(self, pc: RTCPeerConnection, answers: str | None = None) -> str:
        """Offer `pc` to the doorbell and take its answer; the call's path, for hanging up.

        `answers` is the visit whose ring this call answers.
        """
        nonce = await self._nonce()
        await pc.setLocalDescription(await pc.createOffer())
        sdp = with_one_fingerprint(pc.localDescription.sdp)
        offer = SignedOffer.make(self.identity, self.doorbell, nonce, sdp, answers)
        live = f"/api/v1/doorbells/{self.device_id}/live"
        if answers is not None:
            live += f"?answers={answers}"
        answer = await self.request(
            "POST", live, sdp.encode(), "application/sdp",
            {SIGNATURE_HEADER: offer.signature},
        )  # fmt: skip
        if answer.status != 201:
            raise RuntimeError(f"The call was refused: {answer.status} {answer.body.decode()}")
        said = answer.body.decode()
        self.channel = offer.checked(said, answer.headers.get(SIGNATURE_HEADER))
        await pc.setRemoteDescription(RTCSessionDescription(said, "answer"))
        return urlsplit(answer.headers["Location"]).path

    async def _nonce(self) -> str:
        answer = await self.request("POST", f"/api/v1/doorbells/{self.device_id}/challenge")
        if answer.status != 200:
            raise RuntimeError(f"No challenge: {answer.status} {answer.body.decode()}")
        return CallChallenge.model_validate_json(answer.body).nonce

    async def _pair(self, invitation: Invitation, name: str) -> None:
        nonce = encode(secrets.token_bytes(16))
        challenge = await self._pairing(
            type="pair_hello", device_id=invitation.device_id, nonce=nonce, name=name,
            public_key=self.identity.public.text,
        )  # fmt: skip
        said = Transcript(
            invitation.device_id, challenge["public_key"], self.identity.public.text,
            challenge["nonce"], nonce, name,
        )  # fmt: skip
        key = PublicKey.parse(challenge["public_key"])
        if encode(hashlib.sha256(key.spki).digest()) != invitation.key_hash:
            raise RuntimeError("The doorbell's key is not the one in the link.")
        if not said.accepts(invitation.secret, "doorbell", challenge["proof"]):
            raise RuntimeError("The doorbell does not know the secret.")
        self.doorbell = key
        await self._pairing(
            type="pair_proof", device_id=invitation.device_id, pairing=challenge["pairing"],
            proof=said.proof(invitation.secret, "phone"),
        )  # fmt: skip

    async def _pairing(self, **message: str) -> dict[str, Any]:
        async with self._session.post(f"{self.address}/api/v1/pairing", json=message) as response:
            if response.status != 200:
                raise RuntimeError(f"Pairing failed: {await response.text()}")
            reply: dict[str, Any] = await response.json()
            return reply
