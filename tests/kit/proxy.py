"""DelayProxy: the program delayproxy, started, steered and ended by a test."""

import json
import queue
import re
import subprocess
import threading

from .paths import built
from .wait import GENEROUS


class DelayProxy:
    """A bad network in front of `target` (host, port). Use as a context manager.

    Flags as keywords: `DelayProxy(server.address(), delay="20ms", fault=["up@1000=cut"], seed=7)`.
    Commands by `tell`: "stall", "resume", "cut", "reset", "refuse on", "delay down 30ms"; it returns when they are done.
    """

    def __init__(self, target: tuple[str, int], **flags: object) -> None:
        command = [built("delayproxy/delayproxy")]
        for name, value in flags.items():
            values = value if isinstance(value, list | tuple) else [value]
            command += [f"--{name.replace('_', '-')}={one}" for one in values]
        command.append(f"{target[0]}:{target[1]}")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        found = re.match(r"delayproxy: listening on (.*):(\d+)", self._answers.get(timeout=GENEROUS))
        assert found, f"{command} does not start"
        self.address = found[1], int(found[2])

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put(line.rstrip("\n"))

    def url(self, scheme: str = "raw") -> str:
        return f"{scheme}://{self.address[0]}:{self.address[1]}"

    def tell(self, command: str) -> str:
        """Gives a command and returns the answer; an error fails the test."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self._answers.get(timeout=GENEROUS)
        assert not answer.startswith("error:"), answer
        return answer

    def stats(self) -> dict:
        """{"accepted": n, "live": n, "connections": [{"number", "open", "up": {"in", "out"}, "down": {"in", "out"}}]}"""
        return json.loads(self.tell("stats"))

    def __enter__(self) -> "DelayProxy":
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()  # it ends with its standard input
        self.process.wait(timeout=GENEROUS)
        self._reader.join()
