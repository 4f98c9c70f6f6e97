"""Where the built programs are: beside the executable under test, so that a run under asan uses asan's kit too."""

import atexit
import functools
import os
import shutil
import stat
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def farpty_path() -> Path:
    """The executable under test: FARPTY_BINARY, else build/release/farpty; as root, where every user can run it."""
    path = Path(os.environ.get("FARPTY_BINARY", ROOT / "build/release/farpty")).resolve()
    if os.getuid() != 0 or not path.exists() or is_reachable(path):
        return path
    return copied(path.parent) / path.name


def built(name: str) -> str:
    """The path of a program of the kit, `delayproxy/delayproxy` or `noptyrun`."""
    places = [farpty_path().parent, *sorted((ROOT / "build").glob("*"))]
    for place in places:
        path = place / "tests/kit" / name
        if path.exists():
            return str(path)
    raise AssertionError(f"not built: {name} (cmake --build --preset release --target {Path(name).name})")


def is_reachable(path: Path) -> bool:
    """Whether every user may enter the folders on the way."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


@functools.cache
def copied(place: Path) -> Path:
    """A copy of what was built, for tests as another user than root, whose own folder nobody else can enter. It goes with us."""
    copy = Path(tempfile.mkdtemp(prefix="farpty-test-built-"))
    owner = os.getpid()  # not a child's that a test forked
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(copy, ignore_errors=True))
    for name in ("farpty", "libfarpty.so", "tests/kit/noptyrun", "tests/kit/withoutcalls", "tests/kit/ttyuser", "tests/kit/ttyuser-static",
                 "tests/kit/delayproxy/delayproxy"):
        if (place / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place / name, copy / name)
    for folder, _, _ in os.walk(copy):
        os.chmod(folder, 0o755)
    return copy
