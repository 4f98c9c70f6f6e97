"""Waiting for conditions. The bound only ends a test that would hang; no test may depend on its value."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

GENEROUS = float(os.environ.get("FARPTY_PATIENCE", "60"))
"""Seconds after which a condition is taken to never come, also on a loaded machine under a sanitizer."""


def wait_until(predicate: Callable[[], T], what: str, *, within: float = GENEROUS,
               describe: Callable[[], object] | None = None) -> T:
    """Returns the first true value of `predicate`; fails the test, naming `what`, if none comes.

    `describe` is called for the failure message: what was there instead.
    """
    end = time.monotonic() + within
    pause = 0.001
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            seen = f"; instead: {describe()}" if describe else f"; last value: {value!r}"
            raise AssertionError(f"waited {within:g} s in vain for {what}{seen}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
