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

from attack import calls, middle, pairings, unlocks
from attack.doorbell import Doorbell
from attack.phones import HonestPhone
from attack.server import HostileServer, hostile_server
from attack.tally import Tally, table, verdict

# Together more than ten thousand openings that must not happen.
WHOLE, QUICK = 2_500, 25


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} of each, not {WHOLE}")
    times = QUICK if parser.parse_args().quick else WHOLE
    logging.getLogger("aiortc").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_attack(Path(folder), times))
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
    return rows


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
    async with unlocks.session(admin) as owner:
        seen = await unlocks.opened_once(bell, owner)
        yield await unlocks.replayed(bell, owner, seen, times)
        yield await unlocks.forged(bell, owner, times)
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
