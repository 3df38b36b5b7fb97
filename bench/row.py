"""One line of the result."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value and the bound that it is meant to keep (`at_least` turns it round)."""

    name: str
    value: float
    unit: str
    bound: float
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "met": self.met}

    def as_text(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "met" if self.met else "NOT MET"
        value, bound = (f"{number:,.1f}" for number in (self.value, self.bound))
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name:<52} {value:>9} {self.unit:<9} {sign} {bound:>7}   {verdict}{note}"


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
