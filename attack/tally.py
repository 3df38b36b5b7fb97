"""What one kind of attack tried and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

WIDTH = 65


@dataclass
class Tally:
    """`edges` are changes of the lock's pin, `leaked` bytes that reached who must get none.

    `logged` counts rows of the audit log where such attempts belong there; None elsewhere.
    """

    name: str
    tried: int = 0
    refused: int = 0
    logged: int | None = None
    edges: int = 0
    leaked: int = 0
    let_in: list[str] = field(default_factory=list)

    def note(self, refused: bool, how: str) -> None:
        """One attempt and whether it was refused."""
        self.tried += 1
        if refused:
            self.refused += 1
        else:
            self.let_in.append(how)

    @property
    def held(self) -> bool:
        """Whether nothing got through, and something was tried at all."""
        complete = self.logged is None or self.logged >= self.tried
        return self.tried == self.refused > 0 and not self.edges and not self.leaked and complete


def table(rows: Iterable[Tally]) -> str:
    """The rows for a terminal, with what got through below each."""
    lines = [
        f"{'tried':{WIDTH}} {'times':>7} {'refused':>8} {'logged':>7} {'edges':>6} {'leaked':>7}"
    ]
    for row in rows:
        logged = "-" if row.logged is None else f"{row.logged:,}"
        lines.append(
            f"{row.name:{WIDTH}} {row.tried:>7,} {row.refused:>8,} {logged:>7} {row.edges:>6}"
            f" {row.leaked:>7} {'' if row.held else 'NOT HELD'}".rstrip()
        )
        lines.extend(f"    got through: {how}" for how in row.let_in[:5])
    return "\n".join(lines)


def verdict(rows: Iterable[Tally], say: Callable[[str], None]) -> int:
    """The last line, and the exit code: 1 when anything got through."""
    rows = list(rows)
    tried, edges, leaked = (sum(getattr(row, name) for row in rows) for name in
                            ("tried", "edges", "leaked"))  # fmt: skip
    bad = [row.name for row in rows if not row.held]
    say(f"{tried:,} attempts, {edges} edges on the lock pin, {leaked} bytes leaked.")
    if bad:
        say(f"Not held: {', '.join(bad)}.")
    return 1 if bad else 0
