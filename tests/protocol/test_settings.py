"""One set of fields, three sources, and a sentence for every mistake."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser

import pytest
from pydantic import Field

from protocol.former_settings import Former, switched_on
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


FORMER = {
    "door.upside_down": Former(
        "Write door.numbers.",
        now="door.numbers",
        value=lambda on: (180,) if switched_on(on) else (),
    ),
    "bell.loud": Former("Remove it."),
}


def read(toml: str = "", environment: dict[str, str] | None = None) -> tuple[Door, list[str]]:
    """What comes of a file and variables of any version, and what is said about it."""
    said: list[str] = []
    house = load(House, toml=toml, toml_name="house.toml", environment=environment,
                 former=FORMER, warn=said.append)  # fmt: skip
    return house.door, said


def test_a_former_setting_counts_and_says_what_to_write() -> None:
    door, said = read("[door]\nupside_down = true")
    assert door.numbers == (180,)
    assert said == [
        "door.upside_down in house.toml is of an older version and still counts."
        " Write door.numbers."
    ]
    assert read("[door]\nupside_down = true\nnumbers = [3]")[0].numbers == (3,)
    assert read("[door]\nnumbers = [3]\nupside_down = true")[0].numbers == (3,)
    assert read(environment={"DOORSTEP_DOOR_UPSIDE_DOWN": "yes"})[0].numbers == (180,)


def test_a_former_setting_that_means_nothing_now_stops_nothing() -> None:
    door, said = read("[bell]\nloud = 3")
    assert (door, said) == (
        Door(), ["bell.loud in house.toml is of an older version and does nothing any more."
                 " Remove it."],
    )  # fmt: skip


def test_a_former_setting_with_a_wrong_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="neither true nor false") as wrong:
        read("[door]\nupside_down = 'maybe'")
    assert "Write door.numbers." in str(wrong.value)


@pytest.mark.parametrize("toml", ["[radar]\nrange_m = 4", "radar = 4", "[door]\nradar = 4"])
def test_a_setting_of_a_newer_version_is_told_and_passed_over(toml: str) -> None:
    door, said = read(toml)
    assert door == Door()
    assert len(said) == 1
    assert "radar in house.toml is not known to this version" in said[0].replace("'", "")


@pytest.mark.parametrize("toml", ["[door]\nnane = 'x'", "[dor]\nname = 'x'", "door = 1"])
def test_a_misspelt_setting_is_refused_by_whoever_reads_it(toml: str) -> None:
    with pytest.raises(SettingsError, match="Unknown setting"):
        read(toml)


def test_who_does_not_listen_to_warnings_takes_known_settings_only() -> None:
    with pytest.raises(SettingsError, match="Unknown setting 'radar'"):
        load(House, toml="radar = 4")
