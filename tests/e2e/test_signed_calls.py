"""A whole signed call in a browser, and what the page does when somebody sits in the middle."""

from __future__ import annotations

import re

from playwright.async_api import Browser, Page, Request, expect

from protocol.calls import fingerprint_of
from protocol.control import COMMAND_TYP, RECEIPT_TYP, UnlockCommand, UnlockReceipt
from protocol.identity import PublicKey
from protocol.jws import hash_of, unseal
from scripts.browser import paired_page
from scripts.stack import Stack
from tests.e2e.door import answer_in, live, picture_moves, twin, until, was
from tests.e2e.trust import (
    COUNT_WHAT_FLOWS,
    HostileServer,
    Tamper,
    flowed,
    keep,
    record,
    without_signature,
)

NOTHING_FLOWED = {"answers": 0, "messages": 0, "tracks": 0, "streams": 0}
# Longer than the pauses between the attempts of a call that reconnects.
NO_SECOND_TRY_MS = 2_500
OTHER_CERTIFICATE = ":".join(["AB"] * 32)
# As if the handshake had been somebody else's, while the SDP is the doorbell's own.
SHOW_ANOTHER_CERTIFICATE = """() => {
  RTCDtlsTransport.prototype.getRemoteCertificates = () => [new Uint8Array([1, 2, 3]).buffer];
}"""


async def test_a_call_is_signed_and_an_opening_is_proved(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(_what(request)))
        await twin(stack, "press")
        await page.get_by_test_id("ring-screen").wait_for()
        await until("A nonce before the tap", lambda: _told(asked, "challenge"))
        # The signature takes a moment, and a person longer.
        await page.wait_for_timeout(500)
        asked.clear()
        await answer_in(page)
        assert await picture_moves(page)
        # The tap cost no round trip but the offer's own.
        assert asked.index("live") < _index(asked, "challenge")
        await _open(page, stack)
        await _check_what_is_kept(page)


def _what(request: Request) -> str:
    return request.url.partition("?")[0].rpartition("/")[2] if request.method == "POST" else ""


async def _told(asked: list[str], what: str) -> bool:
    return what in asked


def _index(asked: list[str], what: str) -> int:
    return asked.index(what) if what in asked else len(asked)


async def _open(page: Page, stack: Stack) -> None:
    await page.get_by_test_id("unlock").click()
    await page.get_by_test_id("unlock-confirm").click()
    await until("Unlocking", lambda: was(stack, "lock"))
    await expect(page.locator(".notice")).to_contain_text("in the doorbell’s log")


async def _check_what_is_kept(page: Page) -> None:
    """The receipt is the doorbell's, for the command that the phone signed."""
    identity = await record(page, "identity")
    (doorbell,) = identity["doorbells"]
    (kept,) = await record(page, "receipts")
    key = PublicKey.parse(doorbell["publicKey"])
    phone = PublicKey.parse(identity["publicKey"])
    command = unseal(kept["command"], COMMAND_TYP, phone, UnlockCommand)
    receipt = unseal(kept["receipt"], RECEIPT_TYP, key, UnlockReceipt)
    assert command.doorbell == receipt.doorbell == doorbell["id"]
    assert command.phone == receipt.phone == identity["id"]
    assert receipt.command_hash == hash_of(kept["command"])
    audit = await record(page, "audit")
    assert audit[doorbell["id"]]["mark"]["number"] < receipt.row


def _other_fingerprint(sdp: str, headers: dict[str, str]) -> str:
    return sdp.replace(fingerprint_of(sdp), OTHER_CERTIFICATE)


def _second_fingerprint(sdp: str, headers: dict[str, str]) -> str:
    return f"{sdp}a=fingerprint:sha-256 {OTHER_CERTIFICATE}\r\n"


def _other_address(sdp: str, headers: dict[str, str]) -> str:
    return re.sub(r"a=candidate:.*\r\n", "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", sdp)


def _other_role(sdp: str, headers: dict[str, str]) -> str:
    return sdp.replace("a=setup:active", "a=setup:passive")


TAMPERS: tuple[Tamper, ...] = (
    _other_fingerprint,
    _second_fingerprint,
    _other_address,
    _other_role,
    without_signature,
)


