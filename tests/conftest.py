"""What every test stands on."""

import sys

import pytest


@pytest.fixture(autouse=True)
def a_fresh_mdns_lock() -> None:
    """Let aioice make its mDNS lock for this test's loop.

    It keeps one lock for a thread's whole life. The doorbell has one loop in that life; each test
    has its own, and a lock that two calls once waited for belongs to the loop they waited in.
    """
    ice = sys.modules.get("aioice.ice")
    if ice is not None:
        vars(ice._mdns).clear()
