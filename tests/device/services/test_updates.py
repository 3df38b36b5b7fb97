"""Updates are looked for, downloaded and handed on; nothing that is not signed gets that far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device.core.access import LocalTime
from device.services import updates as module
from device.services.update_mailbox import UpdateMailbox, trusted_keys
from device.services.update_source import UpdateSource
from device.services.updates import Rhythm, Updates
from protocol.identity import Identity
from protocol.updates import Progress, SoftwareView, System, Wish
from scripts.bundle import new_key
from tests.support.noting_ledger import NotingLedger
from tests.support.update_bundles import SYSTEM, bundle_of
from tests.support.update_rig import Rig
from tests.support.update_server import UpdateServer, update_server

SIGNER, STRANGER = Identity.generate(), Identity.generate()
NIGHT, DAY = (LocalTime(1, 0, minute, trusted=True) for minute in (180, 720))
LIMIT_S = 10.0
QUICK = Rhythm((1e6, 1e6), (1e6, 1e6), 0.01, 0.01)


@dataclass
class House:
    """A doorbell with version 1.0.0 and a web server that offers 1.2.0."""

    updates: Updates
    server: UpdateServer
    mailbox: UpdateMailbox
    ledger: NotingLedger
    busy: bool = False
    time: LocalTime = DAY
    views: list[SoftwareView] = field(default_factory=list)

    async def until(self, holds: Callable[[SoftwareView], bool]) -> SoftwareView:
        async with asyncio.timeout(LIMIT_S):
            while not holds(self.updates.view()):  # noqa: ASYNC110 - files of another process
                await asyncio.sleep(0.005)
        return self.updates.view()

    async def wished(self) -> Wish:
        async with asyncio.timeout(LIMIT_S):
            while (wish := self.mailbox.wish()) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return wish


@asynccontextmanager
async def house(
    folder: Path, *, signer: Identity = SIGNER, keys: tuple[Identity, ...] = (SIGNER,),
    system: System = SYSTEM, automatic: bool = False, version: str = "1.2.0",
) -> AsyncIterator[House]:  # fmt: skip
    bundle_of(folder, version, signer, notes="Rings louder.")
    async with update_server(folder / "out") as (server, trust), asyncio.TaskGroup() as group:
        mailbox, ledger = UpdateMailbox(folder / "mailbox", folder / "updates"), NotingLedger()
        updates = Updates(
            UpdateSource(server.url, system, trust),
            tuple(key.public for key in keys),
            mailbox, "1.0.0", busy=lambda: made.busy, local=lambda: made.time,
            ledger=ledger, automatic=automatic, rhythm=QUICK,
        )  # fmt: skip
        made = House(updates, server, mailbox, ledger)
        updates.watch(made.views.append)
        running = group.create_task(updates.run())
        yield made
        running.cancel()


async def test_a_newer_version_is_offered_with_its_notes(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        assert made.updates.view().step == "none"
        await made.updates.look()
        view = made.updates.view(7)
        assert (view.id, view.installed, view.latest) == (7, "1.0.0", "1.2.0")
        assert (view.notes, view.step) == ("Rings louder.", "offered")
        assert made.server.asked == [("trixie-arm64.manifest", "")]


async def test_what_runs_already_is_not_offered(tmp_path: Path) -> None:
    async with house(tmp_path, version="1.0.0") as made:
        await made.updates.look()
        assert made.updates.view().step == "none"
        assert made.updates.install() != ""


async def test_an_offer_is_downloaded_checked_and_handed_on(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.updates.look()
        assert made.updates.install("1.2.0", "phone", "Anna") == ""
        wish = await made.wished()
        assert wish.bundle == "doorstep_1.2.0_trixie_arm64.bundle"
        handed = tmp_path / "mailbox" / wish.bundle
        assert handed.read_bytes() == (tmp_path / "out" / wish.bundle).read_bytes()
        view = await made.until(lambda view: view.step == "installing")
        assert view.trouble is None
        steps = [view.step for view in made.views]
        assert steps.index("downloading") < steps.index("waiting") < steps.index("installing")
        [row] = made.ledger.rows
        assert (row.what, row.who, row.name) == ("update_wanted", "phone", "Anna")
        assert "1.2.0" in row.detail


async def test_a_download_goes_on_where_it_broke_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.01)
    async with house(tmp_path) as made:
        made.server.cuts = [200, 200]
        await made.updates.look()
        made.updates.install()
        await made.wished()
        ranges = [wanted for name, wanted in made.server.asked if name.endswith(".bundle")]
        assert ranges[0] == ""
        assert 0 < int(ranges[1][6:-1]) <= 200
        assert len(ranges) == 3


async def test_a_source_that_stays_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.001)
    async with house(tmp_path) as made:
        await made.updates.look()
        made.server.away = True
        made.updates.install()
        view = await made.until(lambda view: view.trouble is not None)
        assert (view.trouble, view.step) == ("network", "offered")
        assert "tries again" in view.detail


async def test_a_bundle_that_was_changed_on_its_way_is_removed(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.updates.look()
        path = tmp_path / "out" / "doorstep_1.2.0_trixie_arm64.bundle"
        changed = bytearray(path.read_bytes())
        changed[-100] ^= 1
        path.write_bytes(changed)
        made.updates.install()
        view = await made.until(lambda view: view.trouble is not None)
        assert view.trouble == "broken"
        assert made.mailbox.wish() is None
        assert list((tmp_path / "mailbox").glob("*.bundle*")) == []


async def test_a_source_that_never_ends_fills_no_card(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        made.server.more = bytes(2**20)
        await made.updates.look()
        made.updates.install()
        view = await made.until(lambda view: view.trouble is not None)
        assert view.trouble == "broken"
        assert list((tmp_path / "mailbox").glob("*.bundle*")) == []


async def test_an_offer_that_somebody_else_signed_is_none(tmp_path: Path) -> None:
    async with house(tmp_path, signer=STRANGER) as made:
        await made.updates.look()
        view = made.updates.view()
        assert (view.trouble, view.step, view.latest) == ("signature", "none", "")
        assert "No key that this doorbell trusts" in view.detail


async def test_an_offer_for_another_system_is_none(tmp_path: Path) -> None:
    system = System("trixie", "arm64", "3.12", "1.0.0")
    async with house(tmp_path, system=system) as made:
        await made.updates.look()
        assert made.updates.view().trouble == "wrong_system"


async def test_without_a_key_nothing_is_even_asked(tmp_path: Path) -> None:
    async with house(tmp_path, keys=()) as made:
        await made.updates.look()
        view = made.updates.view()
        assert (view.enabled, view.trouble) == (False, "keys")
        assert made.server.asked == []
        assert made.updates.install() == view.detail


async def test_nothing_is_downloaded_or_handed_on_during_a_visit(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.updates.look()
        made.busy = True
        made.updates.install()
        await made.until(lambda view: view.step == "downloading")
        await asyncio.sleep(0.1)
        assert made.mailbox.wish() is None
        assert not (tmp_path / "mailbox" / "doorstep_1.2.0_trixie_arm64.bundle").exists()
        made.busy = False
        await made.wished()


async def test_at_night_it_goes_by_itself_where_that_is_wished(tmp_path: Path) -> None:
    async with house(tmp_path, automatic=True) as made:
        await made.updates.look()
        await asyncio.sleep(0.1)
        assert made.mailbox.wish() is None
        made.time = NIGHT
        await made.wished()


async def test_what_was_rolled_back_is_not_tried_again_by_itself(tmp_path: Path) -> None:
    told = Progress(
        failed="1.2.0", trouble="unhealthy", detail="It did not ring.", rolled_back=True
    )
    (tmp_path / "updates").mkdir()
    (tmp_path / "updates" / "status.json").write_text(told.model_dump_json())
    async with house(tmp_path, automatic=True) as made:
        made.time = NIGHT
        await made.until(lambda view: view.rolled_back)
        await made.updates.look()
        await asyncio.sleep(0.1)
        assert made.mailbox.wish() is None
        view = made.updates.view()
        assert (view.failed, view.detail) == ("1.2.0", "It did not ring.")
        # A person may try it again.
        assert made.updates.install("1.2.0") == ""
        await made.wished()


async def test_an_installer_that_says_nothing_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_LIMIT_S", 0.05)
    async with house(tmp_path) as made:
        await made.updates.look()
        made.updates.install()
        view = await made.until(lambda view: view.trouble == "fault")
        assert "doorstep-update.path" in view.detail


async def test_the_whole_way_from_the_web_server_to_the_new_version(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    async with house(tmp_path) as made:
        await made.updates.look()
        made.updates.install()
        wish = await made.wished()
        await made.until(lambda view: view.step == "installing")
        rig.installer.obey(wish, rig.mailbox)
        assert rig.in_force() == "1.2.0"
        await made.until(lambda view: view.step == "offered")
        assert list((tmp_path / "mailbox").glob("*.bundle*")) == []


def test_keys_are_read_from_their_folder(tmp_path: Path) -> None:
    public = new_key(tmp_path / "release.pem")
    (tmp_path / "keys").mkdir()
    public.rename(tmp_path / "keys" / public.name)
    (tmp_path / "keys" / "broken.pem").write_text("no key")
    found = trusted_keys(tmp_path / "keys")
    assert [key.id for key in found] == [Identity.load_or_create(tmp_path / "release.pem").id]
