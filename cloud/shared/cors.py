"""Routes that players and encoders in other sites' pages may use (WHEP and WHIP).

Their requests carry a token in the header or the address, never cookies, so any page may try.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from cloud.shared.problems import ProblemError
from protocol.calls import SIGNATURE_HEADER
from protocol.errors import RemoteProtocolError

_EXPOSED = (
    "Location", "ETag", "Link", "Accept-Post", "Accept-Patch", "Retry-After", SIGNATURE_HEADER,
)  # fmt: skip
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": ", ".join(_EXPOSED),
}


class OpenRoute(APIRoute):
    """Lets pages of other origins read every answer, errors included."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def with_cors(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                detail = f"{first['loc'][-1]}: {first['msg']}."
                raise ProblemError(400, "Malformed request", detail, headers=CORS) from error
            except RemoteProtocolError as error:
                raise ProblemError(400, "Malformed message", str(error), headers=CORS) from error
            except ProblemError as error:
                error.headers = {**CORS, **(error.headers or {})}
                raise
            response.headers.update(CORS)
            return response

        return with_cors
