"""Which doors the doorbell has toward the network: none that listens on TCP."""

from __future__ import annotations

import os
import re
from pathlib import Path

from scripts.stack import Stack

LISTENING = "0A"


def listening_tcp(pid: int) -> list[str]:
    """Local addresses on which the process accepts TCP, as the kernel lists them."""
    links = (os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir())
    inodes = {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == LISTENING and row[9] in inodes]


def test_a_running_doorbell_accepts_no_tcp(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        stack.twin("press")
        assert listening_tcp(stack.server.pid), "the way of looking sees nothing"
        assert listening_tcp(stack.doorbell.pid) == []
