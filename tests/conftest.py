"""What every test stands on."""

import gc
import sys
from collections.abc import Iterator

import pytest


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at what stays, as the doorbell does after its start.

    All tests' modules and what they import take it a second to walk through, and for as long
    pictures, pulses and answers of a test stand still.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def a_fresh_mdns_lock() -> None:
    """Let aioice make its mDNS lock for this test's loop.

    It keeps one lock for a thread's whole life. The doorbell has one loop in that life; each test
    has its own, and a lock that two calls once waited for belongs to the loop they waited in.
    """
    ice = sys.modules.get("aioice.ice")
    if ice is not None:
        vars(ice._mdns).clear()


@pytest.fixture(autouse=True, scope="module")
def no_server_is_kept() -> Iterator[None]:
    """Let servers go that a module's tests have used.

    FastAPI remembers what kind of function each route has, and with it the whole server. A server
    has one application in its life; hundreds of them make every full garbage collection longer.
    """
    yield
    models = sys.modules.get("fastapi.dependencies.models")
    for value in vars(models).values() if models else ():
        if hasattr(value, "cache_clear"):
            value.cache_clear()
