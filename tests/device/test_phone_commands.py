"""What a person reads who manages the phones at the doorbell's own terminal."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from device.cli import main
from device.services.admin import SOCKET_NAME, AdminServer
from device.services.household import Household
from device.services.pairing import Pairing
from device.services.reset import RESET_FILE, obey_reset_files
from device.services.terminal import Terminal
from protocol.door import ALL_RIGHTS, Window
from protocol.household import Access
from protocol.identity import Identity

GUEST = Access(
    rights=("view", "unlock"),
    until_ms=1_900_000_000_000,
    windows=(Window(days=(2, 0), start=8 * 60, end=10 * 60 + 5),),
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOORSTEP_STATE", raising=False)


class House:
    def __init__(self, state: Path) -> None:
        self.state = state
        self.household = Household(state / "phones.json")
        self.anna = self.household.welcome(Identity.generate().public, "Anna").phone.id
        self.ben = self.household.welcome(Identity.generate().public, "Ben", GUEST).phone.id

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Pairing]:
        """The doorbell answers at its socket."""
        pairing = Pairing(Identity.generate(), "Front door", self.household, lambda: 0.0)
        terminal = Terminal(
            self.household, pairing, lambda found: f"https://door/#{found.fragment()}"
        )
        async with AdminServer(self.state / SOCKET_NAME) as server:
            server.serve(terminal.commands, terminal.word_commands)
            yield pairing

    async def say(self, *arguments: str) -> int:
        return await asyncio.to_thread(main, (*arguments, "--state", str(self.state)))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


class Keyboard(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


async def test_phones_are_listed_with_their_rights(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await house.say("phones") == 0
    stopped = capsys.readouterr().out
    async with house.running():
        assert await house.say("phones") == 0
    assert capsys.readouterr().out == stopped
    anna, ben = stopped.split(house.ben)
    assert anna.startswith(f"{house.anna}  Anna\n  may      {' '.join(ALL_RIGHTS)}\n  changed ")
    assert "  may      view unlock\n  until    2030-03-17 " in ben
    assert "  within   Mon Wed 08:00 to 10:05\n" in ben


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_phone_is_removed_by_name_or_id(
    house: House, capsys: pytest.CaptureFixture[str], by_name: bool
) -> None:
    async with house.running():
        assert await house.say("phones", "remove", "Ben" if by_name else house.ben) == 0
    assert capsys.readouterr().out.startswith(f"Ben ({house.ben}) is out.")
    assert house.household.find(house.ben) is None
    assert house.household.find(house.anna) is not None


async def test_what_cannot_be_removed_is_said(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await house.say("phones", "remove", "Ben") == 2
    assert "No doorbell runs" in capsys.readouterr().err
    house.household.welcome(Identity.generate().public, "Ben", GUEST)
    async with house.running():
        for wanted, said in (("Cleo", "No phone has this id or name."),
                             ("Ben", "2 phones have this name. Say one's id: "),
                             ("Anna", "the last phone that manages")):  # fmt: skip
            assert await house.say("phones", "remove", wanted) == 2
            printed = capsys.readouterr()
            assert said in printed.err
            assert printed.err.count("\n") == 1
    assert len(house.household.phones) == 3


async def test_a_code_says_what_it_gives(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    async with house.running():
        assert await house.say("pair") == 0
    printed = capsys.readouterr().out
    assert "https://door/#p=1." in printed
    assert "It may then: view talk light chime unlock history.\n" in printed
    assert "A phone that manages the household can change that" in printed


async def test_a_running_doorbell_is_reset_at_once_and_invites(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async with house.running() as pairing:
        old = pairing.invite()
        assert await house.say("reset", "--yes") == 0
        invitation = pairing.open_invitation()
    printed = capsys.readouterr().out
    assert printed.startswith("All phones are out.\n")
    assert "https://door/#p=1." in printed
    assert old.fragment() not in printed
    assert len(house.household.phones) == 0
    assert invitation is not None
    assert set(house.household.members().forgotten) == {house.anna, house.ben}


async def test_a_stopped_doorbell_is_reset_when_it_starts(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await house.say("reset", "--yes") == 0
    assert "when it starts" in capsys.readouterr().out
    again = Household(house.state / "phones.json")
    assert len(again.phones) == 2
    obey_reset_files(again, (house.state,))
    assert len(again.phones) == 0
    assert not (house.state / RESET_FILE).exists()


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("YES \n", 0), ("no\n", 1), ("\n", 1)])
async def test_a_person_is_asked_first(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    typed: str, code: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", Keyboard(typed))
    async with house.running():
        assert await house.say("reset") == code
    printed = capsys.readouterr().out
    assert "takes all phones out" in printed
    assert (len(house.household.phones) == 0) is (code == 0)
    assert ("Nothing was changed." in printed) is (code == 1)


async def test_a_script_has_to_say_that_it_is_sure(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    async with house.running():
        assert await house.say("reset") == 2
    assert "--yes" in capsys.readouterr().err
    assert len(house.household.phones) == 2


async def test_a_full_disk_is_said_and_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("device.services.household.write_whole", full)
    async with house.running():
        for command in (("reset", "--yes"), ("phones", "remove", "Ben")):
            assert await house.say(*command) == 2
            assert "No space left on device. Free the disk" in capsys.readouterr().err
    assert len(house.household.phones) == 2


async def test_no_phones_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("phones", "--state", str(tmp_path))) == 0
    assert "pair` invites one" in capsys.readouterr().out
    assert main(("reset", "--yes", "--state", str(tmp_path))) == 2
    assert "Name its folder with --state" in capsys.readouterr().err
    assert main(("phones", "frob", "--state", str(tmp_path))) == 2
    assert "Say one of: phones, phones remove" in capsys.readouterr().err
