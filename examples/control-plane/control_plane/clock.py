"""The time, as an argument: tests hand over one that they can move."""

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Returns seconds since the epoch."""


def system_clock() -> int:
    return int(time.time())
