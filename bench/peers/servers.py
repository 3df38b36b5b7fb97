"""The other servers as child processes: `with go2rtc(folder) as server:`, None where it is absent.

go2rtc is found on PATH or built by Go from bench/peers/go.mod; MediaMTX is used when on PATH.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.stack import ROOT, free_port, listens, wait_until

HERE = Path(__file__).resolve().parent
BUILT = ROOT / ".setup" / "peers"
GO2RTC_MODULE = "github.com/AlexxIT/go2rtc"
BUILD_LIMIT_S = 900.0
STOP_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class PeerServer:
    """A running server: where viewers and encoders post their offers, and which process it is."""

    name: str
    page: str
    watch: str
    record: str | None
    pid: int


@contextlib.contextmanager
def stock(folder: Path) -> Iterator[PeerServer]:
    """aiortc as its documentation shows it."""
    port = free_port()
    command = [sys.executable, "-m", "bench.peers.stock", str(port), str(folder)]
    address = f"http://127.0.0.1:{port}"
    with _process(command, folder / "stock.log", port) as pid:
        yield PeerServer("stock aiortc", address, f"{address}/watch", f"{address}/record", pid)


@contextlib.contextmanager
def go2rtc(folder: Path, camera: str = "loop") -> Iterator[PeerServer | None]:
    """go2rtc with the twin's camera as the program that it reads from."""
    program = _go2rtc_program()
    if program is None:
        yield None
        return
    port = free_port()
    feed = f"exec:{sys.executable} -m bench.peers.feed {camera} {folder}"
    # JSON is YAML too. Without these lines it would open fixed ports and ask a public STUN server.
    settings = {
        "api": {"listen": f"127.0.0.1:{port}"},
        "rtsp": {"listen": ""},
        "srtp": {"listen": ""},
        "webrtc": {"listen": "", "ice_servers": []},
        "streams": {"door": feed},
        "preload": {"door": "video"},
    }
    path = folder / "go2rtc.json"
    path.write_text(json.dumps(settings))
    address = f"http://127.0.0.1:{port}"
    with _process([program, "-config", str(path)], folder / "go2rtc.log", port) as pid:
        yield PeerServer("go2rtc", address, f"{address}/api/webrtc?src=door", None, pid)


@contextlib.contextmanager
def mediamtx(folder: Path) -> Iterator[PeerServer | None]:
    """MediaMTX; encoders push by WHIP to a path of their own, and it records every path."""
    program = shutil.which("mediamtx")
    if program is None:
        yield None
        return
    port, media = free_port(), free_port()
    settings = {
        "rtsp": False, "rtmp": False, "hls": False, "srt": False, "logLevel": "warn",
        "webrtcAddress": f"127.0.0.1:{port}", "webrtcLocalUDPAddress": f":{media}",
        "webrtcICEServers2": [],
        "pathDefaults": {"record": True, "recordPath": f"{folder}/%path/%Y-%m-%d_%H-%M-%S-%f"},
        "paths": {"all_others": {}},
    }  # fmt: skip
    path = folder / "mediamtx.yml"
    path.write_text(json.dumps(settings))
    address = f"http://127.0.0.1:{port}"
    with _process([program, str(path)], folder / "mediamtx.log", port) as pid:
        watch, record = f"{address}/door/whep", f"{address}/{{name}}/whip"
        yield PeerServer("MediaMTX", f"{address}/door", watch, record, pid)


@contextlib.contextmanager
def _process(command: list[str], log: Path, port: int) -> Iterator[int]:
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until(f"The start of {command[0]}", lambda: _up(child, log, port))
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _up(child: subprocess.Popen[bytes], log: Path, port: int) -> bool:
    if child.poll() is not None:
        raise RuntimeError(
            f"A peer ended at its start: {log.read_text('utf-8', 'replace')[-2000:]}"
        )
    return listens(port)


def _go2rtc_program() -> str | None:
    """The binary, built once when Go is there; None when it cannot be had."""
    if found := shutil.which("go2rtc"):
        return found
    built = BUILT / "go2rtc"
    if built.exists():
        return str(built)
    go = shutil.which("go")
    if go is None:
        return None
    print("building go2rtc …", file=sys.stderr, flush=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    # Its camera drivers need a C compiler that matches; we feed it from a program.
    done = subprocess.run(
        [go, "build", "-o", str(built), GO2RTC_MODULE], cwd=HERE, timeout=BUILD_LIMIT_S,
        env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        print(f"go2rtc could not be built and is left out: {done.stderr[-300:]}", file=sys.stderr)
        return None
    return str(built)
