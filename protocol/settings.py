"""How both services read their settings: TOML < environment < flags, from one set of fields.

A settings model is a `Group` of `Group`s. Every leaf field `http.port` is the TOML key `port` in
`[http]`, the variable `DOORSTEP_HTTP_PORT` and the flag `--http-port`. This module reads texts
and mappings only; who calls it opens the files.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

ENVIRONMENT_PREFIX = "DOORSTEP_"
# Two services share the prefix, so only what nearly spells one of our names is a mistake.
_MISSPELT_RATIO = 0.9
_FLAG_DEST = "setting:"


class SettingsError(ValueError):
    """A setting is wrong; the text is one sentence with the remedy."""


class Group(BaseModel):
    """Settings that belong together: frozen, documented by the string under each field."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


AnyGroup = TypeVar("AnyGroup", bound=Group)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting and its three names."""

    path: tuple[str, ...]
    annotation: Any
    doc: str

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + "_".join(self.path).upper()

    @property
    def flag(self) -> str:
        return "--" + "-".join(self.path).replace("_", "-")

    def value(self, text: str) -> object:
        """What `text` of the environment or a flag means: lists by commas, or any JSON."""
        origins = {get_origin(a) or a for a in (self.annotation, *get_args(self.annotation))}
        if type(None) in origins and not text:
            return None
        if not origins & {tuple, list, dict}:
            return text
        if text.startswith(("[", "{")):
            return _json(text, self.key)
        return [part.strip() for part in text.split(",") if part.strip()]


def leaves(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every setting of a model, in the order of its fields."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Group):
            yield from leaves(kind, (*above, name))
        else:
            yield Leaf((*above, name), kind, field.description or "")


def load(
    model: type[AnyGroup],
    *,
    toml: str = "",
    toml_name: str = "the settings file",
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> AnyGroup:
    """The settings; `flags` maps keys (`http.port`) to texts. Raises SettingsError."""
    known = {leaf.key: leaf for leaf in leaves(model)}
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, value in _toml_leaves(_read_toml(toml, toml_name), known, toml_name):
        values[key], origins[key] = value, toml_name
    for leaf, text in _variables(known, environment or {}):
        values[leaf.key], origins[leaf.key] = leaf.value(text), leaf.variable
    for key, text in (flags or {}).items():
        leaf = known[key]
        values[key], origins[key] = leaf.value(text), leaf.flag
    return _validated(model, values, origins)


def add_flags(parser: ArgumentParser, model: type[Group]) -> None:
    """Give `parser` one flag for every setting."""
    for leaf in leaves(model):
        parser.add_argument(leaf.flag, dest=_FLAG_DEST + leaf.key, metavar="…", help=_help(leaf))


def given_flags(chosen: Namespace) -> dict[str, str]:
    """The settings that stood on the command line, for `load`."""
    return {
        name.removeprefix(_FLAG_DEST): text
        for name, text in vars(chosen).items()
        if name.startswith(_FLAG_DEST) and text is not None
    }


def refuse_unknown_flags(rest: list[str], parser: ArgumentParser) -> None:
    """Raise SettingsError for what `parse_known_args` left over."""
    if rest:
        known = [name for action in parser._actions for name in action.option_strings]
        raise SettingsError(f"Unknown argument {rest[0]}.{_suggestion(rest[0], known)}")


def render(settings: Group) -> str:
    """The settings in force as a TOML text with the reason of each above it."""
    lines: list[str] = []
    table: tuple[str, ...] = ()
    for leaf in leaves(type(settings)):
        if leaf.path[:-1] != table:
            table = leaf.path[:-1]
            lines += ["", f"[{'.'.join(table)}]"]
        lines += [f"# {line}" for line in leaf.doc.splitlines()]
        lines.append(_assignment(leaf, _lookup(settings, leaf.path)))
    return "\n".join(lines).lstrip("\n") + "\n"


def _assignment(leaf: Leaf, value: object) -> str:
    name = leaf.path[-1]
    if value is None:
        return f"# {name} is not set"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items())
        return f"{name} = {{{inner}}}"
    if isinstance(value, tuple | list):
        return f"{name} = {json.dumps([str(part) for part in value], ensure_ascii=False)}"
    plain = value if isinstance(value, bool | int | float) else str(value)
    return f"{name} = {json.dumps(plain, ensure_ascii=False)}"


def _lookup(settings: BaseModel, path: tuple[str, ...]) -> object:
    found: object = settings
    for name in path:
        found = getattr(found, name)
    return found


def _help(leaf: Leaf) -> str:
    return " ".join(leaf.doc.split()).replace("%", "%%")


def _json(text: str, key: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{key} cannot be read as JSON: {error.msg}.") from error


def _read_toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name} is not valid TOML: {error}.") from error


def _toml_leaves(
    table: Mapping[str, Any], known: Mapping[str, Leaf], name: str, above: str = ""
) -> Iterator[tuple[str, object]]:
    for part, value in table.items():
        key = above + part
        if key in known:
            yield key, value
        elif isinstance(value, dict) and any(k.startswith(key + ".") for k in known):
            yield from _toml_leaves(value, known, name, key + ".")
        else:
            raise SettingsError(f"Unknown setting {key!r} in {name}.{_suggestion(key, known)}")


def _variables(
    known: Mapping[str, Leaf], environment: Mapping[str, str]
) -> Iterator[tuple[Leaf, str]]:
    names = {leaf.variable: leaf for leaf in known.values()}
    for name, text in environment.items():
        if name in names:
            yield names[name], text
        elif name.startswith(ENVIRONMENT_PREFIX):
            near = difflib.get_close_matches(name, names, 1, _MISSPELT_RATIO)
            if near:
                raise SettingsError(f"Unknown variable {name}. Did you mean {near[0]}?")


def _suggestion(wrong: str, known: Mapping[str, object] | list[str]) -> str:
    near = difflib.get_close_matches(wrong, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else " show-config lists the known ones."


def _validated(
    model: type[AnyGroup], values: Mapping[str, object], origins: Mapping[str, str]
) -> AnyGroup:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *groups, name = key.split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(_fault(error, origins)) from error


def _fault(error: ValidationError, origins: Mapping[str, str]) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    key = next((k for k in origins if place == k or place.startswith(k + ".")), place)
    words = first["msg"].removeprefix("Value error, ").rstrip(".")
    source = f" (from {origins[key]})" if key in origins else ""
    return f"{place}{source}: {words}."
