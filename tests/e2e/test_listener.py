"""Programs that the preloaded library cannot serve (static, Go, set-user-ID) on an emulated terminal: the same screens as on a
kernel pty, as root and as a user."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kit import Screen, farpty_binary, need, need_program, wait_until
from kit.compare import only
from kit.emulated import assert_same_as_kernel, emulated
from kit.paths import built
from kit.processes import descendants
from kit.server import base_environment
from kit.shells import BASH, JOB, PROMPT, UNTIL_STOPPED, continued, prompt_after, shell

ASH = ["busybox", "sh", "-i"]
GREETING = [(re.compile(r"^\n?BusyBox v.*\nEnter 'help'.*\n\n", re.MULTILINE), "")]
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def has_listener() -> bool:
    told = subprocess.run([farpty_binary(), "doctor"], capture_output=True, text=True, check=False).stdout
    return re.search(r"^seccomp listener.* yes$", told, re.MULTILINE) is not None


@pytest.fixture(autouse=True)
def busybox(has_listener):
    if not has_listener:  # in CI, too: it is the machine's to give
        pytest.skip("this machine gives no seccomp listener")
    path = need_program("busybox", "busybox-static")
    # The test is of what makes its system calls itself; Debian has a dynamic busybox, too.
    kind = subprocess.run(["file", "-L", path], capture_output=True, text=True, check=True).stdout
    need("statically linked" in kind, "a static busybox (Debian package busybox-static)")


@pytest.fixture(scope="module")
def go_program(tmp_path_factory):
    """A static Go program; anybody may run it."""
    go = need_program("go", "golang-go")
    folder = tmp_path_factory.mktemp("go")
    folder.chmod(0o755)
    for parent in folder.parents[:2]:
        parent.chmod(0o755)
    program = folder / "raw_tty"
    subprocess.run([go, "build", "-o", str(program), str(HERE / "programs" / "raw_tty.go")], check=True, cwd=folder,
                   env={"PATH": os.environ["PATH"], "HOME": str(folder), "CGO_ENABLED": "0", "GO111MODULE": "off"})
    return str(program)


def jobs(screen: Screen):
    """Job control in a busybox shell."""
    screen.wait_for(PROMPT)
    screen.line(JOB)
    screen.wait_for("\njob")
    screen.line("typed")
    screen.wait_for("typed\ntyped")
    yield
    screen.key("C-z")
    screen.wait_for(re.compile(r"Stopped.*\n\$$"))
    yield
    screen.line("jobs; fg")
    continued(screen, "sh -c .*")
    screen.key("C-d")
    screen.wait_for(prompt_after("awake\nawake"))
    yield
    # By a shell inside: whom a child's stop is told while a call of his is listened to finds it interrupted.
    screen.line(r'clear; cat & sh -c "until grep -q \") T\" /proc/$!/stat; do :; done"; jobs; fg')
    continued(screen, "cat")
    screen.key("C-d")
    screen.wait_for(prompt_after("awake\nawake"))
    yield


def test_job_control_of_a_static_shell(uid):
    assert_same_as_kernel(ASH, jobs, uid=uid, more=GREETING)


def test_an_interrupt_of_a_static_shells_job(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(JOB)
        screen.wait_for("\njob")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$$"))
        screen.line("echo status $?")
        screen.wait_for(re.compile(r"status 130\n\$$"))
        yield

    assert_same_as_kernel(ASH, dialogue, uid=uid, more=GREETING)


def test_what_a_static_program_is_told(uid):
    assert_same_as_kernel(ASH, shell("tty", "stty size", "stty -a | head -n 2", "test -t 0 && test -t 2 && echo yes", "tty </dev/null",
                                     "echo to tty >/dev/tty", "stty size </dev/tty", "test -c /dev/tty; echo $?",
                                     "test -r /dev/tty -a -w /dev/tty; echo $?", "ls -l /proc/self/fd/0 | sed 's/.*-> //'",
                                     "readlink /proc/self/fd/1", "stat -c '%F %t' -L /dev/tty",
                                     "stty -echo; stty echo", "yes | head -n 3"),
                          uid=uid, more=GREETING, size=(100, 40))


def test_dynamic_and_static_programs_start_each_other(uid):
    assert_same_as_kernel(BASH, shell("busybox tty", "busybox stty size", "busybox sh -c 'bash -c \"tty; busybox tty; stty size\"'",
                                      "busybox env -i /usr/bin/tty", "busybox env -i busybox tty",
                                      "busybox sh -c 'exec bash -c \"test -t 0; echo \\$?\"'", "echo a line | busybox cat"), uid=uid)


def test_a_static_program_is_stopped_by_a_dynamic_shell(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line('busybox sh -c "echo jo\\b; exec busybox cat"')
        screen.wait_for("\njob")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n\$$"))
        yield
        screen.line("fg")
        continued(screen, "busybox sh -c .*")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$$"))
        screen.line(f"stty tostop; busybox echo from behind & {UNTIL_STOPPED}; stty -tostop; fg")
        screen.wait_for(prompt_after("from behind"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_line_editing_and_end_of_file(uid):
    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.line("wrong\x7f\x7f\x7f\x7f\x7fri\x17one two\x17three")
        screen.wait_for("one three\none three")
        yield
        screen.send("gone\x15part\x04")
        screen.wait_for("partpart")
        yield
        screen.send("\x04")
        screen.wait_for("end")
        yield

    assert_same_as_kernel(["busybox", "sh", "-c", "echo ready; cat; echo end; exec sleep 1000"], dialogue, uid=uid)


@pytest.mark.parametrize("settings", ["-icanon min 1 time 0", "-icanon min 0 time 2", "-icanon min 4 time 0", "-icanon min 4 time 2"])
def test_reads_of_bytes(uid, settings):
    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.send("ab")
        screen.send("cdef")
        screen.wait_for("sum 6")
        yield

    script = f"stty {settings} -echo; echo ready; n=0; while [ $n -lt 6 ]; do n=$((n + $(dd bs=6 count=1 2>/dev/null | wc -c))); done; echo sum $n; exec sleep 1000"
    assert_same_as_kernel(["busybox", "sh", "-c", script], dialogue, uid=uid)


def test_vi(uid):
    def dialogue(screen: Screen):
        # It asks where the cursor is, and takes keys that come instead of the answer for a part of it.
        screen.wait_for("- No file")
        screen.send("i")
        screen.wait_for("I No file")
        yield
        screen.send("hello")
        screen.wait_for(lambda screen: screen.lines[0] == "hello")
        screen.send("\x1b")
        screen.wait_for(re.compile("^- No file", re.MULTILINE))
        yield
        screen.send(":!stty size\r")
        screen.wait_for("24 80")
        yield
        screen.send("\r")
        screen.wait_for(lambda screen: screen.lines[0] == "hello")
        screen.send(":q!\r")
        screen.wait_exit()

    assert_same_as_kernel(["busybox", "vi"], dialogue, uid=uid)


def test_less(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("seq 1 1000 | busybox less")
        screen.wait_for("23")
        yield
        screen.send("G")
        screen.wait_for("1000")
        yield
        screen.send("q")
        screen.wait_for(PROMPT)
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_top(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("busybox top -d 1")
        screen.wait_for("PID")
        yield only("PID")
        screen.send("q")
        screen.wait_for(PROMPT)
        screen.line("clear; stty -a | head -1")
        screen.wait_for("rows 24")
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_passwords(uid):
    def dialogue(screen: Screen):
        screen.wait_for("hidden")  # the question comes before the echo is off
        screen.line("secret")
        screen.wait_for("got secret")
        yield

    watch = "exec 3<&0; (until stty -a <&3 | grep -q -e '-echo '; do :; done; echo; echo hidden; exec sleep 1000) &"
    script = f"{watch} read -s -p 'Password: ' x; echo; echo got $x; exec sleep 1000"
    assert_same_as_kernel(["busybox", "sh", "-c", script], dialogue, uid=uid)


def test_a_static_go_program(uid, go_program):
    def dialogue(screen: Screen):
        screen.wait_for("through /dev/tty")
        yield
        screen.line("a line")
        screen.wait_for("got a line")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n\$$"))
        yield
        screen.line("fg")
        screen.wait_for(re.compile(r"fg\n.*raw_tty$", re.MULTILINE))
        screen.line("another")
        screen.wait_for("got another")
        screen.key("C-d")
        screen.wait_for(prompt_after("end"))
        yield

    def start(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(go_program)
        yield from dialogue(screen)

    assert_same_as_kernel(BASH, start, uid=uid)


def test_micro(uid):
    need_program("micro")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("micro some-file")
        screen.wait_for("(1,1)")  # its own line below: it has the terminal
        screen.send("hello")
        screen.wait_for(lambda screen: screen.lines[0].rstrip().endswith("hello"))
        yield
        screen.key("C-s")
        screen.wait_for("Saved")
        screen.key("C-q")
        screen.wait_for(PROMPT)
        screen.line("clear; cat some-file; stty -a | head -1")
        screen.wait_for("rows 24")
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_writers_wait_while_output_is_stopped(uid, tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's own
        folder.chmod(0o777 if folder == tmp_path else 0o755)
    seen = tmp_path / "seen"
    script = f"echo ready; read -r line; echo shown; echo end >{seen}; read -r line"
    with emulated(["busybox", "sh", "-c", script], uid=uid) as screen:
        screen.wait_for("ready")
        (shell_inside,) = [one for one in descendants(screen.process.pid) if one.name == "busybox"]
        write = {"x86_64": "1 ", "aarch64": "64 "}[os.uname().machine]
        screen.send("\x13line\r")
        wait_until(lambda: Path(f"/proc/{shell_inside.pid}/syscall").read_text().startswith(write), "the program to wait in write(2)")
        assert not seen.exists()
        screen.send("\x11")
        screen.wait_for("line\nshown")
        wait_until(seen.exists, "the program to go on")


def test_a_background_program_outlives_its_terminal(uid, tmp_path):
    """It still can open files: without anybody at the listener its calls would fail with ENOSYS."""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:  # pytest's own
        parent.chmod(0o755)
    go, seen = tmp_path / "go", tmp_path / "seen"
    script = f"trap '' HUP; (until test -e {go}; do sleep 0.1; done; cat /etc/passwd >{seen}; echo end >>{seen}) & sleep 0.2"
    with emulated(["busybox", "sh", "-c", script], uid=uid) as screen:
        assert screen.wait_exit() == 0
        go.touch()
        wait_until(lambda: seen.exists() and seen.read_text().endswith("end\n"), "the program to read a file and write another")


def test_dynamic_programs_are_not_listened_to(uid):
    with emulated(BASH, uid=uid) as screen:
        screen.wait_for(PROMPT)
        screen.line("clear; grep -hE 'Seccomp_f|NoNewP' /proc/self/status; busybox grep -hE 'Seccomp_f|NoNewP' /proc/self/status; echo end''")
        screen.wait_for(re.compile("end\n"))
        found = [int(n) for n in re.findall(r"^(?:NoNewPrivs|Seccomp_filters):\s+(\d+)", screen.text, re.MULTILINE)]
    assert len(found) == 4, screen.text
    assert found[3] == found[1] + 1, "one filter more"


def test_never(uid):
    with emulated(BASH, "--seccomp", "never", uid=uid) as screen:
        screen.wait_for(PROMPT)
        screen.line("busybox tty; echo status $?")
        screen.wait_for(re.compile(r"not a tty\nstatus 1"))


def test_always(uid):
    with emulated(BASH, "--seccomp", "always", uid=uid) as screen:
        screen.wait_for(PROMPT)
        screen.line("tty; stty size; env -i busybox tty; cat")
        screen.wait_for("/dev/pts/0\n24 80\n/dev/pts/0")
        screen.line("typed")
        screen.wait_for("typed\ntyped")
        screen.key("C-z")
        screen.wait_for("Stopped")
        screen.line("exit; exit 5")
        assert screen.wait_exit() == 5


def test_a_second_listener_is_told_of_once(uid):
    """farpty in farpty: the inner one's static programs see a socket, and one line says why."""
    with emulated(ASH, uid=uid, size=(250, 24)) as screen:  # no line wraps
        screen.wait_for(PROMPT)
        screen.line(f"{farpty_binary()} run --terminal emulated -- {' '.join(BASH)}")
        screen.wait_for(re.compile(r"run.*\n(?:.*\n)*\$$"))
        screen.line("clear; busybox tty; busybox tty; echo status $?")
        screen.wait_for("status 1")
        assert screen.unwrapped.count("listened to already") == 1, screen.text


