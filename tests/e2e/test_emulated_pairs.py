"""Programs that make terminals of their own on a host without ptys, and programs on those; the same screens as on a kernel pty."""

import contextlib
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kit import Screen, need, need_program, wait_until
from kit.compare import Side, assert_in_step
from kit.emulated import assert_same_as_kernel, emulated_command, home_of
from kit.server import base_environment
from kit.shells import BASH, JOB, PROMPT, continued, prompt_after, shell
from kit.sshd import listens, reserved_port


def test_script_and_python(uid):
    assert_same_as_kernel(BASH, shell("script -qc 'stty size; test -t 0 && echo tty' /dev/null", "script -qc 'exit 3' /dev/null; echo $?",
                                      "script -qc 'bash --norc -c \"set -m; sleep 0 & fg; tty\"' log >/dev/null; cat log | tail -n +2 | head -n -2",
                                      "/usr/bin/python3 -c 'import pty; print(pty.spawn([\"sh\", \"-c\", \"test -t 1; echo $?\"]))'"),
                          uid=uid, more=[(re.compile(r"^Script (started|done) on .*$", re.MULTILINE), r"Script \1")])


def test_script_with_job_control(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("script -q -c 'PS1=\\> bash --norc --noprofile -i' log")
        screen.wait_for(re.compile(r"^>$", re.MULTILINE))
        screen.line(f"tty; stty size; {JOB}")
        screen.wait_for(re.compile("^job$", re.MULTILINE))
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n>$"))
        yield
        screen.resize(90, 25)
        screen.line("clear; until [[ $(stty size) = '25 90' ]]; do :; done; fg")
        continued(screen, "sh -c .*cat\"")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n>$"))
        yield
        screen.line("exit 4")
        screen.wait_for(prompt_after("exit"))
        screen.line("clear; tail -1 log | grep -o 'CODE=.*'")
        screen.wait_for(prompt_after("CODE=.*"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


EXPECT = (r"""
set timeout -1
spawn -noecho bash --norc --noprofile -i
expect "\\$ $"
send "tty; stty size; read -s -p Sec''ret: x; echo; echo got \$x\r"
expect "Secret:"
send "hidden\r"
expect "got hidden"
expect "\\$ $"
send {JOB}
send "\r"
expect -re {[\r\n]job\r\n}
send "\032"
expect "Stopped"
expect "\\$ $"
send "fg\r"
expect -re {fg\r\n.*cat"\r\n}
send "awake\r"
expect "awake\r\nawake"
send "\003"
expect "\\$ $"
stty raw -echo
send_user "\r\nnow you\r\n"
interact
stty -raw echo
send_user "left\n"
""").replace("JOB", JOB)


def test_expect(uid):
    need_program("expect")

    def dialogue(screen: Screen):
        screen.wait_for("now you")
        yield
        screen.line("echo by''hand")
        screen.wait_for(prompt_after("byhand"))
        screen.line("exit")
        screen.wait_for("left")
        yield

    assert_same_as_kernel(["expect", "-c", EXPECT], dialogue, uid=uid)


def test_tmux(uid):
    need_program("tmux")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("tmux -L test -f conf new")
        screen.wait_for(re.compile(r"^\$\n(.*\n)*\[0\]", re.MULTILINE))
        screen.line(f"test -t 0 && stty size; {JOB}")
        screen.wait_for(re.compile(r"^23 80\njob$", re.MULTILINE))
        screen.key("C-z")
        screen.wait_for("Stopped")
        screen.key("C-b")
        screen.send('"')
        screen.wait_for("─" * 80)
        screen.wait_for(lambda screen: screen.cursor == (2, 12))
        screen.line("clear; stty size; tty | sed s/[0-9]*$//")
        screen.wait_for(re.compile(r"^11 80\n/dev/pts/\n\$$", re.MULTILINE))
        yield
        screen.key("C-b")
        screen.send("d")
        screen.wait_for(prompt_after(r"\[detached.*"))
        yield
        screen.line("clear; tmux -L test list-sessions -F '#{session_windows} #{session_attached}'; stty -a | grep -o .icanon")
        screen.wait_for(prompt_after("1 0\n.icanon"))
        yield
        screen.resize(100, 30)
        screen.line("tmux -L test attach")
        screen.wait_for("─" * 100)
        screen.line("clear; stty size")
        screen.wait_for(re.compile(r"^1\d 100\n\$$", re.MULTILINE))
        yield
        screen.line("exit")
        screen.wait_for(lambda screen: "───" not in screen.text)
        screen.line("fg")
        continued(screen, "sh -c .*cat\"")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$\n"))
        yield
        screen.line("exit")
        screen.wait_for(re.compile(r"\[exited\]\n\$$"))
        yield

    more = [(re.compile(r'".*" TIME .*'), "STATUS"), (re.compile(r"\[0\] .*"), "STATUS")]
    conf = "set -g default-command \"PS1='$ ' exec bash --norc --noprofile\"\nset -g assume-paste-time 0\n"
    assert_same_as_kernel(BASH, dialogue, uid=uid, more=more, environment={"TERM": "linux"},  # nothing that pyte lacks
                          prepare=lambda home: (home / "conf").write_text(conf))


# -- ssh


class Daemon:
    """root's sshd on a port of its own, which lets whoever may read its folder in as root. (A daemon that is not root's gives
    no terminals on any host: it may not chown them.)"""

    def __init__(self, folder: Path, port: int, uid: int, wrap=list) -> None:
        self.folder = folder
        self.port = port
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nPidFile none\nAuthorizedKeysFile {folder}/authorized\n"
            "StrictModes no\nUsePAM no\nPrintMotd no\nPrintLastLog no\nPermitRootLogin yes\n")
        (folder / "ssh_config").write_text(
            f"Host far\n HostName 127.0.0.1\n Port {self.port}\n User root\n IdentityFile {folder}/user\n IdentitiesOnly yes\n"
            f" HashKnownHosts no\n")
        os.chmod(folder / "ssh_config", 0o644)
        for path in (folder, *folder.iterdir()):
            os.chown(path, uid, uid)
        os.makedirs("/run/sshd", exist_ok=True)
        command = [need_program("sshd", "openssh-server"), "-D", "-e", "-f", str(folder / "sshd_config")]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(wrap(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        wait_until(self._listens, "sshd to listen", describe=self.log)

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log()
        return listens(self.port)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def client(self, *words: str) -> str:
        hosts = f"-o UserKnownHostsFile=known -o GlobalKnownHostsFile=/dev/null -F {self.folder}/ssh_config"
        return " ".join(["ssh", hosts, *words])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@contextlib.contextmanager
def daemon(uid: int, wrap=list) -> Iterator[Daemon]:
    with tempfile.TemporaryDirectory(prefix="farpty-sshd-") as folder, reserved_port() as port:
        os.chmod(folder, 0o755)
        running = Daemon(Path(folder), port, uid, wrap)
        try:
            yield running
        except BaseException:
            print(f"--- log of sshd\n{running.log()}\n---")
            raise
        finally:
            running.stop()


def far_dialogue(command: str):
    """Through ssh to a shell with job control and back."""

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(command)
        screen.wait_for("(yes/no/[fingerprint])?")
        screen.line("yes")
        screen.wait_for(re.compile(r"^far>$", re.MULTILINE))
        screen.line(f"stty size; test -t 0 && echo is one; stty -a | grep -o -e -echo; {JOB}")
        screen.wait_for(re.compile(r"^is one\n(.*\n)*job$", re.MULTILINE))
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\nfar>$"))
        yield
        screen.resize(90, 25)
        screen.line("clear; until [[ $(stty size) = '25 90' ]]; do :; done; fg")
        continued(screen, "sh -c .*cat\"")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\nfar>$"))
        screen.line("exit 5")
        screen.wait_for(prompt_after("Connection to .* closed."))
        screen.line("echo $?; stty -a | grep -o .icanon")
        screen.wait_for(prompt_after("\n5\n.icanon"))
        yield

    return dialogue


KEYS = [(re.compile(r"SHA256:\S+|\[?\d+\.\d+\.\d+\.\d+\S*"), "KEY")]
FAR_SHELL = "\"PS1='far> ' exec bash --norc --noprofile -i\""


NOBODY = 65534


def named(uid: int) -> int:
    """A user whom ssh takes: it wants a name. Debian's nobody where this number has none."""
    try:
        return pwd.getpwuid(uid).pw_uid
    except KeyError:
        return NOBODY


def test_the_ssh_client(uid):
    """ssh -tt from a terminal of ours to a machine that has ptys."""
    need_program("ssh", "openssh-client")
    need(os.getuid() == 0, "root, for sshd")
    user = named(uid)
    with daemon(user) as far:
        assert_same_as_kernel(BASH, far_dialogue(far.client("-tt far", FAR_SHELL)), uid=user, size=(120, 30), more=KEYS)


def test_the_ssh_server():
    """From a terminal of the kernel's to an sshd on a host without ptys, and to one on this. root's: another user's gives no
    terminals on any host."""
    need_program("ssh", "openssh-client")
    need(os.getuid() == 0, "root, for sshd")
    folder = (re.compile(r"/tmp/farpty-sshd-\w+"), "FOLDER")
    with contextlib.ExitStack() as stack:
        sides = []
        for name, wrap in {"a kernel pty": list, "an emulated terminal": emulated_command}.items():
            far, home = stack.enter_context(daemon(0, wrap)), stack.enter_context(home_of(0))
            screen = Screen(BASH, size=(120, 30), environment=base_environment(home) | {"HISTFILE": "/dev/null"}, cwd=str(home))
            dialogue = far_dialogue(far.client("-tt far", FAR_SHELL))
            sides.append(Side(name, stack.enter_context(screen), home, dialogue, [*KEYS, folder]))
        assert_in_step(sides)
