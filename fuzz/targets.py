"""The parsers and what each may say about nonsense: its own error, and nothing else.

A target takes bytes and returns; anything it raises is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from cloud.recorder.offers import understood
from cloud.shared.sdp import parse_fragment, ufrag_of_offer
from cloud.shared.settings import Settings as CloudSettings
from device.services.mqtt_topics import CommandReader, Topics
from device.settings import Settings as DeviceSettings
from media.peer import DescriptionError, read_offer, split_slow_candidates
from protocol import jws
from protocol.calls import OFFER_TYP, OfferStatement, fingerprint_of
from protocol.control import COMMAND_TYP, UnlockCommand, parse_control_request
from protocol.errors import RemoteProtocolError
from protocol.files import parse_files_request
from protocol.household import parse_household_request
from protocol.identity import Identity, PublicKey, claimed_issuer, verify_token
from protocol.latest import parse_from_phone
from protocol.link import parse_from_doorbell, parse_from_server
from protocol.pairing import Invitation, parse_pairing_request
from protocol.settings import Group, SettingsError, load

Target = Callable[[bytes], None]

_KEY = Identity.generate()
_READER_TOPICS = Topics(_KEY.id)
NOW_S = 1_795_400_000.0


def sdp(data: bytes) -> None:
    """What a signed offer's SDP is asked: its fingerprint, its sections, its slow candidates."""
    text = _text(data)
    with suppress(RemoteProtocolError):
        fingerprint_of(text)
    with suppress(DescriptionError):
        read_offer(text)
        split_slow_candidates(text)


def whip(data: bytes) -> None:
    """Bodies of the recorder: an encoder's offer, put into our terms and read."""
    offer = understood(_text(data))
    offer.answered(offer.sdp)
    with suppress(DescriptionError):
        read_offer(offer.sdp)


def signalling(data: bytes) -> None:
    """Bodies of calls at the server: offers and trickled candidates."""
    text = _text(data)
    with suppress(RemoteProtocolError):
        ufrag_of_offer(text)
    with suppress(RemoteProtocolError):
        parse_fragment(text)


def statement(data: bytes) -> None:
    """Signed statements: nobody but our key may get one through."""
    text = _text(data)
    for typ, model in ((OFFER_TYP, OfferStatement), (COMMAND_TYP, UnlockCommand)):
        with suppress(RemoteProtocolError):
            jws.signer_of(text, typ)
        with suppress(RemoteProtocolError):
            jws.unseal(text, typ, _KEY.public, model)
            raise AssertionError("A statement that was never signed was accepted.")


def token(data: bytes) -> None:
    """Tokens of the HTTP interface."""
    text = _text(data)
    with suppress(RemoteProtocolError):
        claimed_issuer(text)
    with suppress(RemoteProtocolError):
        verify_token(text, _KEY.public, "api", NOW_S)
        raise AssertionError("A token that was never signed was accepted.")


def public_key(data: bytes) -> None:
    """Keys as they come from outside."""
    with suppress(RemoteProtocolError):
        PublicKey.parse(_text(data)).verifies(bytes(64), b"")


def invitation(data: bytes) -> None:
    """The fragment of a pairing link."""
    with suppress(RemoteProtocolError):
        Invitation.parse(_text(data))


def mqtt(data: bytes) -> None:
    """Commands from a broker."""
    topic, _, payload = data.partition(b"\0")
    reader = CommandReader(_READER_TOPICS)
    for known in (*_READER_TOPICS.commands, _text(topic)):
        reader.read(known, payload)


def _message(parse: Callable[[bytes], object]) -> Target:
    def read(data: bytes) -> None:
        with suppress(RemoteProtocolError):
            parse(data)

    return read


def _settings(model: type[Group]) -> Target:
    def read(data: bytes) -> None:
        with suppress(SettingsError):
            load(model, toml=_text(data), toml_name="a file", environment={}, flags={})

    return read


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


TARGETS: Mapping[str, Target] = {
    "sdp": sdp,
    "whip": whip,
    "signalling": signalling,
    "statement": statement,
    "token": token,
    "public_key": public_key,
    "invitation": invitation,
    "mqtt": mqtt,
    "control": _message(parse_control_request),
    "household": _message(parse_household_request),
    "latest": _message(parse_from_phone),
    "files": _message(parse_files_request),
    "from_doorbell": _message(parse_from_doorbell),
    "from_server": _message(parse_from_server),
    "pairing": _message(parse_pairing_request),
    "device_settings": _settings(DeviceSettings),
    "cloud_settings": _settings(CloudSettings),
}
