"""Pins are read by people, and asked about where that is possible; what is neither is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import audit_dependencies
from scripts.advisories import npm_audit, pip_audit
from scripts.audit_dependencies import PAGE, ROOT, drift, main, write
from scripts.pins import Pin, read

REQUIREMENTS = """aiohttp==3.0.0 \\
    --hash=sha256:00
    # via doorstep (pyproject.toml)
attrs==1.0 ; python_version < '3.12' \\
    --hash=sha256:01
    # via
    #   -c requirements/run.txt
    #   aiohttp
"""
LOCK = {
    "packages": {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"preact": "11.0.0"}},
        "node_modules/preact": {
            "version": "11.0.0", "license": "MIT", "dependencies": {"@small/part": "^1.0.0"},
        },
        "node_modules/preact/node_modules/@small/part": {"version": "1.2.3", "dev": True},
    }
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("requirements", "mobile-web", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "requirements" / "run.txt").write_text(REQUIREMENTS)
    (tmp_path / "mobile-web" / "package-lock.json").write_text(json.dumps(LOCK))
    write(tmp_path, "2026-01-02")
    return tmp_path


def says(folder: Path, output: object, trouble: str = "", code: int = 0) -> Sequence[str]:
    """A tool that says this, whatever it is asked."""
    script = folder / "tool.py"
    script.write_text(
        f"import sys\nprint({json.dumps(output)!r})\n"
        f"print({trouble!r}, file=sys.stderr)\nsys.exit({code})\n"
    )
    return (sys.executable, str(script))


def test_every_pin_of_this_project_was_read() -> None:
    assert drift(ROOT) == []


def test_a_page_that_fits_is_silent(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--check"], project) == 0
    assert capsys.readouterr().out == ""


def test_pins_are_found_with_who_wants_them(project: Path) -> None:
    found = read(project)
    assert [(pin.name, pin.version, use.direct) for pin, use in found.items()] == [
        ("aiohttp", "3.0.0", True), ("attrs", "1.0", False),
        ("@small/part", "1.2.3", False), ("preact", "11.0.0", True),
    ]  # fmt: skip
    assert found[Pin("PyPI", "attrs", "1.0")].wanted_by == {"aiohttp"}
    assert found[Pin("npm", "@small/part", "1.2.3")].lists == {"app's build"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("requirements/run.txt", "aiohttp==3.0.0", "aiohttp==3.0.1"),
        ("mobile-web/package-lock.json", "1.2.3", "1.2.4"),
    ],
)
def test_a_new_pin_fails_until_it_was_read(
    project: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str
) -> None:
    path = project / file
    path.write_text(path.read_text().replace(old, new))
    assert main(["--check"], project) == 1
    told = capsys.readouterr().out
    assert "was not read" in told
    assert "is not pinned any more" in told
    assert "python -m scripts.audit_dependencies --read" in told
    assert main(["--read"], project) == 0
    assert main(["--check"], project) == 0


def test_reading_keeps_the_days_of_what_stays(project: Path) -> None:
    path = project / "requirements" / "run.txt"
    path.write_text(path.read_text().replace("attrs==1.0", "attrs==1.1"))
    write(project, "2026-03-04")
    rows = (project / PAGE).read_text().splitlines()
    assert next(row for row in rows if "`aiohttp`" in row).endswith("| 2026-01-02 |")
    assert next(row for row in rows if "`attrs`" in row).endswith("| 2026-03-04 |")


def test_what_we_ask_for_has_a_purpose(project: Path) -> None:
    path = project / "requirements" / "run.txt"
    path.write_text(path.read_text().replace("aiohttp", "left-pad"))
    write(project, "2026-01-02")
    assert drift(project) == ["left-pad: say in scripts/dependency_purposes.py what it is for."]


def test_holes_fail(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"vulnerabilities": {"preact": {"severity": "high", "range": "<12"}}}
    tool = says(project, found, code=1)
    monkeypatch.setattr(audit_dependencies, "npm_audit", lambda folder: npm_audit(folder, tool))
    assert main([], project) == 1
    assert "npm audit: preact: high, <12" in capsys.readouterr().out


def test_a_hole_in_a_python_package_is_named(tmp_path: Path) -> None:
    package = {"name": "aiohttp", "version": "3.0.0", "vulns": [{"id": "PYSEC-2026-1"}]}
    tool = says(tmp_path, {"dependencies": [package]}, code=1)
    assert pip_audit(tmp_path / "run.txt", tool).holes == ("aiohttp 3.0.0: PYSEC-2026-1",)


def test_skipped_packages_are_not_cleared(tmp_path: Path) -> None:
    """pip-audit itself ends with success when it found nothing about anything."""
    package = {"name": "aiohttp", "skip_reason": "not found"}
    opinion = pip_audit(tmp_path / "run.txt", says(tmp_path, {"dependencies": [package]}))
    assert opinion.silent_because == "it found nothing on 1 packages, such as aiohttp"


def test_a_database_out_of_reach_is_said(tmp_path: Path) -> None:
    refused = says(tmp_path, {"message": "405 Method Not Allowed"}, code=1)
    assert npm_audit(tmp_path, refused).silent_because == "405 Method Not Allowed"
    broken = says(tmp_path, None, "a trace\nno network", 1)
    assert pip_audit(tmp_path / "run.txt", broken).silent_because == "no network"
    missing = (str(tmp_path / "nothing"),)
    assert "No such file" in npm_audit(tmp_path, missing).silent_because
    absent = (sys.executable, "-m", "no_such_tool_of_ours")
    assert "not installed" in pip_audit(tmp_path / "run.txt", absent).silent_because
