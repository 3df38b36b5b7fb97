"""Requests made up from the OpenAPI description: what is said there is what is answered.

The server runs in this process; a paired phone signs each request, and then nobody does.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cloud.app import Options, Server
from cloud.shared.settings import Http, Rates, Settings, State
from cloud.store.roster import KnownDoorbell
from protocol.api import Problem
from protocol.identity import Identity
from protocol.pairing import encode
from tests.support.in_process import Answer, InProcess
from tests.support.scripted_doorbell import known_phone

# For each operation: some 20 s in all on two busy cores.
EXAMPLES = 40
ADDRESS = "http://localhost"
Case = schemathesis.Case[Any]
# Whom these answer without a token, on purpose. The others with OPTIONS are for players.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/push/key"),
    ("OPTIONS", "/api/v1/doorbells/{doorbell}/live"),
    ("OPTIONS", "/api/v1/live/{call}"),
    ("OPTIONS", "/api/v1/doorbells/{doorbell}/recordings"),
    ("OPTIONS", "/api/v1/recordings/{session_id}"),
}
# Its answer has no end while the phone is listened to.
ENDLESS = "/api/v1/events"
# A doorbell that is away, or that does not answer in time.
AWAY = (503, 504)
CONFORMING = [status_code_conformance, content_type_conformance, response_schema_conformance]
# Bodies that are sent as they are; JSON it knows by itself.
TEXTS = ("application/sdp", "application/trickle-ice-sdpfrag", "image/jpeg")
load_all_checks()
schemathesis.serializer.alias(list(TEXTS), "text/plain")
bounded = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@dataclass
class House:
    """A server in this process that knows one doorbell, which is away, and its phone."""

    running: InProcess
    phone: Identity
    doorbell: str
    description: dict[str, Any]

    def send(self, case: Case, *, signed: bool) -> tuple[requests.PreparedRequest, Answer]:
        made_up = str(case.path_parameters.get("doorbell", "x"))
        # Half of them reach the doorbell that is there.
        if len(made_up) % 2 == 0:
            case.path_parameters["doorbell"] = self.doorbell
        prepared = requests.Request(**case.as_transport_kwargs(base_url=ADDRESS)).prepare()
        content = bytes_of(prepared.body)
        headers = {name: str(value) for name, value in prepared.headers.items()}
        headers.pop("Authorization", None)
        method, target = str(prepared.method), prepared.path_url
        if signed:
            hashed = {"bh": encode(hashlib.sha256(content).digest())} if content else {}
            token = self.phone.token("api", time.time(), 60, htm=method, htu=target, **hashed)
            headers["Authorization"] = f"Bearer {token}"
        return prepared, self.running.ask(method, target, headers, content)


def bytes_of(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    server = Server(
        Settings(
            http=Http(app=tmp_path / "app"),
            state=State(directory=tmp_path / "state"),
            rates=Rates(factor=0),
        ),
        Options(answer_timeout_s=0.1, push_over_http=True),
    )
    phone, bell = Identity.generate(), Identity.generate()
    with InProcess(server) as running:
        known = KnownDoorbell(bell.id, bell.public, "Front door", 1_000)
        running.run(server.roster.adopt(known))
        running.run(server.roster.add_phone(bell.id, known_phone(phone)))
        description = server.api.openapi()
        yield House(running, phone, bell.id, description)
        server.close()


def tried(house: House, check: Callable[[Case], None]) -> list[str]:
    """Complaints about the cases of every operation, each with its method and path."""
    complaints = []
    for result in schemathesis.openapi.from_dict(house.description).get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        made = bounded(given(case=operation.as_strategy())(lambda case: check(case)))
        try:
            made()
        except (AssertionError, FailureGroup) as error:
            words = getattr(error, "exceptions", [error])
            complaints += [f"{operation.label}: {word}" for word in words]
    return complaints


def test_what_is_described_is_answered(house: House) -> None:
    def check(case: Case) -> None:
        if case.operation.path == ENDLESS:
            return
        prepared, answer = house.send(case, signed=True)
        check_refusal(answer)
        response = Response(
            status_code=answer.status, headers=answer.headers, content=answer.body,
            request=prepared, elapsed=0.0, verify=False,
        )  # fmt: skip
        case.validate_response(response, checks=CONFORMING)

    assert tried(house, check) == []


def test_nobody_is_served_without_a_signature(house: House) -> None:
    def check(case: Case) -> None:
        _, answer = house.send(case, signed=False)
        check_refusal(answer)
        if (case.method.upper(), case.operation.path) not in OPEN:
            assert answer.status >= 400

    assert tried(house, check) == []


def check_refusal(answer: Answer) -> None:
    """Anything but success is a problem in words, and never the server's own fault."""
    if answer.status < 400:
        return
    assert answer.status < 500 or answer.status in AWAY, answer.body
    assert answer.headers["content-type"] == ["application/problem+json"]
    assert Problem.model_validate_json(answer.body).status == answer.status
