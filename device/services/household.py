"""The phones of the household and their rights, kept in one small file."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import Field, ValidationError

from device.errors import StartError
from device.services.files import write_whole
from protocol.base import Message, describe
from protocol.door import ALL_RIGHTS, Phone, Right
from protocol.identity import PublicKey
from protocol.link import KnownPhone

log = logging.getLogger(__name__)

# What the link's hello can carry.
PHONES_LIMIT = 100
# Every phone but the first; it can be given more by one with `admin`.
GUEST_RIGHTS: tuple[Right, ...] = tuple(right for right in ALL_RIGHTS if right != "admin")


class HouseholdFullError(RuntimeError):
    """No further phone can be remembered."""


class _Book(Message):
    """The file. `version` is there for those who read it later."""

    version: int = 1
    phones: tuple[KnownPhone, ...] = Field(default=(), max_length=PHONES_LIMIT)


class Household:
    """Who may do what. Every change is on the disk before it counts."""

    def __init__(self, path: Path) -> None:
        """StartError when the file is there but cannot be understood."""
        self._path = path
        self._book = _read(path)

    @property
    def phones(self) -> tuple[KnownPhone, ...]:
        return self._book.phones

    def find(self, phone: str) -> KnownPhone | None:
        """The phone with that id, if it is paired."""
        return next((known for known in self.phones if known.phone.id == phone), None)

    def key(self, known: KnownPhone) -> PublicKey:
        """The key that the phone signs with."""
        return PublicKey.parse(known.public_key)

    def welcome(self, key: PublicKey, name: str) -> KnownPhone:
        """Remember a phone; one that comes again keeps its rights and may change its name.

        Raises HouseholdFullError, or OSError when the disk does not take it.
        """
        before = self.find(key.id)
        others = tuple(known for known in self.phones if known.phone.id != key.id)
        if len(others) >= PHONES_LIMIT:
            raise HouseholdFullError(f"{PHONES_LIMIT} phones are paired already. Remove one first.")
        rights = before.phone.rights if before else self._first_rights()
        known = KnownPhone(phone=Phone(id=key.id, name=name, rights=rights), public_key=key.text)
        self._keep((*others, known))
        log.info("phone %s is paired", key.id)
        return known

    def _first_rights(self) -> tuple[Right, ...]:
        return GUEST_RIGHTS if self.phones else ALL_RIGHTS

    def _keep(self, phones: tuple[KnownPhone, ...]) -> None:
        book = _Book(phones=phones)
        write_whole(self._path, book.model_dump_json(indent=2) + "\n")
        self._book = book


def _read(path: Path) -> _Book:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return _Book()
    except UnicodeDecodeError as error:
        raise StartError(_damaged(path, "it is not a text")) from error
    except OSError as error:
        raise StartError(
            f"The list of phones in {path} cannot be read: {error.strerror}."
            " Give its folder to this user, or name another with --state."
        ) from error
    try:
        book = _Book.model_validate_json(text)
        for known in book.phones:
            PublicKey.parse(known.public_key)
    except ValidationError as error:
        raise StartError(_damaged(path, describe(error))) from error
    except ValueError as error:
        raise StartError(_damaged(path, str(error))) from error
    return book


def _damaged(path: Path, why: str) -> str:
    return (
        f"The list of phones in {path} is damaged ({why.rstrip('.')})."
        " Restore it from a copy, or remove it and pair the phones again."
    )
