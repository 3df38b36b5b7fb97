from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.contracts import check_lock
from hardware.errors import MissingError
from hardware.keeper.client import KeptLock
from tests.support.lock_keeper import LockKeeper, lock_keeper


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[LockKeeper]:
    with lock_keeper(tmp_path) as keeper:
        yield keeper


async def test_it_is_a_lock_like_any_other(keeper: LockKeeper) -> None:
    await check_lock(KeptLock(keeper.socket), lambda: keeper.is_open)


async def test_without_a_keeper_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"sudo systemctl start doorstep-lock"):
        async with KeptLock(tmp_path / "nobody"):
            pass
