"""Firefox without a window, driven by WebDriver BiDi over its own WebSocket."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import aiohttp

# A first start makes the profile's files; on two busy cores that takes a while.
START_LIMIT_S = 60.0
COMMAND_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
_QUIET: Mapping[str, object] = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "toolkit.telemetry.enabled": False,
    # There is no desktop to show notifications on.
    "alerts.useSystemBackend": False,
    "permissions.default.desktop-notification": 1,
}


class ScriptError(RuntimeError):
    """The page's script failed; the text is the browser's."""


def push_preferences(address: str) -> dict[str, object]:
    """Preferences that make Firefox use the push service at `address` (ws://)."""
    return {
        "dom.push.serverURL": address,
        "dom.push.connection.enabled": True,
        "dom.push.retryBaseInterval": 100,
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.testing.ignorePermission": True,
    }


class Firefox:
    """`async with Firefox(preferences) as browser`: one profile, one window, gone afterwards."""

    def __init__(self, preferences: Mapping[str, object]) -> None:
        self._preferences: dict[str, object] = {**_QUIET, **preferences}
        self._life = AsyncExitStack()
        self._ids = count(1)

    async def __aenter__(self) -> Self:
        async with self._life:
            profile = self._life.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
            await self._start(Path(profile))
            await self._connect()
            self._life = self._life.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._life.aclose()

    async def open(self, url: str) -> None:
        """Load a page and wait until it is complete."""
        arguments = {"context": self._window, "url": url, "wait": "complete"}
        await self._command("browsingContext.navigate", arguments)

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; promises are awaited."""
        result = await self._command(
            "script.evaluate",
            {
                "expression": f"(async () => JSON.stringify((await ({script})) ?? null))()",
                "target": {"context": self._window},
                "awaitPromise": True,
            },
        )
        if result["type"] != "success":
            raise ScriptError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def look_away(self) -> None:
        """Open an empty tab in front; the page goes on behind it, and `run` still means it."""
        await self._command("browsingContext.create", {"type": "tab", "background": False})

    async def _start(self, profile: Path) -> None:
        (profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in self._preferences.items()
            )
        )
        self._process = await asyncio.create_subprocess_exec(
            "firefox-esr", "--headless", "--no-remote", "--remote-debugging-port", "0",
            "--profile", str(profile),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._life.push_async_callback(self._stop)
        async with asyncio.timeout(START_LIMIT_S):
            self._address = await self._listening()

    async def _listening(self) -> str:
        errors = self._process.stderr
        async for line in errors or asyncio.StreamReader():
            if found := _LISTENING.search(line):
                return found[1].decode()
        raise RuntimeError("Firefox ended before it listened.")

    async def _stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                # Reading to the end: a full pipe would keep Firefox from ending.
                await self._process.communicate()
        except TimeoutError:
            self._process.kill()
            await self._process.communicate()

    async def _connect(self) -> None:
        http = await self._life.enter_async_context(aiohttp.ClientSession())
        self._socket = await self._life.enter_async_context(
            http.ws_connect(f"{self._address}/session", max_msg_size=0)
        )
        await self._command("session.new", {"capabilities": {}})
        tree = await self._command("browsingContext.getTree", {})
        self._window: str = tree["contexts"][0]["context"]

    async def _command(self, method: str, arguments: Mapping[str, object]) -> Any:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": arguments})
        async with asyncio.timeout(COMMAND_LIMIT_S):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") != number:
                    continue
                if answer["type"] == "error":
                    raise ScriptError(f"{method}: {answer['error']}: {answer['message']}")
                return answer["result"]
