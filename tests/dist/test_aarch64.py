"""The static executable for aarch64, on this machine's kernel by qemu's user emulation (`make dist ARCHITECTURES=aarch64`, Debian's qemu-user-static).

qemu translates system calls one by one: what it does not know, such as seccomp(2)'s listener, says ENOSYS or EINVAL there, so that static
programs find no emulated terminal unless they bring the library along (test_farpty_sh_aarch64.py). Dynamic programs of aarch64 would need its
libc, which is not here. What is tried is all the rest.
"""

import os
import platform
import re
import subprocess
from pathlib import Path

import pytest
from kit import farpty_binary
from kit.need import need_program
from kit.paths import ROOT
from kit.server import base_environment
from kit.wait import GENEROUS

ARM = Path(os.environ.get("FARPTY_AARCH64", ROOT / "build/dist/farpty-aarch64-linux")).resolve()

pytestmark = [
    pytest.mark.skipif(not ARM.exists(), reason=f"not built: {ARM.name} (make dist)"),
    pytest.mark.skipif(platform.machine() == "aarch64", reason="this machine needs no qemu: test_static.py does all of this"),
]


@pytest.fixture
def arm():
    return [need_program("qemu-aarch64-static", "qemu-user-static"), str(ARM)]


@pytest.fixture
def home(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path


def environment(home, **more):
    return base_environment(home) | {"XDG_RUNTIME_DIR": str(home / "run")} | more


def run(command, home, **more):
    return subprocess.run(command, capture_output=True, text=True, cwd=home, env=environment(home), timeout=GENEROUS, check=False,
                          **({"stdin": subprocess.DEVNULL} | more))


def test_it_is_one_file_for_aarch64():
    told = subprocess.run(["readelf", "-hlW", ARM], capture_output=True, text=True, check=True).stdout
    assert "AArch64" in told and "INTERP" not in told and "DYNAMIC" not in told
    assert ARM.stat().st_size < 12 * 1024 * 1024


def test_version(arm, home):
    done = run([*arm, "--version"], home)
    assert (done.returncode, done.stderr) == (0, "") and re.match(r"farpty \d+\.\d+", done.stdout)


def test_doctor(arm, home):
    done = run([*arm, "doctor"], home)
    assert re.search(r"^architecture +aarch64$", done.stdout, re.MULTILINE), done
    assert re.search(r"^kernel pseudoterminals +yes$", done.stdout, re.MULTILINE), done
    assert done.returncode == 0


def test_run_on_a_terminal_and_on_pipes(arm, home):
    done = run([*arm, "run", "--size", "70x20", "--", "/bin/sh", "-c", "test -t 0 && stty size; exit 7"], home)
    assert (done.returncode, done.stdout.split()) == (7, ["20", "70"]), done
    done = run([*arm, "run", "--terminal", "pipes", "--", "/bin/cat"], home, stdin=None, input="bytes\n")
    assert (done.returncode, done.stdout) == (0, "bytes\n"), done


def test_serve_and_both_clients(arm, home):
    """Keys, login, exec and its status; each side once by each architecture."""
    key = home / "key"
    made = run([*arm, "keygen", "-f", str(key)], home)
    assert made.returncode == 0 and "SHA256:" in made.stdout + made.stderr, made
    allowed = home / ".config/farpty/authorized_keys"
    for folder in (home / ".config", home / ".config/farpty"):
        folder.mkdir(mode=0o700, exist_ok=True)
    allowed.write_text(key.with_suffix(".pub").read_text())
    allowed.chmod(0o600)
    for server_side, client_side in ((arm, [farpty_binary()]), ([farpty_binary()], arm), (arm, arm)):
        command = [*server_side, "serve", "--listen", "farpty://127.0.0.1:0"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(home), cwd=home) as server:
            try:
                said = next(line for line in server.stderr if "listening on farpty://" in line)
                port = re.search(r"farpty://127\.0\.0\.1:(\d+)", said)[1]
                done = run([*client_side, "exec", "-i", str(key), "--accept-new", f"farpty://127.0.0.1:{port}", "--", "sh", "-c",
                            "cat; echo error >&2; exit 9"], home, stdin=None, input="to and fro\n")
                assert (done.returncode, done.stdout) == (9, "to and fro\n") and "error\n" in done.stderr, done
            finally:
                server.terminate()
                server.stderr.read()
