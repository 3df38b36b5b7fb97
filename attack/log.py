"""How often something stands in the audit log, floods that one row counts included."""

from __future__ import annotations

import re
from collections.abc import Iterable

from protocol.audit import AuditRow, AuditWhat

_COUNT = re.compile(r"(\d+) more of these")


def counted(rows: Iterable[AuditRow], *kinds: AuditWhat) -> int:
    """Happenings of these kinds."""
    return sum(_of(row) for row in rows if row.what in kinds)


def _of(row: AuditRow) -> int:
    found = _COUNT.match(row.detail)
    return int(found[1]) if found else 1
