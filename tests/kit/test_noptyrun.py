"""noptyrun takes the pty away, both ways, as root and as an ordinary user, and leaves the rest of the system usable."""

import os
import subprocess

import pytest
from kit import need
from kit.paths import built

CANNOT_HERE = 77
PROBE = """
import errno, os, pty
try:
    pty.openpty()
    print("opened")
except OSError as error:
    print(error.errno and errno.errorcode[error.errno], str(error))
"""


def run(uid: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [built("noptyrun"), *arguments]
    if uid != os.getuid():
        need(os.getuid() == 0, "root, to test as another user")
        command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "env", "HOME=/tmp", *command]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", timeout=60)
    need(done.returncode != CANNOT_HERE, f"a host where noptyrun works: {done.stderr.strip()}")
    return done


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def uid(request):
    need(request.param or os.getuid() == 0, "root")
    return request.param


def test_absent_is_enoent(uid):
    done = run(uid, "/usr/bin/python3", "-c", "import os; os.open('/dev/ptmx', os.O_RDWR)")
    assert "FileNotFoundError" in done.stderr
    done = run(uid, "-v", "ls", "/dev")
    assert done.stdout.split() == ["full", "null", "random", "urandom", "zero"]


def test_refused_is_eacces_or_eperm(uid):
    done = run(uid, "-r", "/usr/bin/python3", "-c", "import os; os.open('/dev/ptmx', os.O_RDWR)")
    assert "PermissionError" in done.stderr


def test_seccomp_alone_refuses_the_ioctls(uid):
    done = run(uid, "-s", "/usr/bin/python3", "-c",
               "import fcntl, os, termios; fcntl.ioctl(os.open('/dev/ptmx', os.O_RDWR), 0x80045430, bytes(4))")
    assert "PermissionError" in done.stderr


@pytest.mark.parametrize("mode", [[], ["-r"], ["-s"]], ids=["absent", "refused", "seccomp"])
def test_no_pty_nor_a_private_devpts(uid, mode):
    assert "opened" not in run(uid, *mode, "/usr/bin/python3", "-c", PROBE).stdout
    done = run(uid, *mode, "unshare", "--user", "--map-root-user", "--mount", "true")
    assert done.returncode != 0
    done = run(uid, *mode, "script", "-qec", "true", "/dev/null")
    assert done.returncode != 0


def test_mount_layer_alone_leaves_a_private_devpts_possible(uid):
    if uid == 0:
        command = ["unshare", "--mount"]
    else:
        command = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = "mkdir /tmp/.farpty-devpts-$$ && mount -t devpts -o newinstance devpts /tmp/.farpty-devpts-$$ && " \
            "ls /tmp/.farpty-devpts-$$; status=$?; umount /tmp/.farpty-devpts-$$; rmdir /tmp/.farpty-devpts-$$; exit $status"
    done = run(uid, "-l", "mount", *command, "sh", "-c", mount)
    assert done.returncode == 0 and "ptmx" in done.stdout, done.stderr


@pytest.mark.parametrize("mode", [[], ["-r"], ["-s"]], ids=["absent", "refused", "seccomp"])
def test_the_rest_of_the_system_still_works(uid, mode, tmp_path):
    os.chmod(tmp_path, 0o777)
    script = f"""set -e
        cd {'/tmp' if uid else tmp_path}
        mkdir -p noptyrun-$$/a noptyrun-$$/b && cd noptyrun-$$
        echo text > a/file && mv a/file b/file && cat b/file /dev/null
        head -c 3 /dev/zero | wc -c; ls / > /dev/null
        (sleep 0 & wait); python3 -c 'import threading; t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()'
        cd .. && rm -r noptyrun-$$; exit 7"""
    done = run(uid, *mode, "bash", "-c", script)
    assert (done.returncode, done.stdout.split()) == (7, ["text", "3", "thread"]), done.stderr


def test_own_failures_have_their_statuses(uid):
    assert run(uid).returncode == 125
    assert run(uid, "-l", "walls", "true").returncode == 125
    assert run(uid, "/no/such/program").returncode == 127
    assert run(uid, "/etc/passwd").returncode == 126
