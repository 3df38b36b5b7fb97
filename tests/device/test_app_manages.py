"""The whole service is managed by an admin's phone, over a signed call of its own."""

from __future__ import annotations

from pathlib import Path

from device.wiring import identity_in
from protocol.audit import AuditRow, next_hash, row_hash
from protocol.door import ALL_RIGHTS
from protocol.household import (
    Access,
    AuditPage,
    ChangePhone,
    HouseholdRefused,
    HouseholdView,
    Invite,
    Invited,
    MakeToken,
    ReadAudit,
    RemovePhone,
    RevokeToken,
    TokenMade,
    WantPasskey,
)
from protocol.link import CallEnded, Members
from protocol.pairing import Invitation
from tests.support.audit_rig import rows_of
from tests.support.carrier import Carrier
from tests.support.desk_phone import DeskPhone
from tests.support.door import eventually
from tests.support.doorbell_process import doorbell


async def test_an_admin_manages_the_household_and_a_guest_does_not(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running, DeskPhone() as anna, DeskPhone() as ben:
        server = Carrier(await running.server.line())
        await server.line.welcome()
        key = await server.pair(anna, tmp_path)
        await server.pair(ben, tmp_path)
        await server.call(anna, key, "call-anna")
        await server.call(ben, key, "call-ben-")

        await check_guest(ben)
        await check_admin(anna, ben, running.server.url, server)
        await check_log(anna)
        await running.stop()
    whats = [row.what for row in rows_of(tmp_path, identity_in(tmp_path))]
    for what in ("paired", "phone_changed", "invited", "token_made", "token_revoked",
                 "phone_removed"):  # fmt: skip
        assert what in whats


async def check_guest(ben: DeskPhone) -> None:
    own = await ben.show(1)
    assert isinstance(own, HouseholdView)
    assert [member.phone.id for member in own.members] == [ben.identity.id]
    more = ChangePhone(id=2, phone=ben.identity.id, name="Ben", access=Access(rights=ALL_RIGHTS))
    refused = await ben.manage(more)
    assert isinstance(refused, HouseholdRefused)
    assert refused.reason == "right"
    # The page that asks is not the doorbell's own: it is told which one is.
    other = await ben.manage(WantPasskey(id=3, origin="https://evil.example"))
    assert isinstance(other, HouseholdRefused)
    assert other.reason == "passkey"


async def check_admin(anna: DeskPhone, ben: DeskPhone, address: str, server: Carrier) -> None:
    seen = await anna.show(1)
    assert isinstance(seen, HouseholdView)
    assert {member.phone.id for member in seen.members} == {anna.identity.id, ben.identity.id}

    guest = Access(rights=("view",))
    await anna.manage(ChangePhone(id=2, phone=ben.identity.id, name="Ben", access=guest))
    await ben.until(lambda: any(reply.id == 0 for reply in ben.asked))
    pushed = next(reply for reply in ben.asked if reply.id == 0)
    assert isinstance(pushed, HouseholdView)
    assert pushed.members[0].phone.rights == ("view",)

    invited = await anna.manage(Invite(id=3, access=guest))
    assert isinstance(invited, Invited)
    assert invited.link.startswith(f"{address}/#p=1.")
    Invitation.parse(invited.link.partition("#")[2])

    made = await anna.manage(MakeToken(id=4, name="Recorder", kind="record"))
    assert isinstance(made, TokenMade)
    told = await server.hear(Members)
    while not told.tokens:
        told = await server.hear(Members)
    assert [token.id for token in told.tokens] == [made.token.id]
    assert made.secret not in told.model_dump_json()
    await anna.manage(RevokeToken(id=5, token=made.token.id))

    await anna.manage(RemovePhone(id=6, phone=ben.identity.id))
    assert await server.hear(CallEnded) == CallEnded(call="call-ben-")
    await eventually(lambda: ben.pc.connectionState == "closed")
    assert server.members == {anna.identity.id}


async def check_log(anna: DeskPhone) -> None:
    page = await anna.manage(ReadAudit(id=7))
    assert isinstance(page, AuditPage)
    reached = page.before
    for text in reversed(page.rows):
        row = AuditRow.model_validate_json(text)
        reached = next_hash(row.number, reached, row_hash(text.encode()))
    assert reached == page.hash
