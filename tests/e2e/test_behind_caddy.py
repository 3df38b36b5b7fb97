"""Everything on one machine behind a real Caddy, as docs/one-pi.md sets it up."""

from __future__ import annotations

from pathlib import Path

from scripts.browser import chromium, paired_page
from scripts.stack import Stack
from tests.e2e.door import answer_in, picture_moves, twin
from tests.support.caddy import a_port, caddy_before


async def test_a_phone_pairs_and_answers_over_https(tmp_path: Path) -> None:
    port = a_port()
    public = f"https://localhost:{port}"
    with (
        Stack(
            tmp_path / "stack",
            server_options=("--http-public-url", public,
                            "--http-trusted-proxies", "127.0.0.1,::1"),
            doorbell_options=("--server-public-url", public),
        ) as stack,
        caddy_before(stack.port, tmp_path / "caddy", port) as https,
    ):  # fmt: skip
        known = f"--ignore-certificate-errors-spki-list={https.key_hash}"
        async with chromium(known) as browser:
            link = stack.command(
                "pair", "--state", str(tmp_path / "stack" / "device"), "--server-public-url", public
            )
            async with paired_page(browser, _link_in(link, https.address)) as page:
                assert await page.evaluate("isSecureContext")
                await twin(stack, "press")
                await answer_in(page)
                assert await picture_moves(page)
                await page.get_by_test_id("hang-up").click()
                await page.get_by_test_id("doorbell").wait_for()


def _link_in(printed: str, address: str) -> str:
    link = next(word for word in printed.split() if "#p=1." in word)
    assert link.startswith(address + "/"), "a pairing link names the public address"
    return link
