"""Bodies on their way in and out: media types, JSON, and what OpenAPI says about them."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, TypeAdapter

from cloud.shared.problems import ProblemError
from protocol.base import CONTROL_MESSAGE_LIMIT_BYTES, parse

AnyMessage = TypeVar("AnyMessage")


def media_type_of(request: Request, *accepted: str) -> str:
    """The body's media type; ProblemError 415 unless it is one of `accepted`."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in accepted:
        wanted = " or ".join(accepted)
        raise ProblemError(
            415, "Wrong media type", f"Send the body as {wanted}.", headers={"Accept": wanted}
        )
    return given


async def json_of(request: Request, adapter: TypeAdapter[AnyMessage]) -> AnyMessage:
    """The body as a message; RemoteProtocolError (400) when it is none."""
    media_type_of(request, "application/json")
    return parse(adapter, await request.body(), CONTROL_MESSAGE_LIMIT_BYTES)


async def text_of(request: Request) -> str:
    """The body as UTF-8 text; ProblemError 400 when it is none."""
    try:
        return (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError(400, "Malformed body", "The body is not UTF-8 text.") from error


def no_store(message: BaseModel, status: int = 200) -> Response:
    """A message as JSON that nobody keeps."""
    kept = {"Cache-Control": "no-store"}
    return Response(message.model_dump_json(), status, kept, "application/json")


def schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """OpenAPI's words for a JSON body that the route reads itself."""
    schema = adapter.json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    schema.pop("discriminator", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def body_of(media_type: str) -> dict[str, Any]:
    """OpenAPI's words for a body that is no JSON."""
    content = {media_type: {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}
