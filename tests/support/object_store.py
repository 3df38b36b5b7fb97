"""An S3 bucket in memory, as far as clips need it: signed requests, ranges, uploads in parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web

XML = {"Content-Type": "application/xml"}
# Larger than any clip of a test, and of a part of one.
BODY_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass
class Bucket:
    """The objects by key, and what is being uploaded in parts."""

    key_id: str = "bucket-key"
    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    port: int = 0

    @property
    def options(self) -> dict[str, str]:
        """What `clips.options` needs to reach this bucket."""
        return {
            "endpoint": f"http://127.0.0.1:{self.port}",
            "region": "eu-central-1",
        }

    async def handle(self, request: web.Request) -> web.Response:
        """One S3 request; whoever does not sign as the key's owner is refused."""
        signature = request.headers.get("Authorization", "")
        if not signature.startswith(f"AWS4-HMAC-SHA256 Credential={self.key_id}/"):
            return web.Response(status=403)
        key = request.match_info["key"]
        if request.method == "PUT":
            return self._put(key, request, await request.read())
        if request.method == "POST":
            return self._post(key, request)
        if key not in self.objects:
            return web.Response(status=404)
        return self._get(self.objects[key], request)

    async def handle_many(self, request: web.Request) -> web.Response:
        """Deletion comes as a list of keys."""
        keys = re.findall(r"<Key>(.+?)</Key>", await request.text())
        for key in keys:
            self.objects.pop(key, None)
        done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return web.Response(text=f"<DeleteResult>{done}</DeleteResult>", headers=XML)

    def _put(self, key: str, request: web.Request, body: bytes) -> web.Response:
        upload = request.query.get("uploadId")
        if upload:
            self.parts[upload][int(request.query["partNumber"])] = body
        else:
            self.objects[key] = body
        return web.Response(headers={"ETag": _etag(body)})

    def _post(self, key: str, request: web.Request) -> web.Response:
        if "uploads" in request.query:
            upload = f"upload-{len(self.parts)}"
            self.parts[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>"
            return web.Response(text=text + "</InitiateMultipartUploadResult>", headers=XML)
        parts = self.parts.pop(request.query["uploadId"])
        self.objects[key] = b"".join(body for _, body in sorted(parts.items()))
        tag = _etag(self.objects[key])
        text = f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
        return web.Response(text=text, headers=XML)

    def _get(self, body: bytes, request: web.Request) -> web.Response:
        facts = {"ETag": _etag(body), "Last-Modified": formatdate(0, usegmt=True)}
        wanted = request.http_range
        if wanted.start is None:
            return web.Response(body=body, headers=facts)
        part = body[wanted.start : wanted.stop]
        end = wanted.start + len(part) - 1
        facts["Content-Range"] = f"bytes {wanted.start}-{end}/{len(body)}"
        return web.Response(status=206, body=part, headers=facts)


@asynccontextmanager
async def bucket() -> AsyncIterator[Bucket]:
    """A running bucket named `clips`."""
    served = Bucket()
    app = web.Application(client_max_size=BODY_LIMIT_BYTES)
    app.router.add_route("*", "/clips/{key:.+}", served.handle)
    app.router.add_post("/clips", served.handle_many)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.port = runner.addresses[0][1]
    try:
        yield served
    finally:
        await runner.cleanup()


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
