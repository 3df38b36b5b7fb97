"""Does parts of an update in processes of their own, whose power can be cut.

Reads one job per line, forks for it, and prints how the fork ended.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from protocol.identity import Identity
from tests.support.power import Loss, Power, PoweredDisk
from tests.support.update_rig import Rig
from updater.errors import UpdateError
from updater.mailbox import wish_in


@dataclasses.dataclass(frozen=True)
class Job:
    """`do` is boot or run; `cut` the step at which the power goes."""

    folder: str
    key: str
    do: str
    cut: int = 0
    loss: Loss = "kill"
    bad: tuple[str, ...] = ()


def work(job: Job) -> None:
    folder = Path(job.folder)
    power = Power(job.cut)
    disk = PoweredDisk(power, job.loss, folder / "attic")
    rig = Rig(folder, [Identity.load_or_create(Path(job.key))], disk=disk)
    rig.door.bad, rig.door.step = job.bad, power.step
    with contextlib.suppress(UpdateError):
        if job.do == "boot":
            rig.installer.check_at_boot()
        else:
            rig.installer.take_up()
            rig.installer.obey(wish_in(rig.mailbox), rig.mailbox)
    (folder / "trail.json").write_text(json.dumps(power.trail))


def main() -> None:
    for line in sys.stdin:
        told: dict[str, Any] = json.loads(line)
        job = Job(**{**told, "bad": tuple(told["bad"])})
        child = os.fork()
        if child == 0:
            work(job)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
