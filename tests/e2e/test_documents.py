"""What --help says is what the man page and the completions know, word for word: no option is forgotten or invented."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from kit import need, paths
from kit.emulated import as_user, home_of
from kit.server import base_environment

ROOT = paths.ROOT
README = ROOT / "README.md"
DOCUMENTS = ["docs/man/farpty.1", *(f"packaging/completions/{n}" for n in ("farpty.bash", "_farpty", "farpty.fish"))]


def helped_options(command: str) -> set[str]:
    """Long options that `farpty COMMAND --help` lists."""
    text = subprocess.run([paths.farpty_path(), command, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\s+(?:-\w,\s*)?(--[a-z-]+)", text, re.MULTILINE)) - {"--help"}


def commands() -> list[str]:
    text = subprocess.run([paths.farpty_path(), "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z]+) ", text.split("Subcommands:")[1], re.MULTILINE)


def documented_options(name: str) -> set[str]:
    text = (ROOT / name).read_text()
    if name.endswith(".1"):
        found = re.findall(r"^\.It (?:Fl \w , )?Fl -([a-z-]+)|^\.Op Fl -([a-z-]+)|^\.Fl -([a-z-]+)$|(?<=, )-([a-z-]+)(?= Ar)", text, re.MULTILINE)
        return {"--" + word for words in found for word in words if word}
    if name.endswith(".fish"):
        return {"--" + word for word in re.findall(r"^complete.* -l ([a-z-]+)", text, re.MULTILINE)}
    return set(re.findall(r"--[a-z][a-z-]+", text))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_option_and_command_is_documented(name: str) -> None:
    options = set().union(*(helped_options(command) for command in commands()))
    text = (ROOT / name).read_text()
    assert options - documented_options(name) == set()
    assert [c for c in commands() if not re.search(rf"\b{c}\b", text)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_option_is_documented_that_does_not_exist(name: str) -> None:
    options = set().union(*(helped_options(command) for command in commands()))
    own = {"--help", "--version"}
    if "ps" not in commands():
        own.add("--json")  # told beforehand
    assert documented_options(name) - options - own == set()


def readme_shows(command: str) -> list[str]:
    """The lines after that command, to the end of its block or the next one."""
    return re.search(rf"^\$ {re.escape(command)}\n(.*?)^(?:```|\$ )", README.read_text(), re.MULTILINE | re.DOTALL)[1].splitlines()


@pytest.mark.parametrize("command", ["farpty doctor", "script -qc bash /dev/null"])
def test_the_readme_shows_what_is_said_on_a_host_without_ptys(command: str) -> None:
    need(os.getuid() == 0, "root, to become a user")
    words = command.replace("farpty", str(paths.farpty_path())).split()
    with home_of(1000) as home:
        said = subprocess.run(as_user(1000, [paths.built("noptyrun"), *words]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=home, env=base_environment(home), check=False).stdout
    if "see no terminal: there is no seccomp listener" in said or "listens to the system calls" in said:
        pytest.skip("this machine gives no seccomp listener: it says more than the README's")
    assert [line for line in readme_shows(command) if line != "..." and line not in said.splitlines()] == [], said
