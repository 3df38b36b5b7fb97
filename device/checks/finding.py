"""One thing that was looked at, and what a person should know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# "note": worth knowing, and the doorbell does without; "": a line of a table.
Mark = Literal["ok", "note", "MISSING", ""]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what was found or is to be done."""

    mark: Mark
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Section:
    """Findings that belong together."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not any(finding.mark == "MISSING" for finding in self.findings)


def ok(what: str, detail: str) -> Finding:
    return Finding("ok", what, detail)


def note(what: str, detail: str) -> Finding:
    return Finding("note", what, detail)


def missing(what: str, detail: str) -> Finding:
    return Finding("MISSING", what, detail)
