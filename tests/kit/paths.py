"""Where the built programs are: beside the executable under test, so that a run under asan uses asan's kit too."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def farpty_path() -> Path:
    """The executable under test: FARPTY_BINARY, else build/release/farpty."""
    return Path(os.environ.get("FARPTY_BINARY", ROOT / "build/release/farpty")).resolve()


def built(name: str) -> str:
    """The path of a program of the kit, `delayproxy/delayproxy` or `noptyrun`."""
    places = [farpty_path().parent, *sorted((ROOT / "build").glob("*"))]
    for place in places:
        path = place / "tests/kit" / name
        if path.exists():
            return str(path)
    raise AssertionError(f"not built: {name} (cmake --build --preset release --target {Path(name).name})")
