"""Models → JSON schema → TypeScript, so that both sides of the wire share one source.

python -m protocol.schema            write protocol/schema/*.json and the app's types
python -m protocol.schema --check    say what is out of date; exit code 1 if anything is
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from protocol import (
    api,
    audit,
    calls,
    control,
    door,
    files,
    household,
    latest,
    link,
    pairing,
    updates,
)
from protocol.base import Message
from protocol.typescript import declarations

ROOT = Path(__file__).resolve().parent.parent
SCHEMA_FOLDER = ROOT / "protocol" / "schema"
TYPES_FILE = ROOT / "mobile-web" / "src" / "protocol.gen.ts"
FAMILIES: tuple[ModuleType, ...] = (
    door,
    api,
    calls,
    audit,
    control,
    latest,
    files,
    household,
    pairing,
    link,
    updates,
)
# The link is between doorbell and server; the app never speaks it.
APP_FAMILIES = tuple(family for family in FAMILIES if family is not link)


def models_of(family: ModuleType) -> list[type[BaseModel]]:
    """The messages that a module defines, in the order of their names."""
    found = (value for _, value in sorted(vars(family).items()))
    return [
        value
        for value in found
        if isinstance(value, type)
        and issubclass(value, Message)
        and value.__module__ == family.__name__
    ]


def unions_of(family: ModuleType) -> dict[str, TypeAdapter[Any]]:
    """The tagged unions that a module names, such as ControlRequest."""
    return {
        name: TypeAdapter(value)
        for name, value in sorted(vars(family).items())
        if getattr(value, "__metadata__", None) and getattr(value, "__origin__", None)
        if any(getattr(part, "discriminator", None) for part in value.__metadata__)
    }


def schema_of(family: ModuleType) -> dict[str, Any]:
    """The JSON schema of one message family, its unions among the definitions."""
    _, document = models_json_schema(
        [(model, "serialization") for model in models_of(family)],
        title=family.__name__,
        ref_template="#/$defs/{model}",
    )
    for name, adapter in unions_of(family).items():
        union = adapter.json_schema(mode="serialization", ref_template="#/$defs/{model}")
        document["$defs"].update(union.pop("$defs", {}))
        document["$defs"][name] = union
    bare: dict[str, Any] = _without_titles(document)
    return bare


def outputs() -> dict[Path, str]:
    """Every generated file and its text."""
    files = {
        SCHEMA_FOLDER / f"{family.__name__.rpartition('.')[2]}.json": json.dumps(
            schema_of(family), indent=2, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for family in FAMILIES
    }
    definitions: dict[str, Any] = {}
    for family in APP_FAMILIES:
        definitions |= schema_of(family)["$defs"]
    files[TYPES_FILE] = declarations(definitions)
    return files


def main(arguments: list[str]) -> int:
    """Write the generated files, or with --check compare them."""
    stale = {
        path: text
        for path, text in outputs().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date. Run: make schema")
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def _without_titles(node: Any, inside_properties: bool = False) -> Any:
    """Drop pydantic's field titles: each would become a TypeScript alias of its own."""
    if isinstance(node, dict):
        return {
            key: _without_titles(value, key in ("properties", "$defs"))
            for key, value in node.items()
            if inside_properties or key != "title"
        }
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    return node


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
