"""The app under its own policy, in a real browser: all of it runs, and nothing else does."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route

from cloud.app import Server
from cloud.shared.settings import Http, Settings, State
from tests.support.firefox import Firefox
from tests.support.whole_server import serving_app

DIST = Path(__file__).parents[2] / "mobile-web" / "dist"
# Before any script of the page: what the policy refuses.
LISTEN = """
window.refusals = [];
document.addEventListener("securitypolicyviolation", (event) =>
  refusals.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
APP_IS_THERE = "() => document.querySelector('#app').childElementCount > 0"
# Each tries to run `window.ran = true` and returns at once.
INJECTIONS = {
    "an inline script": """
        const script = document.createElement("script");
        script.append("window.ran = true");
        document.body.append(script);""",
    "a handler in an attribute": """
        const image = document.createElement("img");
        image.setAttribute("onerror", "window.ran = true");
        image.src = "/nothing.png";
        document.body.append(image);""",
    "markup from text": """
        document.body.innerHTML = "<img src=x onerror='window.ran = true'>";""",
    "text as code": """
        setTimeout("window.ran = true");""",
    "a script of our own address without a hash": """
        const script = document.createElement("script");
        script.src = "/assets/added.js";
        document.body.append(script);""",
    "a module by its address": """
        const script = document.createElement("script");
        script.type = "module";
        script.append("import('/assets/added.js')");
        document.body.append(script);""",
    "a frame with a script": """
        const frame = document.createElement("iframe");
        frame.src = "data:text/html,<script>parent.ran = true</script>";
        document.body.append(frame);""",
}  # fmt: skip


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A copy of the built app that a test may spoil."""
    return Path(shutil.copytree(DIST, tmp_path / "app"))


@pytest.fixture
async def url(tmp_path: Path, built: Path) -> AsyncIterator[str]:
    settings = Settings(http=Http(port=0, app=built), state=State(directory=tmp_path / "state"))
    async with serving_app(Server(settings)) as address:
        yield address.replace("127.0.0.1", "localhost")


@asynccontextmanager
async def listening_page(browser: Browser) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and every complaint in its console."""
    context = await browser.new_context(locale="en-GB")
    await context.add_init_script(LISTEN)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page, complaints
    finally:
        await context.close()


async def refusals(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("() => window.refusals")
    return found


def link_to(doorbell: str) -> str:
    return f"#p=1.{'A' * 43}.{'B' * 22}.{doorbell}"


async def test_the_app_runs_without_a_single_refusal(url: str, browser: Browser) -> None:
    async with listening_page(browser) as (page, complaints):
        for place in ("/", f"/{link_to('a' * 26)}", "/#/settings", "/settings"):
            await page.goto(url + place)
            await page.wait_for_function(APP_IS_THERE)
            assert await refusals(page) == []
        state = "navigator.serviceWorker.ready.then(({ active }) => active.scriptURL)"
        assert await page.evaluate(state) == f"{url}/worker.js"
    assert complaints == []


async def test_the_worker_serves_the_same_policy(url: str, browser: Browser) -> None:
    """Also without a network: the page comes from the worker's cache, and so do its headers."""
    async with listening_page(browser) as (page, complaints):
        await page.goto(url)
        await page.evaluate("navigator.serviceWorker.ready")
        await page.reload()
        await page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        await page.context.set_offline(True)
        await page.reload()
        await page.wait_for_function(APP_IS_THERE)
        assert await refusals(page) == []
        await page.evaluate(INJECTIONS["an inline script"])
        assert len(await refusals(page)) == 1
        assert await page.evaluate("() => window.ran") is None
    assert [line for line in complaints if "integrity" in line] == []


@pytest.mark.parametrize("kind", ["js", "css"])
async def test_a_file_that_was_changed_is_refused(
    url: str, built: Path, browser: Browser, kind: str
) -> None:
    [target] = (built / "assets").glob(f"*.{kind}")
    content = bytearray(target.read_bytes())
    # One byte, and still a good script: a space at its end.
    content[-1:] = b" "
    target.write_bytes(content)
    async with listening_page(browser) as (page, complaints):
        await page.goto(url)
        await page.wait_for_load_state("load")
        assert any("integrity" in line and target.name in line for line in complaints)
        if kind == "js":
            assert not await page.evaluate(APP_IS_THERE)
        else:
            assert await page.evaluate("() => document.styleSheets.length") == 0


@pytest.mark.parametrize("how", INJECTIONS)
async def test_nothing_that_is_injected_runs(
    url: str, built: Path, browser: Browser, how: str
) -> None:
    (built / "assets" / "added.js").write_text("window.ran = true;")
    async with listening_page(browser) as (page, _):
        await page.goto(url)
        await page.wait_for_function(APP_IS_THERE)
        await page.evaluate(f"() => {{ try {{ {INJECTIONS[how]} }} catch {{}} }}")
        await page.wait_for_function("() => window.refusals.length > 0")
        assert await page.evaluate("() => window.ran") is None


@pytest.mark.services
async def test_firefox_runs_the_same_app_and_nothing_else(url: str) -> None:
    async with Firefox({}) as browser:
        await browser.open(url)
        await browser.run(
            f"new Promise((is) => setInterval(() => ({APP_IS_THERE})() && is(1), 20))"
        )
        await browser.run(f"(() => {{ {INJECTIONS['an inline script']} }})()")
        assert await browser.run("window.ran ?? 'never'") == "never"


async def test_an_injected_script_in_the_page_itself_does_not_run(
    url: str, browser: Browser
) -> None:
    """As if the page had been changed on its way: the policy still comes from the server."""

    async def add_script(route: Route) -> None:
        answer = await route.fetch()
        body = (await answer.text()).replace("</head>", "<script>window.ran = true</script></head>")
        await route.fulfill(response=answer, body=body)

    async with listening_page(browser) as (page, _):
        await page.route(f"{url}/", add_script)
        await page.goto(url)
        await page.wait_for_function(APP_IS_THERE)
        assert await page.evaluate("() => window.ran") is None
        assert any("script-src" in refusal for refusal in await refusals(page))
