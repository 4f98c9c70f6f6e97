"""Fixtures and habits of every Python test; the kit itself is the package `kit`.

Skips are listed by pytest with their reasons (-ra in pytest.ini) and counted in the last line.
"""

import faulthandler
import os

import pytest
from kit import farpty_binary as find_farpty
from kit import need
from kit import serve as run_server

HANG = 300
"""Seconds after which a hanging test prints where it hangs and the run ends: no CI run ends by its own timeout in silence."""

STDERR = pytest.StashKey()


@pytest.fixture(scope="session")
def farpty_binary() -> str:
    """The path of the executable under test (FARPTY_BINARY, else build/release/farpty)."""
    return find_farpty()


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def uid(request):
    """For tests that are done as root and as an ordinary user."""
    need(request.param == os.getuid() or os.getuid() == 0, "root")
    return request.param


@pytest.fixture
def serve():
    """kit.serve, for tests that prefer a fixture."""
    return run_server


def pytest_configure(config):
    config.stash[STDERR] = os.fdopen(os.dup(2), "w")  # before pytest captures it


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    patience = HANG * (20 if item.get_closest_marker("soak") else 3 if item.get_closest_marker("slow") else 1)
    faulthandler.dump_traceback_later(patience, exit=True, file=item.config.stash[STDERR])


def pytest_runtest_teardown(item):
    faulthandler.cancel_dump_traceback_later()


def pytest_collection_modifyitems(items):
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


def pytest_terminal_summary(terminalreporter):
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(f"farpty: {skipped} skipped{'' if skipped == 0 else ', reasons above'}")
