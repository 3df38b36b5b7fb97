"""Every link in the documentation leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")])


def targets(document: Path) -> list[str]:
    found = (first or second for first, second in LINK.findall(document.read_text("utf-8")))
    return [target for target in found if not target.startswith(("http", "mailto:", "#"))]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    missing = [
        target
        for target in targets(document)
        if not (document.parent / target.partition("#")[0]).exists()
    ]
    assert missing == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(targets(folder / "README.md"))
    assert {path.name for path in folder.glob("0*.md")} == listed


def test_every_make_target_of_the_documents_exists() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = {
        target
        for document in documents()
        for target in re.findall(r"`make ([a-z-]+)", document.read_text("utf-8"))
    }
    assert named <= known


def test_every_test_that_a_document_names_exists() -> None:
    named = {
        name
        for document in documents()
        for name in re.findall(r"`(tests/[\w/.]+(?:::\w+)?)`", document.read_text("utf-8"))
    }
    assert named
    assert [name for name in sorted(named) if not exists(name)] == []


def exists(name: str) -> bool:
    path, _, test = name.partition("::")
    file = ROOT / path
    if not file.exists():
        return False
    return (
        not test
        or re.search(rf"^(?:async )?def {test}\b", file.read_text("utf-8"), re.M) is not None
    )
