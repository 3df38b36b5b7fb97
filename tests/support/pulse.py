"""A sound card for PyAudio where there is none: PulseAudio with one sink and ALSA's way to it.

What is played into the sink is heard by the microphone, as in a room with hard walls. Nothing of
the machine's own configuration is touched or used.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
SINK = "door"
PROCESS_ID = "pid"
START_LIMIT_S = 20.0
CONFIGURATION = """</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
# Without it the sink swallows two seconds of sound at once, which no sound card does.
LIKE_A_CARD = "norewinds=1"


def missing() -> str | None:
    """What keeps PulseAudio from being used here; None when all is there."""
    plugin = any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
    found = {
        "PyAudio": importlib.util.find_spec("pyaudio") is not None,
        "pulseaudio": shutil.which("pulseaudio") is not None,
        "pulseaudio-utils": shutil.which("pactl") is not None,
        "libasound2-plugins": plugin,
    }
    names = [name for name, there in found.items() if not there]
    return (
        f"not installed: {', '.join(names)}; scripts/setup.sh test installs it" if names else None
    )


class Pulse:
    """A running PulseAudio; its card can be unplugged and plugged in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        socket = folder / "native"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_SINK": SINK,
            "PULSE_SOURCE": f"{SINK}.monitor",
            "PYTHONPATH": str(ROOT),
        }

    def control(self, *words: str) -> bool:
        """Tell the server something; whether it did it."""
        done = subprocess.run(
            ["pactl", *words], env=self.environment, capture_output=True, check=False, timeout=10
        )
        return done.returncode == 0

    def plug(self) -> None:
        """The card is there."""
        if not self.control("load-module", "module-null-sink", LIKE_A_CARD, f"sink_name={SINK}",
                            "rate=48000", "channels=1"):  # fmt: skip
            raise RuntimeError("PulseAudio makes no sink.")

    def unplug(self) -> None:
        """The card is gone, whatever is playing."""
        if not self.control("unload-module", "module-null-sink"):
            raise RuntimeError("PulseAudio keeps its sink.")

    def freeze(self) -> None:
        """The card answers nothing and stays where it is."""
        os.kill(self._process_id(), signal.SIGSTOP)

    def thaw(self) -> None:
        """The card answers again."""
        os.kill(self._process_id(), signal.SIGCONT)

    def _process_id(self) -> int:
        return int((self.folder / PROCESS_ID).read_text())

    def run(self, command: str, limit_s: float = 60.0) -> str:
        """What `tests/support/sound_child.py` prints for a command.

        PortAudio reads the environment when it is loaded, hence the process of its own.
        """
        done = self.python("-m", "tests.support.sound_child", command, limit_s=limit_s)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout

    def python(self, *words: str, limit_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run the interpreter with the card."""
        return subprocess.run(
            [sys.executable, "-W", "error", *words], env=self.environment, cwd=ROOT,
            capture_output=True, text=True, check=False, timeout=limit_s,
        )  # fmt: skip


@contextmanager
def pulse(folder: Path) -> Iterator[Pulse]:
    """PulseAudio with its card plugged in, ended by its own process id."""
    (folder / "asound.conf").write_text(CONFIGURATION)
    server = Pulse(folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit",
             "--use-pid-file=no", "--log-target=stderr",
             "-L", f"module-native-protocol-unix socket={folder}/native auth-anonymous=1"],
            env=server.environment, stdout=log, stderr=log,
        )  # fmt: skip
    (folder / PROCESS_ID).write_text(str(process.pid))
    try:
        _wait(server, process)
        server.plug()
        yield server
    finally:
        server.thaw()
        process.terminate()
        process.wait(10)


def _wait(server: Pulse, process: subprocess.Popen[bytes]) -> None:
    give_up_s = time.monotonic() + START_LIMIT_S
    while not server.control("info"):
        if process.poll() is not None or time.monotonic() > give_up_s:
            raise RuntimeError((server.folder / "log").read_text("utf-8", "replace"))
        time.sleep(0.05)
