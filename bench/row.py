"""One line of the result: a value, the bound that it is meant to keep, and what others need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

NAME_WIDTH = 58


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value and its bound (`at_least` turns it round; None: only told, not judged).

    `peers`: the same figure of what else people use, measured in the same run.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False
    note: str = ""
    peers: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def ratio(self, peer: str) -> float:
        """How many times more the peer needs."""
        return self.peers[peer] / max(self.value, 1e-9)

    def as_json(self) -> dict[str, object]:
        ratios = {name: round(self.ratio(name), 2) for name in self.peers}
        return {**asdict(self), "met": self.met, "ratios": ratios}

    def as_text(self) -> str:
        sign = "≥" if self.at_least else "≤"
        bound = "" if self.bound is None else f"{sign} {self.bound:,.1f}"
        verdict = "" if self.bound is None else "met" if self.met else "NOT MET"
        note = f"  ({self.note})" if self.note else ""
        value = f"{self.value:>9,.1f} {self.unit:<9}"
        return f"{self.name:<{NAME_WIDTH}} {value} {bound:>9}  {verdict:<8}{self._beside()}{note}"

    def _beside(self) -> str:
        return "; ".join(
            f"{name} {value:,.1f} ({self.ratio(name):.1f}×)" for name, value in self.peers.items()
        )


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
