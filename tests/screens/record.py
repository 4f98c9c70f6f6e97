#!/usr/bin/python3
"""Records what real programs write to a terminal of 80x24, as tests/screens/data/NAME.out: bytes and nothing else.

    tests/screens/record.py [NAME]...

The recordings are in git; this is for making new ones. A program is typed at when it has fallen silent, which only makes a
recording short or long, never a test pass or fail.
"""
import os
import sys
import tempfile
from pathlib import Path

import pexpect

DATA = Path(__file__).resolve().parent / "data"
SILENCE = 0.7  # seconds
TEXT = "".join(f"line {n}: \u00e4\u00f6\u00fc \u65e5\u672c\u8a9e e\u0301 {'x' * (n % 90)}\n" for n in range(200))
CODE = "#include <stdio.h>\n\n/* a comment */\nint main(void) {\n\tprintf(\"hello %d\\n\", 42);\n\treturn 0;\n}\n" * 8

# Name: the command, and what is typed, key by key.
SESSIONS = {
    "vim": (["vim", "-u", "NONE", "-N", "-c", "syntax on", "-c", "set nu hls ruler", "code.c"],
            ["jjj", "dd", "p", "/int\r", "n", "ihello\x1b", ":split\r", "\x06", "u", ":set list\r", "V3j", "\x1b", ":vsplit text\r", "G", "\x02",
             ":qa!\r"]),
    "less": (["less", "-N", "text"], [" ", " ", "b", "/99\r", "n", "G", "g", "q"]),
    "htop": (["unshare", "-pf", "--mount-proc", "htop", "-d", "5"],  # it shows no process but itself
              ["", "\x1b[B", "\x1b[B", "t", "\x1bOP", " ", "q"]),
    "tmux": (["tmux", "-L", "farpty-record", "-f", "tmux.conf", "new"],
             ["seq 50\r", "\x02%", "ls --color=always -F /usr\r", "\x02\"", "printf '\\033[1;31mred\\033[m\\n'\r", "\x02o", "vi code.c\r",
              "\x06", ":q!\r", "\x02d"]),
}


def record(name: str) -> bytes:
    command, keys = SESSIONS[name]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "text").write_text(TEXT)
        (Path(folder) / "code.c").write_text(CODE)
        (Path(folder) / "tmux.conf").write_text(  # no name of a host
            "set -g status-right '%H:%M'\nset -g default-command 'PS1=\"$ \" exec bash --norc'\n")
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "$ ",
                       "SHELL": "/bin/bash", "USER": "tester", "TMUX_TMPDIR": folder}
        program = pexpect.spawn(command[0], command[1:], dimensions=(24, 80), env=environment, cwd=folder)
        written = b""

        def silent() -> None:
            nonlocal written
            try:
                for _ in range(20):
                    written += program.read_nonblocking(65536, timeout=SILENCE)
            except (pexpect.TIMEOUT, pexpect.EOF):
                pass

        silent()
        for key in keys:
            if not program.isalive():
                break
            program.send(key)
            silent()
        program.close(force=True)
        if name == "tmux":
            pexpect.run("tmux -L farpty-record kill-server", env=environment)
        return written


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SESSIONS:
        output = record(wanted)
        (DATA / f"{wanted}.out").write_bytes(output)
        print(f"{wanted}: {len(output)} bytes")
