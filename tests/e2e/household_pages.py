"""Walks through the pages on which a household is managed, in the words of the tests."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import zxingcpp
from playwright.async_api import Locator, Page, expect

from protocol.audit import HEAD_TYP, ROOT, AuditHeadStatement, AuditRow, next_hash, row_hash
from protocol.identity import PublicKey
from protocol.jws import unseal

RIGHTS = ("view", "talk", "light", "chime", "unlock", "history", "admin")


async def open_household(page: Page) -> None:
    """From wherever the page is to the household, by the settings."""
    await page.evaluate("location.hash = '#/settings'")
    await page.get_by_test_id("to-household").click()
    await page.locator("[data-testid=household-home] .card").first.wait_for()


async def open_page(page: Page, name: str) -> None:
    """From the household to one of its pages; its line stays open."""
    if "/household/" not in page.url:
        await open_household(page)
    if await page.get_by_test_id("household-home").count() == 0:
        await page.get_by_test_id("household-back").click()
    await page.get_by_test_id(f"to-{name}").click()
    await page.get_by_test_id(f"household-{name}").wait_for()


def member(page: Page, name: str) -> Locator:
    """The row of a phone in the list."""
    return page.get_by_test_id("member").filter(has_text=name)


async def turn(page: Page, hook: str, *, on: bool) -> None:
    """Turn a switch, if it is not so already."""
    switch = page.get_by_test_id(hook)
    if await switch.is_checked() is not on:
        await switch.click()
    await expect(switch).to_be_checked(checked=on)


async def make_invitation(page: Page, rights: tuple[str, ...]) -> str:
    """The link of a new invitation that gives exactly these rights."""
    await open_page(page, "invite")
    await page.get_by_test_id("change-access").click()
    for right in RIGHTS:
        await turn(page, f"right-{right}", on=right in rights)
    await page.get_by_test_id("make-code").click()
    return await page.get_by_test_id("invite-link").inner_text()


async def scanned(code: Locator) -> list[str]:
    """What a camera reads in what the page shows."""
    with av.open(BytesIO(await code.screenshot()), "r") as picture:
        frame = next(picture.decode(video=0))
    pixels = np.ascontiguousarray(frame.to_ndarray(format="gray"))
    return [found.text for found in zxingcpp.read_barcodes(pixels)]


async def own_rights(page: Page) -> tuple[str, ...]:
    """What a phone that is no admin reads of itself."""
    await open_household(page)
    rows = page.get_by_test_id("own-rights").locator("[data-has=true]")
    await rows.first.wait_for()
    found: list[str] = await rows.evaluate_all("rows => rows.map(row => row.dataset.right)")
    return tuple(found)


async def logged(page: Page) -> list[str]:
    """What the rows on the page are about, oldest first."""
    rows = page.get_by_test_id("log-row")
    await rows.first.wait_for()
    found: list[str] = await rows.evaluate_all("rows => rows.map(row => row.dataset.what)")
    return found[::-1]


def in_order(told: list[str], *wanted: str) -> bool:
    """Whether all that was wanted was told, one after the other."""
    rest = iter(told)
    return all(what in rest for what in wanted)


async def exported(page: Page, folder: Path) -> list[dict[str, Any]]:
    """The lines of the file that the page saves."""
    async with page.expect_download() as saving:
        await page.get_by_test_id("log-export").click()
    file = folder / "export.jsonl"
    await (await saving.value).save_as(file)
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def checked_export(lines: list[dict[str, Any]], doorbell: PublicKey) -> list[AuditRow]:
    """The rows of an exported log, if the doorbell's own reckoning agrees with the file."""
    *kept, end = lines
    place, rows = ROOT, []
    for number, line in enumerate(kept, start=1):
        row = AuditRow.model_validate_json(line["row"])
        place = next_hash(number, place, row_hash(line["row"].encode()))
        assert (row.number, line["hash"]) == (number, place)
        rows.append(row)
    head = unseal(end["head"], HEAD_TYP, doorbell, AuditHeadStatement)
    assert (head.doorbell, head.number, head.hash) == (doorbell.id, len(kept), place)
    assert end["hash"] == place
    return rows
