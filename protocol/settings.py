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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from protocol.former_settings import Former, meant, told_former, told_unknown

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
    former: Mapping[str, Former] = MappingProxyType({}),
    warn: Callable[[str], None] | None = None,
) -> AnyGroup:
    """The settings; `flags` maps keys (`http.port`) to texts. Raises SettingsError.

    `former` has the keys of older versions. `warn` hears a sentence about each setting of another
    version; without it those that nobody knows are refused, as misspelt ones always are.
    """
    known = {leaf.key: leaf for leaf in leaves(model)}
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    reader = _Reader(known, former, warn)
    for key, value in reader.of_file(_read_toml(toml, toml_name), toml_name):
        values[key], origins[key] = value, toml_name
    for key, value, name in reader.of_old_variables(environment or {}):
        values[key], origins[key] = value, name
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


@dataclass(frozen=True, slots=True)
class _Reader:
    """Tells settings of this version from those of others."""

    known: Mapping[str, Leaf]
    former: Mapping[str, Former]
    warn: Callable[[str], None] | None

    def of_file(self, table: Mapping[str, Any], name: str) -> Iterator[tuple[str, object]]:
        """Key and value of every setting; those of older versions first, so that new ones win."""
        found = list(self._of_table(table, name))
        old = [(key, value) for key, value in found if key in self.former]
        for key, value in old:
            yield from self._translated(key, value, name)
        yield from ((key, value) for key, value in found if key not in self.former)

    def of_old_variables(self, environment: Mapping[str, str]) -> Iterator[tuple[str, object, str]]:
        """Key, value and name of every variable of an older version."""
        for key in self.former:
            variable = Leaf(tuple(key.split(".")), str, "").variable
            if variable in environment:
                for now, value in self._translated(key, environment[variable], "the environment"):
                    yield now, value, variable

    def _of_table(
        self, table: Mapping[str, Any], name: str, above: str = ""
    ) -> Iterator[tuple[str, object]]:
        for part, value in table.items():
            key = above + part
            inner = any(known.startswith(key + ".") for known in (*self.known, *self.former))
            if key in self.known or key in self.former:
                yield key, value
            elif inner and isinstance(value, dict):
                yield from self._of_table(value, name, key + ".")
            elif inner or self.warn is None or meant(key, self.known):
                raise SettingsError(f"Unknown setting {key!r} in {name}.{self._hint(key)}")
            else:
                self.warn(told_unknown(key, name))

    def _translated(self, key: str, value: object, name: str) -> Iterator[tuple[str, object]]:
        former = self.former[key]
        if self.warn is not None:
            self.warn(told_former(key, name, former))
        if former.now is None:
            return
        try:
            yield former.now, former.value(value)
        except ValueError as error:
            raise SettingsError(f"{key} (from {name}): {error}. {former.remedy}") from error

    def _hint(self, key: str) -> str:
        return _suggestion(key, self.known)


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
