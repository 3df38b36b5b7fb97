"""One trial start of a card: from power-on to a doorbell that asks for its first phone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from image.card.board import VirtualBoard, card_from
from image.card.errors import BoardError
from image.first_run.__main__ import main as make_files

PERSON = "tester"
# A twentieth of a Pi's speed, and perhaps half of that while others work on this machine.
READY_LIMIT_S = 1500.0
CODE_LIMIT_S = 120.0
# What the card looks like from inside; each line is printed, and the word has to stand in it.
QUESTIONS: tuple[tuple[str, str], ...] = (
    ("systemctl is-active doorstep-device doorstep-welcome", "active\nactive"),
    ("findmnt -no SOURCE,FSTYPE /var/lib/doorstep", "ext4"),
    ("findmnt -no OPTIONS /", "noatime"),
    ("df -h --output=size,used,target / /var/lib/doorstep-state", "doorstep-state"),
    ("sudo ss -Hltun", ""),
    ("sudo doorstep status", "phones"),
    ("sudo doorstep pair | head -n 4", "https://"),
    ("systemctl --failed --no-legend | cat", ""),
    ("systemd-analyze time | head -n 1", "Startup finished"),
)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """Where its files lie, and who is told what happens."""

    folder: Path
    tell: Tell

    def start(self, image: Path, *more: str) -> None:
        """Make card files (`more` arguments for them), start, look around. BoardError."""
        card = card_from(image, self._files(*more), self.folder / "card.img")
        with VirtualBoard(card, self.folder / "console.txt") as board:
            self._watch(board)
            for command, word in QUESTIONS:
                self._ask(board, command, word)
            self.tell(f"off after {board.power_off(PERSON, self._key):.0f} s")

    @property
    def _key(self) -> Path:
        return self.folder / "key"

    def _files(self, *more: str) -> Path:
        if not self._key.exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)], check=True
            )
        out = self.folder / "files"
        wishes = ["--out", str(out), "--name", "Trial door", "--host-name", "trial-door",
                  "--server", "https://door.example.org", "--time-zone", "Europe/Berlin",
                  "--user", PERSON, "--ssh-key", f"{self._key}.pub", *more]  # fmt: skip
        if make_files(wishes) != 0:
            raise BoardError("The card files could not be made.")
        return out

    def _watch(self, board: VirtualBoard) -> None:
        for what, pattern, limit_s in (
            ("login prompt", r" login:", READY_LIMIT_S),
            ("doorbell ready", r"Trial door: Ready", READY_LIMIT_S),
            ("pairing code on the console", r"https://door\.example\.org/#\S+", CODE_LIMIT_S),
        ):
            limit_at_s = board.seconds_on + limit_s
            self.tell(f"{board.wait_for(pattern, limit_at_s):5.0f} s  {what}")

    def _ask(self, board: VirtualBoard, command: str, word: str) -> None:
        answer = board.ask(PERSON, self._key, command)
        self.tell(f"$ {command}\n{answer.rstrip()}")
        if word not in answer:
            raise BoardError(f"{command!r} did not answer with {word!r}.")
