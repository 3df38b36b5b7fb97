"""A process that writes to an audit log until it is killed: `python -m … FOLDER`.

Prints the number of each row when `write` has confirmed it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from device.services.audit import AuditLog
from device.services.audit_book import AuditBook
from protocol.identity import Identity
from tests.support.audit_rig import HandStamp


async def write_for_ever(folder: Path) -> None:
    identity = Identity.load_or_create(folder / "identity.pem")
    log = AuditLog(AuditBook(folder, identity, "killed"), HandStamp())
    async with asyncio.TaskGroup() as group:
        group.create_task(log.run())
        while True:
            log.note("call_began", detail="noted")
            print(await log.write("unlock_granted", detail="written"), flush=True)


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1])))
