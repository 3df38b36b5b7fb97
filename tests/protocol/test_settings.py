"""One set of fields, three sources, and a sentence for every mistake."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser

import pytest
from pydantic import Field

from protocol.settings import (
    Group,
    SettingsError,
    add_flags,
    given_flags,
    leaves,
    load,
    refuse_unknown_flags,
    render,
)


class Door(Group):
    name: str = "Front"
    """What it is called."""
    numbers: tuple[int, ...] = ()
    """Some numbers."""
    extra: dict[str, str] = Field(default_factory=dict)
    """Anything."""
    note: str | None = None
    """Perhaps."""


class House(Group):
    door: Door = Door()


def test_every_leaf_has_three_names() -> None:
    first = next(leaves(House))
    assert (first.key, first.variable, first.flag) == (
        "door.name",
        "DOORSTEP_DOOR_NAME",
        "--door-name",
    )
    assert first.doc == "What it is called."


def test_flags_beat_variables_which_beat_the_file() -> None:
    toml = '[door]\nname = "file"\nnote = "file"\nnumbers = [1]\n'
    environment = {"DOORSTEP_DOOR_NAME": "variable", "DOORSTEP_DOOR_NUMBERS": "2, 3"}
    door = load(House, toml=toml, environment=environment, flags={"door.name": "flag"}).door
    assert (door.name, door.note, door.numbers) == ("flag", "file", (2, 3))


def test_texts_become_what_the_field_is() -> None:
    environment = {
        "DOORSTEP_DOOR_EXTRA": '{"a": "b"}',
        "DOORSTEP_DOOR_NUMBERS": "[4]",
        "DOORSTEP_DOOR_NOTE": "",
    }
    door = load(House, toml='[door]\nnote = "x"', environment=environment).door
    assert (door.extra, door.numbers, door.note) == ({"a": "b"}, (4,), None)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[dor]\nname = 'x'", "Unknown setting 'dor'"),
        ("[door]\nnane = 'x'", "Did you mean 'door.name'?"),
        ("door = 1", "Unknown setting 'door'"),
        ("[door]\nname = 1", "door.name (from house.toml)"),
        ("[door]\nnumbers = ['x']", "door.numbers.0 (from house.toml)"),
        ("[door", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_sentence(toml: str, words: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load(House, toml=toml, toml_name="house.toml")
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_misspelt_variable_is_told() -> None:
    with pytest.raises(SettingsError, match="Did you mean DOORSTEP_DOOR_NAME"):
        load(House, environment={"DOORSTEP_DOOR_NANE": "x"})
    assert load(House, environment={"DOORSTEP_CAMERA_SOURCE": "x"}) == House()


def test_flags_come_from_the_fields() -> None:
    parser = ArgumentParser(allow_abbrev=False)
    add_flags(parser, House)
    chosen, rest = parser.parse_known_args(["--door-name", "Back", "--door-nane", "x"])
    assert given_flags(chosen) == {"door.name": "Back"}
    with pytest.raises(SettingsError, match="Did you mean '--door-name'"):
        refuse_unknown_flags(rest, parser)


def test_what_is_shown_can_be_read_back() -> None:
    house = House(door=Door(name='a "b"', numbers=(1, 2), extra={"k": "v"}))
    shown = render(house)
    assert load(House, toml=shown) == house
    assert tomllib.loads(shown)["door"]["extra"] == {"k": "v"}
    assert "# What it is called." in shown