async def test_a_hostile_server_gets_nothing(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        for tamper in TAMPERS:
            server = HostileServer(tamper)
            async with server.before(page):
                await page.evaluate(COUNT_WHAT_FLOWS)
                await page.get_by_test_id("watch").click()
                await _is_refused(page)
                assert await flowed(page) == NOTHING_FLOWED, tamper.__name__
                assert server.placed == 1, tamper.__name__
            await page.get_by_role("button", name="Home").click()
            await page.reload()


async def test_an_answer_of_another_call_is_no_answer(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        kept: list[tuple[str, dict[str, str]]] = []

        def replay(sdp: str, headers: dict[str, str]) -> str:
            kept.append((sdp, dict(headers)))
            first, signed = kept[0]
            headers["doorstep-signature"] = signed["doorstep-signature"]
            return first

        server = HostileServer(replay)
        async with server.before(page):
            await page.get_by_test_id("watch").click()
            await live(page)
            await page.get_by_test_id("hang-up").click()
            await page.get_by_test_id("watch").click()
            await _is_refused(page)
        assert server.placed == 2


async def test_the_certificate_of_the_handshake_counts(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await page.evaluate(SHOW_ANOTHER_CERTIFICATE)
        await page.evaluate(COUNT_WHAT_FLOWS)
        await page.get_by_test_id("watch").click()
        await _is_refused(page)
        # The SDP was the doorbell's own; nothing went over the connection that it made.
        assert await flowed(page) == {**NOTHING_FLOWED, "answers": 1}


async def _is_refused(page: Page) -> None:
    """The page says so, shows nothing, and does not try again."""
    end = page.get_by_test_id("call-end")
    await expect(end).to_have_attribute("data-why", "impostor")
    await expect(end).to_contain_text("not your doorbell")
    await page.wait_for_timeout(NO_SECOND_TRY_MS)
    await expect(end).to_be_visible()
    await expect(page.get_by_role("button", name="Call again")).to_have_count(0)
    shown = await page.get_by_test_id("live-video").evaluate("(video) => video.videoWidth")
    assert shown == 0


async def test_a_log_that_was_set_back_is_warned_of(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await _watch_once(page)
        audit = await record(page, "audit")
        ((doorbell, memory),) = audit.items()
        # The phone once saw a longer log than the doorbell has now.
        memory["mark"]["number"] += 40
        await keep(page, "audit", {doorbell: memory})
        await page.reload()
        await page.get_by_test_id("watch").click()
        warning = page.get_by_test_id("audit-warning")
        await expect(warning).to_contain_text("changed or set back")
        await page.get_by_test_id("hang-up").click()
        # It stands until somebody has read it.
        await page.get_by_test_id("watch").click()
        await live(page)
        await warning.click()
        await page.get_by_test_id("audit-acknowledge").click()
        await expect(warning).to_have_count(0)
        await page.get_by_test_id("hang-up").click()
        await page.reload()
        await _watch_once(page)
        assert "broken" not in (await record(page, "audit"))[doorbell]


async def _watch_once(page: Page) -> None:
    """A call, until the page has heard where the log stands; without a warning."""
    await page.get_by_test_id("watch").click()
    await live(page)

    async def heard() -> bool:
        return bool(await record(page, "audit"))

    await until("The log's head", heard)
    await expect(page.get_by_test_id("audit-warning")).to_have_count(0)
    await page.get_by_test_id("hang-up").click()
    await page.get_by_test_id("doorbell").wait_for()


async def test_a_phone_that_was_taken_out_reads_so(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link(), name="Anna") as anna:
        async with paired_page(browser, stack.pairing_link(), name="Guest") as guest:
            stack.command("phones", "remove", "Guest", "--state", str(stack.folder / "device"))
            out = guest.get_by_test_id("taken-out")
            await out.wait_for()
            await expect(guest.get_by_test_id("doorbell")).to_have_count(0)
            await guest.get_by_test_id("forget-pairing").click()
            await expect(guest.get_by_test_id("paste-link")).to_be_visible()
            assert await record(guest, "identity") is None
        await expect(anna.get_by_test_id("doorbell")).to_be_visible()
        await expect(anna.get_by_test_id("taken-out")).to_have_count(0)
