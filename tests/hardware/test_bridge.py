import asyncio
import threading

import pytest

from hardware.bridge import Bridge


async def test_items_from_a_thread_arrive_in_order() -> None:
    bridge = Bridge[int](limit=None)

    def put_all() -> None:
        for number in range(500):
            bridge.put(number)

    thread = threading.Thread(target=put_all)
    thread.start()
    taken = [await anext(bridge) for _ in range(500)]
    thread.join()
    assert taken == list(range(500))
    assert bridge.dropped == 0


async def test_the_oldest_is_dropped_when_too_many_wait() -> None:
    bridge = Bridge[int](limit=3)
    for number in range(5):
        bridge.put(number)
    assert [await anext(bridge) for _ in range(3)] == [2, 3, 4]
    assert bridge.dropped == 2


async def test_a_waiting_taker_is_woken() -> None:
    bridge = Bridge[str](limit=1)
    async with asyncio.TaskGroup() as tasks:
        taker = tasks.create_task(bridge.__anext__())
        await asyncio.sleep(0)
        threading.Thread(target=bridge.put, args=("here",)).start()
    assert taker.result() == "here"


async def test_an_error_comes_after_what_waits_and_stays() -> None:
    bridge = Bridge[int](limit=None)
    bridge.put(1)
    bridge.fail(OSError("gone"))
    bridge.fail(OSError("later"))
    assert await anext(bridge) == 1
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            await anext(bridge)


async def test_closing_ends_the_taker_and_ignores_what_comes_later() -> None:
    bridge = Bridge[int](limit=None)
    bridge.put(1)
    bridge.close()
    bridge.close()
    bridge.put(2)
    assert [item async for item in bridge] == []


def test_putting_after_the_loop_has_gone_does_no_harm() -> None:
    async def make() -> Bridge[int]:
        return Bridge[int](limit=1)

    bridge = asyncio.run(make())
    bridge.put(1)
    bridge.fail(OSError("gone"))
    bridge.close()
