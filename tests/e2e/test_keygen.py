"""farpty keygen, held to ssh-keygen: each reads what the other wrote, and both name a key alike."""

import stat
import subprocess
from pathlib import Path

import pytest

from kit import farpty_binary, need_program
from kit.server import base_environment


@pytest.fixture
def home(tmp_path):
    return tmp_path


def keygen(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = base_environment(home)
    environment.pop("XDG_CONFIG_HOME", None)
    return subprocess.run([farpty_binary(), "keygen", *arguments], env=environment, capture_output=True, text=True, timeout=60)


def ssh_keygen(*arguments: str) -> str:
    done = subprocess.run([need_program("ssh-keygen", "openssh-client"), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_key_is_made_where_the_client_looks_for_it(home):
    made = keygen(home)
    file = home / ".config/farpty/id_ed25519"
    assert made.returncode == 0, made.stderr
    assert made.stdout == (home / ".config/farpty/id_ed25519.pub").read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_text() not in made.stdout + made.stderr


def test_ssh_keygen_reads_it_and_names_it_alike(home):
    file = home / "key"
    made = keygen(home, "-f", str(file), "-C", "ann@near")
    assert made.returncode == 0, made.stderr
    assert ssh_keygen("-y", "-f", str(file)).split() == made.stdout.split()
    bits, fingerprint, comment, kind = ssh_keygen("-lf", str(file)).split()
    assert (bits, comment, kind) == ("256", "ann@near", "(ED25519)")
    assert f"its fingerprint is {fingerprint}\n" in made.stderr
    file.with_suffix(".pub").unlink()  # the private file alone holds all of it
    assert ssh_keygen("-lf", str(file)).split()[1] == fingerprint


def test_nothing_is_overwritten(home):
    file = home / "key"
    file.write_text("mine")
    made = keygen(home, "-f", str(file))
    assert made.returncode == 1
    assert "file exists (farpty keygen overwrites nothing: -f names another file)" in made.stderr
    assert made.stdout == ""
    assert file.read_text() == "mine"
    assert [entry.name for entry in home.iterdir()] == ["key"]


@pytest.mark.parametrize("comment", ["two\nlines", "\x1b[31m", "x" * 300])
def test_a_comment_is_one_line(home, comment):
    made = keygen(home, "-f", str(home / "key"), "-C", comment)
    assert made.returncode == 1
    assert "not one short line" in made.stderr
    assert not (home / "key").exists()
