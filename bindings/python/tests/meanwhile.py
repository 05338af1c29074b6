"""Whether others may run during a call."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

MOST_SECONDS = 10.0


def tries() -> Iterator[int]:
    """Number the tries for which there is time: on a busy machine, the other thread mostly comes too late for a short call."""
    until = time.monotonic() + MOST_SECONDS
    for number in count():
        if time.monotonic() > until:
            return
        yield number


def others_run(call: Callable[[], object]) -> bool:
    """Whether another thread runs Python while this is called, which has to take a millisecond or more."""
    interval = sys.getswitchinterval()
    for _ in tries():
        go, ran = threading.Lock(), threading.Event()
        go.acquire()

        def run(go: threading.Lock = go, ran: threading.Event = ran) -> None:
            go.acquire()
            ran.set()

        other = threading.Thread(target=run)
        # From here on, who has the interpreter keeps it until it waits, or lets others run.
        sys.setswitchinterval(1_000)
        try:
            other.start()
            go.release()
            call()
            meanwhile = ran.is_set()
        finally:
            sys.setswitchinterval(interval)
        other.join()
        if meanwhile:
            return True
    return False
