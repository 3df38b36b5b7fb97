"""Pairing without the code, with a used one, by guessing, in a race, and with keys exchanged."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from urllib.parse import urlsplit

from attack.doorbell import Doorbell
from attack.phones import pair_hello, transcript
from attack.server import HostileServer
from attack.tally import Tally
from protocol.identity import Identity, PublicKey
from protocol.pairing import (
    Invitation,
    PairChallenge,
    Paired,
    PairProof,
    Transcript,
    encode,
)

GUESSES = 200


async def guess_the_secret(server: HostileServer, bell: Doorbell) -> Tally:
    """Prove secrets that are not the code's; the code must be dead long before the end."""
    row = Tally("pairing by guessing the secret")
    edges, invitation = bell.edges(), await _invited(bell)
    for _ in range(GUESSES):
        row.note(not await _prove(server, invitation, secrets.token_bytes(16)), "a guess")
    row.note(not await _prove(server, invitation, invitation.secret), "the code after five tries")
    row.edges = bell.edges() - edges
    return row


async def use_twice(server: HostileServer, bell: Doorbell) -> Tally:
    """A code that somebody used already, and a proof that was made for another conversation."""
    row = Tally("pairing with a used code, or with another phone's proof")
    link = await bell.pairing_link()
    invitation = Invitation.parse(urlsplit(link).fragment)
    hello = pair_hello(Identity.generate(), invitation.device_id, "Overheard")
    challenge = await server.pair(hello)
    if not isinstance(challenge, PairChallenge):
        raise RuntimeError("The doorbell did not answer a fresh code.")
    proof = transcript(hello, challenge).proof(invitation.secret, "phone")
    other = await server.pair(pair_hello(Identity.generate(), invitation.device_id, "Thief"))
    if isinstance(other, PairChallenge):
        taken = await server.pair(_proof(invitation, other.pairing, proof))
        row.note(not isinstance(taken, Paired), "another phone's proof")
    done = await server.pair(_proof(invitation, challenge.pairing, proof))
    if not isinstance(done, Paired):
        raise RuntimeError("The doorbell refused a genuine pairing.")
    again = await server.pair(_proof(invitation, challenge.pairing, proof))
    row.note(not isinstance(again, Paired), "the same proof again")
    row.note(not await _prove(server, invitation, invitation.secret), "the used code")
    return row


async def race(server: HostileServer, bell: Doorbell) -> Tally:
    """Many phones with the same code at the same time: one may win, and no more."""
    row = Tally("pairing many phones at once with one code")
    invitation = await _invited(bell)
    async with asyncio.TaskGroup() as group:
        runners = [group.create_task(_prove(server, invitation, invitation.secret))
                   for _ in range(12)]  # fmt: skip
    winners = sum(runner.result() for runner in runners)
    for number in range(len(runners) - 1):
        row.note(number >= winners - 1, f"{winners} phones paired with one code")
    return row


async def exchange_keys(server: HostileServer, bell: Doorbell) -> Tally:
    """Put own keys into a pairing that is carried: neither side may believe them."""
    row = Tally("a key exchanged while a pairing is carried")
    link = await bell.pairing_link()
    invitation = Invitation.parse(urlsplit(link).fragment)
    thief, victim = Identity.generate(), Identity.generate()
    hello = pair_hello(victim, invitation.device_id, "Victim")
    challenge = await server.pair(hello.model_copy(update={"public_key": thief.public.text}))
    if not isinstance(challenge, PairChallenge):
        raise RuntimeError("The doorbell did not answer a fresh code.")
    # What the honest phone proves is about its own key, which the doorbell never saw.
    proof = transcript(hello, challenge).proof(invitation.secret, "phone")
    taken = await server.pair(_proof(invitation, challenge.pairing, proof))
    row.note(not isinstance(taken, Paired), "the phone's key exchanged")
    believed = transcript(hello, challenge).accepts(invitation.secret, "doorbell", challenge.proof)
    row.note(not believed, "the doorbell's proof for another key")
    row.note(not _is_genuine(invitation, thief.public), "the doorbell's key exchanged")
    made_up = Transcript(invitation.device_id, thief.public.text, hello.public_key,
                         challenge.nonce, hello.nonce, hello.name)  # fmt: skip
    forged = made_up.proof(secrets.token_bytes(16), "doorbell")
    row.note(not made_up.accepts(invitation.secret, "doorbell", forged), "an invented proof")
    return row


async def _invited(bell: Doorbell) -> Invitation:
    return Invitation.parse(urlsplit(await bell.pairing_link()).fragment)


async def _prove(server: HostileServer, invitation: Invitation, secret: bytes) -> bool:
    """Whether a whole pairing with that secret succeeds."""
    hello = pair_hello(Identity.generate(), invitation.device_id, "Thief")
    challenge = await server.pair(hello)
    if not isinstance(challenge, PairChallenge):
        return False
    proof = transcript(hello, challenge).proof(secret, "phone")
    return isinstance(await server.pair(_proof(invitation, challenge.pairing, proof)), Paired)


def _proof(invitation: Invitation, pairing: str, proof: str) -> PairProof:
    return PairProof(device_id=invitation.device_id, pairing=pairing, proof=proof)


def _is_genuine(invitation: Invitation, key: PublicKey) -> bool:
    return encode(hashlib.sha256(key.spki).digest()) == invitation.key_hash
