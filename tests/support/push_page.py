"""A small server with one page and the app's real service worker, for tests of notifications."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.worker_build import worker_script

_PAGE = """<!doctype html><title>page</title><script>
const STORE = "records";
const database = () => new Promise((resolve, reject) => {
  const request = indexedDB.open("doorstep", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
window.keepIdentity = async (id) => {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(curve, false, ["sign"]);
  const change = (await database()).transaction(STORE, "readwrite");
  change.objectStore(STORE).put(
    { id, publicKey: "", privateKey: pair.privateKey, name: "Phone", doorbells: [] }, "identity");
  await new Promise((resolve) => { change.oncomplete = resolve; });
};
window.startWorker = async () => {
  await navigator.serviceWorker.register("/worker.js");
  const { active } = await navigator.serviceWorker.ready;
  // A push for a worker that is not active yet is lost.
  if (active.state !== "activated") {
    await new Promise((resolve) => active.addEventListener("statechange", resolve));
  }
  return active.state;
};
window.subscribe = async (key) => {
  const registration = await navigator.serviceWorker.ready;
  const made = await registration.pushManager.subscribe(
    { userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = made.toJSON();
  return { type: "webpush", endpoint, ...keys };
};
window.notifications = async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map(
    ({ title, body, tag, silent, renotify, requireInteraction, image, lang, data, actions }) =>
    ({ title, body, tag, silent, renotify, requireInteraction, image, lang, data,
       actions: (actions ?? []).map((each) => each.action) }));
};
</script>"""
# One grey pixel.
_JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300030202020202030202020303030304060404040404"
    "080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f101011100a0c12131210130f101010ffc900"
    "0b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9"
)


@dataclass
class PushPage:
    """`async with PushPage() as page`; it keeps what the worker asked the server for."""

    pictures: list[str] = field(default_factory=list)
    keys_asked: list[str] = field(default_factory=list)
    subscriptions: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    vapid_key: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/worker.js", self._worker)
        app.router.add_get("/api/v1/visits/{visit}/snapshot.jpg", self._picture)
        app.router.add_get("/api/v1/push/key", self._key)
        app.router.add_post("/api/v1/push/subscriptions", self._subscribe)
        app.router.add_delete("/api/v1/push/subscriptions", self._unsubscribe)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def _worker(self, request: web.Request) -> web.Response:
        return web.Response(text=worker_script(), content_type="text/javascript")

    async def _picture(self, request: web.Request) -> web.Response:
        self.pictures.append(request.query.get("token", ""))
        return web.Response(body=_JPEG, content_type="image/jpeg")

    async def _key(self, request: web.Request) -> web.Response:
        self.keys_asked.append(request.headers.get("Authorization", ""))
        return web.json_response({"public_key": self.vapid_key})

    async def _subscribe(self, request: web.Request) -> web.Response:
        subscription = json.loads(await request.text())
        self.subscriptions.put_nowait(subscription)
        return web.Response(status=201)

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        return web.Response(status=204)
