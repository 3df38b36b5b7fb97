"""FCM against a Firebase on loopback that checks the OAuth exchange and keeps the messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cloud.push.compose import Notice, compose
from cloud.push.fcm import DATA_FIELD, Fcm, FcmError
from protocol.api import FcmTarget, PushMessage
from tests.support.fcm_endpoint import SCOPE, FcmEndpoint
from tests.support.visits import visit

messaging = pytest.importorskip("firebase_admin.messaging")
service_account = pytest.importorskip("google.oauth2.service_account")

RING = compose(Notice("rang", visit(), "Front door"), "en")
PHONE = FcmTarget(value="installation-1")


@pytest.fixture
async def firebase(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FcmEndpoint]:
    async with FcmEndpoint() as running:
        # firebase-admin knows no setting for another address.
        monkeypatch.setattr(messaging._MessagingService, "FCM_URL", running.send_url)
        # It would ask Google, in a thread of its own, in which regions this account may work.
        monkeypatch.setattr(
            service_account.Credentials,
            "_is_regional_access_boundary_lookup_required",
            lambda credentials: False,
        )
        yield running


@pytest.fixture
async def fcm(firebase: FcmEndpoint, tmp_path: Path) -> AsyncIterator[Fcm]:
    async with Fcm.open(firebase.write_account(tmp_path / "account.json")) as running:
        yield running


async def test_the_service_account_signs_for_its_token(firebase: FcmEndpoint, fcm: Fcm) -> None:
    assert await fcm.send(PHONE, RING) == "sent"
    assert SCOPE in firebase.claims[0]["scope"]
    assert firebase.claims[0]["exp"] - firebase.claims[0]["iat"] <= 3600


async def test_the_message_carries_data_only(firebase: FcmEndpoint, fcm: Fcm) -> None:
    await fcm.send(PHONE, RING)
    message = firebase.sent[0]["message"]
    assert set(message) == {"fid", "data", "webpush"}
    assert message["fid"] == "installation-1"
    assert PushMessage.model_validate_json(message["data"][DATA_FIELD]) == RING
    headers = message["webpush"]["headers"]
    assert (headers["TTL"], headers["Urgency"]) == ("60", "high")
    assert headers["Topic"].startswith("ring-")


@pytest.mark.filterwarnings("ignore:.*token.*:DeprecationWarning")
async def test_an_old_registration_token_is_still_served(firebase: FcmEndpoint, fcm: Fcm) -> None:
    assert await fcm.send(FcmTarget(kind="token", value="old"), RING) == "sent"
    assert firebase.sent[0]["message"]["token"] == "old"


async def test_one_token_serves_many_messages(firebase: FcmEndpoint, fcm: Fcm) -> None:
    for _ in range(3):
        assert await fcm.send(PHONE, RING) == "sent"
    assert len(firebase.claims) == 1


async def test_an_unregistered_phone_is_gone(firebase: FcmEndpoint, fcm: Fcm) -> None:
    firebase.errors.append((404, "UNREGISTERED"))
    assert await fcm.send(PHONE, RING) == "gone"


@pytest.mark.parametrize(("status", "code"), [(429, "QUOTA_EXCEEDED"), (400, "INVALID_ARGUMENT")])
async def test_other_refusals_keep_the_target(
    firebase: FcmEndpoint, fcm: Fcm, status: int, code: str
) -> None:
    firebase.errors.append((status, code))
    assert await fcm.send(PHONE, RING) == "failed"


async def test_a_stranger_key_gets_no_token(firebase: FcmEndpoint, tmp_path: Path) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    async with Fcm.open(firebase.write_account(tmp_path / "b.json", stranger)) as fcm:
        assert await fcm.send(PHONE, RING) == "failed"
    assert firebase.refused
    assert firebase.sent == []


def test_a_file_that_is_no_account_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text('{"type": "authorized_user"}')
    with pytest.raises(FcmError, match=r"is no service account's key"):
        Fcm.open(path)
    with pytest.raises(FcmError, match=r"absent\.json"):
        Fcm.open(tmp_path / "absent.json")


async def test_closing_twice_is_fine(fcm: Fcm) -> None:
    await fcm.close()
    await fcm.close()
