"""All that `check` finds, in the order in which a start needs it, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from device.checks import machine, parts, services
from device.checks.finding import Finding, Section, note
from device.settings import Settings

# What every terminal has; the service's console on a Pi, too.
WIDTH = 80
_MARK_WIDTH, _WHAT_WIDTH = 8, 11
_COMMAND = ": sudo "
_INDENT = " " * (2 + _MARK_WIDTH + _WHAT_WIDTH + 1)


def sections(settings: Settings, warnings: Sequence[str] = ()) -> Iterator[Section]:
    """Everything; a section comes as soon as it is known."""
    running = services.running(settings)
    yield Section("Software", tuple(services.software(running)))
    if warnings:
        yield Section("Settings", tuple(note("settings", sentence) for sentence in warnings))
    yield Section("Machine", tuple(machine.findings(settings)))
    if settings.doorbell.board == "pi":
        found = parts.of_pi(settings, running is not None)
        yield Section("Parts", tuple(parts.with_faults(found, running)))
        yield Section("Wiring, on the 40-pin header", tuple(parts.wiring_of(settings)))
    else:
        yield Section("Parts", tuple(parts.with_faults(parts.of_twin(settings), running)))
    yield Section("Household", tuple(services.household(settings)))
    yield Section("Network", tuple(services.network(settings)))


def lines(found: Iterable[Section]) -> Iterator[str]:
    """As a person reads them, no line longer than WIDTH unless a word is."""
    for section in found:
        yield section.title
        for finding in section.findings:
            yield from _lines(finding)
        yield ""


def _lines(finding: Finding) -> Iterator[str]:
    """A command stands on a line of its own, to be copied."""
    head = f"  {finding.mark:<{_MARK_WIDTH}}{finding.what:<{_WHAT_WIDTH}} "
    words, colon, command = finding.detail.partition(_COMMAND)
    yield from textwrap.wrap(
        words + colon.removesuffix(" sudo "), WIDTH, initial_indent=head, subsequent_indent=_INDENT,
        break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
    )  # fmt: skip
    if colon:
        yield f"{_INDENT}sudo {command}"
