"""Calls that were not offered, or not answered, by whom they claim."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attack.doorbell import Doorbell
from attack.mutations import Forgery, changed_lines, forged_statements, malleated
from attack.phones import HonestPhone, Peer, RefusedError, believed
from attack.server import HostileServer, new_call
from attack.tally import Tally
from protocol.calls import fingerprint_of
from protocol.identity import Identity
from protocol.link import CallAnswer, CallOffer, CallRefused
from scripts.signed_call import SignedOffer


async def changed_offers(server: HostileServer, bell: Doorbell, phone: HonestPhone) -> Tally:
    """The SDP of a genuine offer, changed in every line, under its genuine signature."""
    row = Tally("an offer's SDP changed on the way, line by line", logged=0)
    async with _peer(row) as peer:
        sdp = await peer.sdp()
        async with _counted(row, bell):
            for forgery in changed_lines(sdp):
                offer = await phone.signed(sdp)
                await _try(row, server, forgery.how, forgery.text, offer.signature)
            await _try(row, server, "other line ends", *await _respelt(phone, sdp))
    return row


async def forged_offers(server: HostileServer, bell: Doorbell, phone: HonestPhone) -> Tally:
    """The signature of a genuine offer changed, doubled, dropped or made with another key."""
    row = Tally("an offer's signature forged, dropped, doubled, of another kind", logged=0)
    async with _peer(row) as peer, _counted(row, bell):
        sdp = await peer.sdp()
        sample = await phone.signed(sdp)
        forger = Identity.generate()
        kinds = len(list(forged_statements(sample.signature, forger, phone.identity.public.spki)))
        for number in range(kinds):
            offer = await phone.signed(sdp)
            spki = phone.identity.public.spki
            forgery = list(forged_statements(offer.signature, forger, spki))[number]
            await _try(row, server, forgery.how, sdp, forgery.text or None)
    return row


async def swapped_offers(server: HostileServer, bell: Doorbell, phone: HonestPhone) -> Tally:
    """The attacker's own certificate in a genuine offer, and genuine statements on other SDP."""
    row = Tally("an offer with the attacker's own fingerprint or SDP", logged=0)
    async with _peer(row) as mine, _peer(row) as theirs, _counted(row, bell):
        genuine, own = await theirs.sdp(), await mine.sdp()
        swapped = genuine.replace(fingerprint_of(genuine), fingerprint_of(own))
        both = genuine + f"a=fingerprint:sha-256 {fingerprint_of(own)}\r\n"
        for how, sdp in (("fingerprint swapped", swapped), ("two fingerprints", both),
                         ("another SDP", own)):  # fmt: skip
            await _try(row, server, how, sdp, (await phone.signed(genuine)).signature)
        outsider = SignedOffer.make(
            Identity.generate(), phone.doorbell,
            (await server.challenge(phone.identity.id)).nonce, own,
        )  # fmt: skip
        await _try(row, server, "a stranger's own offer", own, outsider.signature)
        await _try(row, server, "unsigned", own, None)
        genuine_again = await phone.signed(genuine)
        await _try(row, server, "said to answer a ring", genuine, genuine_again.signature,
                   answers="visit-0001")  # fmt: skip
    return row


async def replayed_offers(
    server: HostileServer, bell: Doorbell, phone: HonestPhone, times: int
) -> Tally:
    """Genuine offers used a second time: the same, their twin, in other calls, after a restart."""
    row = Tally("a genuine offer replayed: again, as its twin, after a restart", logged=0)
    async with _peer(row) as peer, _counted(row, bell):
        sdp = await peer.sdp()
        offer = await phone.signed(sdp)
        await _take(server, offer)
        for _ in range(times):
            await _try(row, server, "the same again", sdp, offer.signature)
            await _try(row, server, "its twin", sdp, malleated(offer.signature))
    async with _peer(row) as peer:
        sdp = await peer.sdp()
        unused = await phone.signed(sdp)
        await bell.restart()
        await server.linked()
        async with _counted(row, bell):
            await _try(row, server, "after a restart", sdp, unused.signature)
            await _try(row, server, "used, after a restart", sdp, offer.signature)
    return row


async def changed_answers(server: HostileServer, phone: HonestPhone) -> Tally:
    """The doorbell's answer changed, exchanged or invented: an honest phone must not believe it."""
    row = Tally("an answer's SDP or signature changed, or of another call")
    peers = [Peer(), Peer()]
    try:
        (first, answer), (second, other) = [
            await _take(server, await phone.signed(await peer.sdp())) for peer in peers
        ]
        for forgery in changed_lines(answer.sdp):
            _believe(row, first, forgery.how, CallAnswer(call="x" * 8, sdp=forgery.text,
                                                        signature=answer.signature))  # fmt: skip
        for forgery in _forged(answer, phone):
            _believe(row, first, forgery.how, answer.model_copy(update={"signature": forgery.text}))
        _believe(row, first, "the other call's answer", other)
        _believe(row, second, "the first call's answer", answer)
        mixed = other.model_copy(update={"signature": answer.signature})
        _believe(row, first, "the other call's SDP", mixed)
        _believe(row, first, "the offer's own statement",
                 answer.model_copy(update={"signature": first.signature}))  # fmt: skip
        await server.hang_up(answer.call)
        await server.hang_up(other.call)
    finally:
        for peer in peers:
            await peer.close()
    return row


def _forged(answer: CallAnswer, phone: HonestPhone) -> list[Forgery]:
    forger = Identity.generate()
    return list(forged_statements(answer.signature or "", forger, phone.doorbell.spki))


def _believe(row: Tally, offer: SignedOffer, how: str, answer: CallAnswer) -> None:
    try:
        believed(offer, answer)
    except RefusedError:
        row.note(refused=True, how=how)
    else:
        row.note(refused=False, how=how)


async def _take(server: HostileServer, offer: SignedOffer) -> tuple[SignedOffer, CallAnswer]:
    """A genuine offer's genuine answer."""
    answer = await server.offer(
        CallOffer(call=new_call(), sdp=offer.sdp, signature=offer.signature)
    )
    if isinstance(answer, CallRefused):
        raise RefusedError(f"The doorbell refused a genuine call: {answer.detail}")
    return offer, answer


async def _try(
    row: Tally, server: HostileServer, how: str, sdp: str, signature: str | None,
    answers: str | None = None,
) -> None:  # fmt: skip
    if not sdp:
        return
    offer = CallOffer(call=new_call(), sdp=sdp, signature=signature, answers=answers)
    reply = await server.offer(offer)
    row.note(refused=isinstance(reply, CallRefused), how=how)
    if isinstance(reply, CallAnswer):
        await server.hang_up(reply.call)


async def _respelt(phone: HonestPhone, sdp: str) -> tuple[str, str]:
    return sdp.replace("\r\n", "\n"), (await phone.signed(sdp)).signature


@asynccontextmanager
async def _peer(row: Tally) -> AsyncIterator[Peer]:
    """The attacker's end; whatever it was given by the end counts as leaked."""
    peer = Peer()
    try:
        yield peer
    finally:
        row.leaked += peer.leaked + peer.media_bytes()
        await peer.close()


@asynccontextmanager
async def _counted(row: Tally, bell: Doorbell) -> AsyncIterator[None]:
    """Count what the doorbell's log has of it, and the edges of the lock's pin."""
    rows, edges = await bell.logged("call_refused"), bell.edges()
    yield
    row.logged = (row.logged or 0) + await bell.logged("call_refused") - rows
    row.edges += bell.edges() - edges
