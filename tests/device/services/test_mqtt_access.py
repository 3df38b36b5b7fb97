"""Getting in at a broker: certificates, users and passwords, and what is said about them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import trustme

from protocol.door import Moment
from protocol.link import VisitMoment, VisitOpened
from tests.support.broker_listener import listening
from tests.support.doorbell_at_broker import DEVICE, DoorbellAtBroker
from tests.support.mosquitto import ExampleMosquitto, TlsMosquitto, trusting

pytestmark = pytest.mark.services

OPENED = VisitOpened(visit="visit-0001", cause="press", at_ms=1000)
RANG = VisitMoment(visit="visit-0001", moment=Moment(at_ms=2000, what="rang"))
# A broker that does not answer us in this time will not; on loopback it takes milliseconds.
SILENCE_S = 0.5
PASSWORD = "a word of this test"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def kept(authority: trustme.CA, folder: Path, name: str = "trusted.pem") -> Path:
    file = folder / name
    authority.cert_pem.write_to_path(file)
    return file


async def test_a_broker_of_our_own_authority(tmp_path: Path, authority: trustme.CA) -> None:
    async with TlsMosquitto(tmp_path, authority) as broker:
        doorbell = DoorbellAtBroker(broker.port, ca_file=kept(authority, tmp_path))
        async with (
            doorbell.running(),
            listening(broker.port, trust=trusting(authority)) as listener,
        ):
            assert await doorbell.connection()
            assert (await listener.topic("/availability")).text == "online"


async def test_a_broker_of_another_authority_hears_nothing_and_the_bell_rings_on(
    tmp_path: Path, authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "device.services.mqtt")
    stranger = trustme.CA()
    async with TlsMosquitto(tmp_path, stranger) as broker:
        doorbell = DoorbellAtBroker(broker.port, ca_file=kept(authority, tmp_path))
        async with (
            doorbell.running(),
            listening(broker.port, trust=trusting(stranger)) as listener,
        ):
            trouble = await doorbell.trouble()
            assert trouble is not None
            assert "The certificate of the broker" in trouble
            assert "mqtt.ca_file" in trouble
            doorbell.mqtt.occurred(OPENED)
            doorbell.mqtt.occurred(RANG)
            assert doorbell.task is not None
            assert not doorbell.task.done()
            await listener.say("test/end", "over")
            await listener.topic("test/end")
            assert {heard.topic for heard in listener.heard} == {"test/end"}
    assert len(caplog.records) == 1


async def test_a_certificate_for_another_name(tmp_path: Path, authority: trustme.CA) -> None:
    async with TlsMosquitto(tmp_path, authority) as broker:
        trusted = kept(authority, tmp_path)
        doorbell = DoorbellAtBroker(broker.port, host="localhost", ca_file=trusted)
        async with doorbell.running():
            assert "mqtt.host" in (await doorbell.trouble() or "")


async def test_a_broker_without_tls(tmp_path: Path, authority: trustme.CA) -> None:
    async with TlsMosquitto(tmp_path, authority) as broker:
        # A TLS server says nothing that a client without TLS would understand.
        doorbell = DoorbellAtBroker(broker.port, answer_limit_s=SILENCE_S)
        async with doorbell.running():
            assert "Check that it runs, and the mqtt settings" in (await doorbell.trouble() or "")


async def test_a_broker_that_asks_for_the_doorbells_certificate(
    tmp_path: Path, authority: trustme.CA
) -> None:
    own = authority.issue_cert(f"{DEVICE}.doorstep")
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    own.cert_chain_pems[0].write_to_path(certificate)
    own.private_key_pem.write_to_path(key)
    trusted = kept(authority, tmp_path)
    async with TlsMosquitto(tmp_path, authority, strict=True) as broker:
        unknown = DoorbellAtBroker(broker.port, answer_limit_s=SILENCE_S, ca_file=trusted)
        async with unknown.running():
            assert not await unknown.connection()
        known = DoorbellAtBroker(
            broker.port, ca_file=trusted, certificate_file=certificate, key_file=key
        )
        async with known.running():
            assert await known.connection()


async def test_user_and_password(tmp_path: Path, authority: trustme.CA) -> None:
    word = tmp_path / "password"
    word.write_text(PASSWORD + "\n")
    async with ExampleMosquitto(tmp_path, authority, {DEVICE: PASSWORD}) as broker:
        doorbell = DoorbellAtBroker(
            broker.port, username=DEVICE, password_file=word, ca_file=kept(authority, tmp_path)
        )
        async with doorbell.running():
            assert await doorbell.connection()


async def test_the_wrong_password_is_said_without_it(
    tmp_path: Path, authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    word = tmp_path / "password"
    word.write_text("the wrong word\n")
    async with ExampleMosquitto(tmp_path, authority, {DEVICE: PASSWORD}) as broker:
        doorbell = DoorbellAtBroker(
            broker.port, username=DEVICE, password_file=word, ca_file=kept(authority, tmp_path)
        )
        async with doorbell.running():
            trouble = await doorbell.trouble() or ""
    assert "does not let the doorbell in" in trouble
    assert "mqtt.password_file" in trouble
    assert "the wrong word" not in caplog.text + trouble


def with_files(files: dict[str, Path]) -> DoorbellAtBroker:
    """One that gets no further than its files."""
    settings: dict[str, Any] = {**files}
    return DoorbellAtBroker(9, **settings)


@pytest.mark.parametrize("setting", ["password_file", "ca_file", "certificate_file", "key_file"])
async def test_a_missing_file_is_named(tmp_path: Path, authority: trustme.CA, setting: str) -> None:
    own = tmp_path / "own.pem"
    authority.issue_cert("a.doorstep").private_key_and_cert_chain_pem.write_to_path(own)
    files = {"ca_file": kept(authority, tmp_path), "certificate_file": own}
    doorbell = with_files({**files, setting: tmp_path / "absent"})
    async with doorbell.running():
        trouble = await doorbell.trouble() or ""
    assert trouble.startswith(f"{tmp_path / 'absent'}: No such file")


@pytest.mark.parametrize("setting", ["ca_file", "certificate_file"])
async def test_a_file_that_is_no_certificate_is_named(
    tmp_path: Path, authority: trustme.CA, setting: str
) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"\xff not a certificate")
    files = {"ca_file": kept(authority, tmp_path), setting: nonsense}
    doorbell = with_files(files)
    async with doorbell.running():
        trouble = await doorbell.trouble() or ""
    assert trouble.startswith(f"{nonsense}: There is no certificate")