def test_doctor_tells_of_a_second_listener(uid):
    with emulated([farpty_binary(), "doctor"], "--seccomp", "always", uid=uid, size=(130, 50)) as screen:
        assert screen.wait_exit() == 0
        assert re.search(r"^seccomp listener.* no: another program listens", screen.text, re.MULTILINE), screen.text


def test_a_set_user_id_program_is_told_of_once():
    need(os.getuid() == 0, "root, to become a user")
    need_program("su", "login")
    with emulated(BASH, uid=1000) as screen:
        screen.wait_for(PROMPT)
        screen.line("clear; su --version; su --version; echo end''")
        screen.wait_for("end\n")
        assert screen.unwrapped.count("sees no terminal") == 1, screen.text


SUDOERS = "Defaults use_pty\nDefaults lecture=never\nroot ALL=(ALL:ALL) ALL\ntester ALL=(ALL:ALL) ALL\n"


def test_sudo(tmp_path):
    """Under a device of root's: the listener is there before the uid is given up, so sudo keeps its rights and asks."""
    need(os.getuid() == 0, "root")
    need_program("sudo")
    openssl = need_program("openssl")
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:  # in CI, too
        pytest.skip("this machine allows no mount namespaces")
    secret = subprocess.run([openssl, "passwd", "-6", "secret"], capture_output=True, text=True, check=True).stdout.strip()
    added = {"passwd": "tester:x:1777:1777::/:/bin/bash\n", "group": "tester:x:1777:\n", "shadow": f"tester:{secret}:19000:0:99999:7:::\n"}
    for name, line in added.items():
        shutil.copy(f"/etc/{name}", tmp_path / name)
        with (tmp_path / name).open("a") as file:
            file.write(line)
    (tmp_path / "sudoers").write_text(SUDOERS)
    (tmp_path / "sudoers").chmod(0o440)
    mounts = "".join(f"mount --bind {tmp_path}/{name} /etc/{name} && " for name in (*added, "sudoers"))
    command = f"{mounts} exec {built('noptyrun')} -l mount {farpty_binary()} run --terminal emulated -- " \
              f"setpriv --reuid 1777 --regid 1777 --clear-groups {' '.join(BASH)}"
    with Screen(["unshare", "-m", "sh", "-c", command], environment=base_environment(tmp_path), cwd="/") as screen:
        screen.wait_for(PROMPT)
        screen.line("sudo -k; sudo sh -c 'id -u; test -t 0 && stty size; read -r x </dev/tty; echo got $x'")
        screen.wait_for("password for tester:")
        screen.line("secret")
        screen.wait_for("0\n24 80")
        screen.line("a line")
        screen.wait_for("got a line")
        assert "secret" not in screen.text
        screen.line("exit")
        screen.wait_exit()
