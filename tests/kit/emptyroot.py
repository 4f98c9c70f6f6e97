"""A root in which there is next to nothing: read-only, entered as an ordinary user, with /proc or without.

Made of a folder that holds `farpty`, the static executable, and the mount points `proc` and `run`. Its mounts are in a namespace
of their own, which ends with the last program in it.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kit.need import need, need_program
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


# The same for executables of another processor, in a user namespace: the kernel starts qemu for them there and nowhere else
# (binfmt_misc, Linux 6.7), and qemu need not be in the root (flag F). That namespace has no user but 0. $3: what to register.
ENTER_BY_QEMU = """
set -e
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf '%s' "$3" >/proc/sys/fs/binfmt_misc/register
mount --bind "$0" "$0"
if [ "$1" = proc ]; then mount --rbind /proc "$0/proc"; fi
if [ "$2" = written ]; then mount -t tmpfs -o mode=0700 none "$0/run"; fi
mount -o remount,bind,ro "$0"
shift 4
exec chroot "$0" /farpty "$@"
"""
# The head of an executable file for aarch64 (elf(5): 64 bits, little endian, ET_EXEC or ET_DYN, EM_AARCH64), and what of it counts.
AARCH64 = r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00:" + r"\xff" * 7 + r"\x00" + r"\xff" * 8 + r"\xfe\xff\xff\xff"


def made_root(parent: Path, **files: str | Path) -> Path:
    """The folder: these files under these names, of which `farpty` is one, and the mount points."""
    need(os.getuid() == 0, "root, to make an empty root")
    folder = parent / "root"
    for name in ("proc", "run"):
        (folder / name).mkdir(parents=True)
    for name, file in files.items():
        shutil.copy(file, folder / name)
    return folder


def empty_root(parent: Path, **files: str | Path) -> Path:
    """made_root(), and it can be entered."""
    folder = made_root(parent, **files)
    entered = subprocess.run(inside(folder, "bare", "read", "--version"), capture_output=True, env={}, timeout=GENEROUS, check=False)
    need(b"mount" not in entered.stderr, "permission to mount")
    return folder


def inside(root: Path, proc: str, disk: str, *words: str) -> list[str]:
    """The command that runs the executable there, with these words."""
    return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", ENTER, str(root), proc, disk, "farpty", *words]


def inside_by_qemu(root: Path, proc: str, disk: str, *words: str) -> list[str]:
    """The same where the executable is for aarch64. Skips the test where the kernel does not do that."""
    qemu = need_program("qemu-aarch64-static", "qemu-user-static")
    command = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "/bin/sh", "-c"]
    asked = subprocess.run([*command, "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc"], capture_output=True, timeout=GENEROUS, check=False)
    need(asked.returncode == 0, "binfmt_misc in a user namespace (Linux 6.7)")
    return [*command, ENTER_BY_QEMU, str(root), proc, disk, f":farpty-test:M::{AARCH64}:{qemu}:F", "farpty", *words]


def chrooted(root: Path, environment: Sequence[str], *words: str) -> list[str]:
    """The command that runs another program of the root as user 1000, with this environment alone."""
    return ["/usr/bin/env", "-i", *environment, "/usr/sbin/chroot", "--userspec=1000:1000", "--groups=", str(root), *words]


MOUNT = 'if [ "$1" = proc ]; then mount -t proc proc "$0/proc" || exit; fi; shift; exec "$@"'


def mounted(root: Path, proc: str, command: Sequence[str]) -> list[str]:
    """A command that finds /proc mounted in the root, if that is to be ("proc")."""
    return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", MOUNT, str(root), proc, *command]
