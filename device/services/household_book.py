"""The household's file: phones with their rights, tokens, passkeys, rules. Read whole or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from device.errors import StartError
from protocol.base import Base64Url, Message, PhoneId, UnixMs, describe
from protocol.calls import Sha256
from protocol.door import ALL_RIGHTS, Phone
from protocol.household import Access, HouseRules, MintedToken
from protocol.identity import PublicKey
from protocol.link import PHONES_LIMIT, TOKENS_LIMIT, KnownPhone

VERSION: Literal[2] = 2


class Passkey(Message):
    """A phone's passkey as it was registered: its COSE key in base64url, and for which page.

    `sign_count` is the authenticator's counter when it was last used (WebAuthn section 6.1.1).
    """

    credential: Base64Url
    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,2048}$")]
    sign_count: int = Field(default=0, ge=0)
    rp_id: str = Field(max_length=253)
    origin: str = Field(max_length=300)


class KeptPhone(Message):
    """A phone with what nobody else needs to know; times are missing from older files."""

    phone: Phone
    public_key: Base64Url
    since_ms: UnixMs | None = None
    changed_ms: UnixMs | None = None
    passkey: Passkey | None = None

    @property
    def known(self) -> KnownPhone:
        return KnownPhone(phone=self.phone, public_key=self.public_key)


class KeptToken(Message):
    """A token of other software; of its secret only the hash is kept."""

    token: MintedToken
    hash: Sha256


class Book(Message):
    """The file.

    `forgotten` are phones that a reset took out and that were not told yet; `reset_seen` names the
    reset file that was obeyed last.
    """

    version: Literal[2] = VERSION
    phones: tuple[KeptPhone, ...] = Field(default=(), max_length=PHONES_LIMIT)
    tokens: tuple[KeptToken, ...] = Field(default=(), max_length=TOKENS_LIMIT)
    rules: HouseRules = HouseRules()
    forgotten: tuple[PhoneId, ...] = Field(default=(), max_length=PHONES_LIMIT)
    reset_seen: str = ""


class _FirstBook(Message):
    """Version 1 knew phones only."""

    version: Literal[1]
    phones: tuple[KnownPhone, ...] = Field(default=(), max_length=PHONES_LIMIT)


def phone_with(phone: str, name: str, access: Access) -> Phone:
    """A phone as an admin wants it; its rights stand in their usual order, each once."""
    rights = tuple(right for right in ALL_RIGHTS if right in access.rights)
    return Phone(id=phone, name=name, rights=rights, until_ms=access.until_ms,
                 windows=access.windows)  # fmt: skip


def read_book(path: Path) -> Book:
    """The book in `path`, an empty one when there is none.

    StartError, with the remedy, when the file is there but cannot be understood.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Book()
    except UnicodeDecodeError as error:
        raise StartError(_damaged(path, "it is not a text")) from error
    except OSError as error:
        raise StartError(
            f"The list of phones in {path} cannot be read: {error.strerror}."
            " Give its folder to this user, or name another with --state."
        ) from error
    try:
        return _understood(path, text)
    except ValidationError as error:
        raise StartError(_damaged(path, describe(error))) from error
    except ValueError as error:
        raise StartError(_damaged(path, str(error))) from error


def _understood(path: Path, text: str) -> Book:
    raw = json.loads(text)
    version = raw.get("version") if isinstance(raw, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError("it does not say its version")
    if version > VERSION:
        raise StartError(
            f"The list of phones in {path} was written by a newer Doorstep (version {version})."
            " Update this one, or restore a copy of the file."
        )
    book = _migrated(_FirstBook.model_validate(raw)) if version == 1 else Book.model_validate(raw)
    for kept in book.phones:
        if PublicKey.parse(kept.public_key).id != kept.phone.id:
            raise ValueError("a phone's key is another's")
    return book


def _migrated(first: _FirstBook) -> Book:
    return Book(
        phones=tuple(KeptPhone(phone=k.phone, public_key=k.public_key) for k in first.phones)
    )


def _damaged(path: Path, why: str) -> str:
    return (
        f"The list of phones in {path} is damaged ({why.rstrip('.')})."
        " Restore it from a copy, or remove it and pair the phones again."
    )
