"""`make attack`: exit code 1 when anything got through.

python -m attack [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from attack import broker, calls, clocks, middle, outsiders, pairings, unlocks
from attack.doorbell import Doorbell
from attack.management import change
from attack.phones import HonestPhone
from attack.server import HostileServer, hostile_server
from attack.tally import Tally, table, verdict
from protocol.household import Access
from scripts.phone import Phone
from scripts.stack import Stack

# Together more than ten thousand openings that must not happen.
WHOLE, QUICK = 2_500, 25


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} of each, not {WHOLE}")
    times = QUICK if parser.parse_args().quick else WHOLE
    # A thousand refusals are what is wanted, not what is wrong.
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_attack(Path(folder), times))
        rows += asyncio.run(broker.holds_the_broker(Path(folder) / "broker", max(30, times // 10)))
        rows += asyncio.run(_knock(Path(folder) / "whole"))
    print(table(rows))
    return verdict(rows, print)


async def _attack(folder: Path, times: int) -> list[Tally]:
    rows: list[Tally] = []
    async with hostile_server() as server, Doorbell(folder, server.url) as bell:
        await server.linked()
        admin = await HonestPhone.paired(server, await bell.pairing_link(), "Admin")
        async for row in _rows(server, bell, admin, times):
            print(f"{row.name}: {row.refused} of {row.tried} refused", file=sys.stderr)
            rows.append(row)
    rows.append(await clocks.at_wrong_moments(folder / "clocks", times))
    return rows


async def _knock(folder: Path) -> list[Tally]:
    """The real server, from outside. Its limits on rates are off: they would refuse everything."""
    stack = Stack(folder, server_options=("--rates-factor", "0"))
    await asyncio.to_thread(stack.__enter__)
    try:
        link = await asyncio.to_thread(stack.pairing_link)
        async with await Phone.paired(link, "Admin") as phone:
            return [
                await outsiders.stolen_tokens(stack, phone),
                await outsiders.climbing_paths(stack),
                await outsiders.swollen_bodies(stack, phone),
            ]
    finally:
        await asyncio.to_thread(stack.stop)


async def _rows(
    server: HostileServer, bell: Doorbell, admin: HonestPhone, times: int
) -> AsyncIterator[Tally]:
    for offers in (calls.changed_offers, calls.forged_offers, calls.swapped_offers):
        yield await offers(server, bell, admin)
    yield await calls.changed_answers(server, admin)
    yield await middle.sit_in_the_middle(server, bell, admin)
    for pairing in (pairings.guess_the_secret, pairings.use_twice, pairings.race,
                    pairings.exchange_keys):  # fmt: skip
        yield await pairing(server, bell)
    async for row in _unlock_rows(server, bell, admin, times):
        yield row
    yield await calls.replayed_offers(server, bell, admin, times // 50)


async def _unlock_rows(
    server: HostileServer, bell: Doorbell, admin: HonestPhone, times: int
) -> AsyncIterator[Tally]:
    guest = await HonestPhone.paired(server, await bell.pairing_link(), "Guest")
    await change(admin, guest, "Guest", Access(rights=("view", "talk", "light", "chime")))
    async with unlocks.session(admin) as owner:
        seen = await unlocks.opened_once(bell, owner)
        yield await unlocks.replayed(bell, owner, seen, times)
        yield await unlocks.forged(bell, owner, times)
        if times == WHOLE:
            # It waits for a minute; with clocks turned by hand the same is tried below.
            yield await unlocks.stale(bell, owner, times // 10)
        yield await unlocks.of_others(bell, owner, times)
        async with unlocks.session(guest) as visitor:
            yield await unlocks.without_the_right(bell, visitor, seen, times // 2)
    await bell.restart()
    await server.linked()
    async with unlocks.session(admin) as owner:
        again = await unlocks.replayed(bell, owner, seen, times // 2)
        again.name = "an unlock command replayed after a restart"
        yield again


if __name__ == "__main__":
    sys.exit(main())
