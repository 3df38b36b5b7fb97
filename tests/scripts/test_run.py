"""`make run` as a stranger meets it: two real processes, one way to end them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack import PAIRING_LINK, ROOT, free_port, wait_until

# Well below the patience of someone who has pressed Ctrl-C.
END_LIMIT_S = 10.0


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """`make run` with both services up, and the file of what it says."""
    said = folder / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.run", "--port", str(free_port()),
             "--state", str(folder / "state")],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    try:
        wait_until("The link", lambda: "linked to" in said.read_text("utf-8"))
        yield process, said
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_LIMIT_S)


def child(process: subprocess.Popen[bytes], package: str) -> int:
    """The id of the process that runs `python -m PACKAGE`."""
    folder = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for pid in folder.read_text().split():
        if f"\0{package}\0run\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return int(pid)
    raise AssertionError(f"{package} does not run")


def test_it_prints_where_it_is_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path) as (process, said):
        process.send_signal(signal.SIGINT)
        assert process.wait(END_LIMIT_S) == 0
        text = said.read_text("utf-8")
    assert "Doorstep is at http://localhost:" in text
    assert PAIRING_LINK.search(text)
    assert "█" in text
    assert "Traceback" not in text
    assert "WARNING" not in text


@pytest.mark.parametrize(("package", "name"), [("device", "doorbell"), ("cloud", "server")])
def test_when_one_part_crashes_the_other_ends_too(tmp_path: Path, package: str, name: str) -> None:
    with running(tmp_path) as (process, said):
        other = child(process, "cloud" if package == "device" else "device")
        os.kill(child(process, package), signal.SIGKILL)
        assert process.wait(END_LIMIT_S) == 1
        assert not Path(f"/proc/{other}").exists()
        assert f"The {name} has ended by itself (code -9)" in said.read_text("utf-8")


def refused(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    [sentence] = done.stderr.splitlines()
    return sentence


def test_a_port_in_use_is_said_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refused("--port", port) == (
            f"Port {port} is in use by another program. Choose another: make run PORT=8090"
        )


@pytest.mark.parametrize("port", ["abc", "0", "99999", ""])
def test_a_port_that_is_none_is_said(port: str) -> None:
    assert "is no port" in refused("--port", port)
