"""A root in which there is next to nothing: read-only, entered as an ordinary user, with /proc or without.

Made of a folder that holds `farpty`, the static executable, and the mount points `proc` and `run`. Its mounts are in a namespace
of their own, which ends with the last program in it.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kit.need import need
from kit.wait import GENEROUS

# $0: the root; $1: "proc" or "bare"; $2: "written" or "read": whether there is one folder to write to, in memory; $3 stands for the executable.
ENTER = """
set -e
mount --bind "$0" "$0"
if [ "$1" = proc ]; then mount -t proc proc "$0/proc"; fi
if [ "$2" = written ]; then mount -t tmpfs -o mode=0700,uid=1000,gid=1000 none "$0/run"; fi
mount -o remount,bind,ro "$0"
shift 3
exec chroot --userspec=1000:1000 --groups= "$0" /farpty "$@"
"""


def empty_root(parent: Path, **files: str | Path) -> Path:
    """The folder: these files under these names, of which `farpty` is one, and the mount points. It can be entered."""
    need(os.getuid() == 0, "root, to make an empty root")
    folder = parent / "root"
    for name in ("proc", "run"):
        (folder / name).mkdir(parents=True)
    for name, file in files.items():
        shutil.copy(file, folder / name)
    entered = subprocess.run(inside(folder, "bare", "read", "--version"), capture_output=True, env={}, timeout=GENEROUS, check=False)
    need(b"mount" not in entered.stderr, "permission to mount")
    return folder


def inside(root: Path, proc: str, disk: str, *words: str) -> list[str]:
    """The command that runs the executable there, with these words."""
    return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", ENTER, str(root), proc, disk, "farpty", *words]


def chrooted(root: Path, environment: Sequence[str], *words: str) -> list[str]:
    """The command that runs another program of the root as user 1000, with this environment alone."""
    return ["/usr/bin/env", "-i", *environment, "/usr/sbin/chroot", "--userspec=1000:1000", "--groups=", str(root), *words]


MOUNT = 'if [ "$1" = proc ]; then mount -t proc proc "$0/proc" || exit; fi; shift; exec "$@"'


def mounted(root: Path, proc: str, command: Sequence[str]) -> list[str]:
    """A command that finds /proc mounted in the root, if that is to be ("proc")."""
    return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", MOUNT, str(root), proc, *command]
