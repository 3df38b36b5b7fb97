"""The whole service takes a signed call, and cuts it off when its phone is taken out."""

from __future__ import annotations

import asyncio
from pathlib import Path

from device.services.admin import ask
from device.wiring import identity_in
from protocol.link import CallAnswer, CallEnded, CallRefused
from tests.support.audit_rig import rows_of
from tests.support.carrier import Carrier
from tests.support.door import eventually
from tests.support.doorbell_process import doorbell
from tests.support.phone import LoopPhone

# "Within a second nothing flows."
CUT_OFF_S = 1.0


async def test_a_phone_calls_and_is_cut_off_when_it_is_taken_out(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running, LoopPhone() as phone, LoopPhone() as owner:
        server = Carrier(await running.server.line())
        await server.line.welcome()
        key = await server.pair(owner, tmp_path)
        assert await server.pair(phone, tmp_path) == key
        assert server.members == {owner.identity.id, phone.identity.id}

        offer = await server.offer(phone, key, "call-0001")
        await server.line.say(
            offer.model_copy(update={"call": "call-0002", "sdp": offer.sdp + " "})
        )
        assert (await server.hear(CallRefused)).call == "call-0002"
        offer = await server.offer(phone, key, "call-0001")
        await server.line.say(offer)
        await phone.take(await server.hear(CallAnswer))
        await phone.until(lambda: len(phone.samples) > 5 and phone.numbers and phone.replies)

        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await asyncio.to_thread(ask, tmp_path, "remove_phone", phone.identity.id)
        assert await server.hear(CallEnded) == CallEnded(call="call-0001")
        await eventually(lambda: phone.pc.connectionState == "closed")
        assert loop.time() - began_s < CUT_OFF_S
        assert server.members == {owner.identity.id}
        await server.line.say(offer)
        assert "not paired" in (await server.hear(CallRefused)).detail

        await running.stop()
        told = [(row.what, row.who) for row in rows_of(tmp_path, identity_in(tmp_path))]
        anna = phone.identity.id
        for row in (("call_refused", anna), ("call_began", anna), ("call_ended", anna)):
            assert row in told
