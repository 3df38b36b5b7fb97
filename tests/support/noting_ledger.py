"""A ledger for tests that only remembers."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.audit import AuditWhat


@dataclass(frozen=True)
class Noted:
    what: AuditWhat
    who: str
    name: str
    detail: str
    evidence: str


class NotingLedger:
    """`rows` is everything that was noted, `whats` their kinds."""

    def __init__(self) -> None:
        self.rows: list[Noted] = []

    def note(
        self,
        what: AuditWhat,
        *,
        who: str = "",
        name: str = "",
        detail: str = "",
        evidence: str = "",
    ) -> None:
        assert len(who) <= 40
        assert len(name) <= 60
        assert 0 < len(detail) <= 300
        self.rows.append(Noted(what, who, name, detail, evidence))

    @property
    def whats(self) -> list[AuditWhat]:
        return [row.what for row in self.rows]
