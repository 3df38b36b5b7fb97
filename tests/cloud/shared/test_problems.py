"""What goes wrong inside is found in the log by a number, and told to nobody else."""

from __future__ import annotations

import logging
import re

import aiohttp
import pytest
from fastapi import FastAPI

from cloud.shared import problems
from protocol.api import Problem
from tests.support.running_app import running_app

SECRET = "postgres://anna:hunter2@/var/lib/doorstep"


async def test_an_error_shows_a_number_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    api = FastAPI()
    problems.install(api)

    async def fail() -> None:
        raise ValueError(SECRET)

    api.add_api_route("/fail{rest}", fail)
    async with (
        running_app(api) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/fail%0d%0aforged%20line") as response,
    ):
        text = await response.text()
    problem = Problem.model_validate_json(text)
    assert (response.status, problem.status) == (500, 500)
    for part in (SECRET, "Traceback", "ValueError", __file__):
        assert part not in text + str(response.headers)
    found = re.search(r"\b[0-9a-f]{8}\b", problem.detail)
    assert found is not None
    noted = [
        record.getMessage()
        for record in caplog.records
        if record.name == problems.__name__ and record.levelno == logging.ERROR
    ]
    assert len(noted) == 1
    assert noted[0].startswith(found[0])
    assert "\n" not in noted[0]
