"""What services need of the audit log: to note what happened without waiting for the disk."""

from __future__ import annotations

from typing import Protocol

from protocol.audit import AuditWhat


class Ledger(Protocol):
    """Keeps everything it is told, in order. What must be on disk first is written elsewhere."""

    def note(
        self,
        what: AuditWhat,
        *,
        who: str = "",
        name: str = "",
        detail: str = "",
        evidence: str = "",
    ) -> None:
        """Returns at once and does not raise."""
