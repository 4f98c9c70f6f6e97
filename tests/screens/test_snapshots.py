"""A snapshot and the stream after it equal the uninterrupted stream, on pyte, wherever the stream is cut.

    FARPTY_CUTS=1 /usr/bin/python3 -m pytest -q tests/screens      # at every byte, half an hour: `make snapshots`

Recordings of real programs (record.py) are cut; at the cut a fresh emulator, which has been through something else, is given
what Screen::redraw() gives, then the rest. It must look and behave as one that has seen all: cells with their colours, cursor,
modes, margins, character sets, tab stops.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.emulator import Emulator, differences
from kit.paths import ROOT, farpty_path

DATA = Path(__file__).resolve().parent / "data"
COLUMNS, ROWS = 80, 24
STEP = int(os.environ.get("FARPTY_CUTS", "211"))
"""Bytes from cut to cut; a prime, so that cuts fall everywhere in sequences and rows."""
pytestmark = [pytest.mark.soak] if STEP < 50 else []  # minutes for each recording: the run is not to be taken for one that hangs
ELSEWHERE = (
    b"\x1b[?1049h\x1b[44;1mother\x1b[5;9r\x1b[?6h\x1b[4h\x1b[20h\x1b(0\x0e\x1b[?7l\x1b[?25l\x1b[?2004h\x1b[?1h\x1b[3g\x1b[3;3Hx\x1b]0;un"
)
"""The viewer's terminal was in the middle of something when the snapshot came."""


def redraws(recording: bytes, step: int, start: int) -> Iterator[bytes]:
    places = [farpty_path().parent, *sorted((ROOT / "build").glob("*"))]
    program = next(path for place in places if (path := place / "tests/screens/redraws").exists())
    command = [str(program), str(COLUMNS), str(ROWS), str(step), str(start)]
    written = subprocess.run(command, input=recording, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(written):
        line = written.index(b"\n", at)
        end = line + 1 + int(written[at:line])
        yield written[line + 1 : end]
        at = end


def check_cuts(recording: bytes, step: int, start: int = 0) -> int:
    uninterrupted = Emulator(COLUMNS, ROWS)
    uninterrupted.play(recording)
    wanted = uninterrupted.state()
    so_far, seen, count = Emulator(COLUMNS, ROWS), 0, 0
    for cut, redraw in zip(range(start, len(recording) + 1, step), redraws(recording, step, start), strict=True):
        so_far.play(recording[seen:cut])
        seen = cut
        viewer = Emulator(COLUMNS, ROWS)
        viewer.play(ELSEWHERE)
        viewer.play(redraw)
        if so_far.in_ground(recording[:cut]):
            assert not (found := differences(so_far.state(), viewer.state())), f"at once, cut at byte {cut}:\n{found}"
        viewer.play(recording[cut:])
        assert not (found := differences(wanted, viewer.state())), f"in the end, cut at byte {cut}:\n{found}"
        count += 1
    return count


@pytest.mark.parametrize("name", ["vim", "less", "htop", "tmux"])
def test_snapshot_and_stream_equal_the_uninterrupted_stream(name):
    recording = (DATA / f"{name}.out").read_bytes()
    assert len(recording) > 5000
    assert check_cuts(recording, STEP) == len(recording) // STEP + 1
