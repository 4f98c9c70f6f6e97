"""Executables of macOS, read from their bytes: Apple's <mach-o/loader.h> and <Kernel/kern/cs_blobs.h>.

Nothing here runs them. The signature is checked as the kernel does page by page when it loads them.
"""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0xFEEDFACF  # MH_MAGIC_64
EXECUTE = 2  # MH_EXECUTE
PIE = 0x200000  # MH_PIE
PROCESSORS = {0x01000007: "x86_64", 0x0100000C: "arm64"}
LC_SEGMENT_64, LC_DYLD_INFO, LC_LOAD_DYLINKER, LC_MAIN = 0x19, 0x22, 0xE, 0x28
LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_LOAD_UPWARD_DYLIB = 0xC, 0x18, 0x1F, 0x23
LC_RPATH, LC_CODE_SIGNATURE, LC_BUILD_VERSION = 0x1C, 0x1D, 0x32
REQUIRED = 0x80000000  # LC_REQ_DYLD
LIBRARIES = {LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_LOAD_UPWARD_DYLIB}
MACOS = 1  # PLATFORM_MACOS
SUPERBLOB, CODE_DIRECTORY = 0xFADE0CC0, 0xFADE0C02
ADHOC = 2  # CS_ADHOC
SHA256 = 2  # CS_HASHTYPE_SHA256


@dataclass
class Signature:
    flags: int
    identifier: str
    covered: int
    """bytes from the start of the file"""
    start: int
    """where it stands in the file"""
    wrong_pages: list[int]


class Executable:
    def __init__(self, file: Path):
        self.contents = file.read_bytes()
        self.magic, processor, _, self.kind, count, size, self.flags, _ = struct.unpack_from("<8I", self.contents)
        self.processor = PROCESSORS.get(processor, hex(processor))
        self.commands: list[tuple[int, bytes]] = []
        at = 32
        for _ in range(count):
            command, length = struct.unpack_from("<2I", self.contents, at)
            self.commands.append((command & ~REQUIRED, self.contents[at : at + length]))
            at += length
        assert at == 32 + size

    def all(self, *kinds: int) -> list[bytes]:
        return [body for kind, body in self.commands if kind in kinds]

    def paths(self, *kinds: int) -> list[str]:
        """What these commands name: their first field is the name's offset."""
        return [body[struct.unpack_from("<I", body, 8)[0] :].split(b"\0")[0].decode() for body in self.all(*kinds)]

    def oldest_system(self) -> tuple[int, tuple[int, int]]:
        """The platform, and the oldest version of it."""
        (body,) = self.all(LC_BUILD_VERSION)
        platform, version = struct.unpack_from("<2I", body, 8)
        return platform, (version >> 16, version >> 8 & 0xFF)

    def segments(self) -> dict[str, tuple[int, int, int]]:
        """By name: where it is in the file, how long, and how it is protected at first."""
        found = {}
        for body in self.all(LC_SEGMENT_64):
            name, _, _, offset, length, _, protection = struct.unpack_from("<16s4Q2I", body, 8)
            found[name.rstrip(b"\0").decode()] = (offset, length, protection)
        return found

    def signature(self) -> Signature | None:
        bodies = self.all(LC_CODE_SIGNATURE)
        if not bodies:
            return None
        start, length = struct.unpack_from("<2I", bodies[0], 8)
        blob = self.contents[start : start + length]
        magic, _, count = struct.unpack_from(">3I", blob)
        assert magic == SUPERBLOB
        slots = dict(struct.unpack_from(">2I", blob, 12 + 8 * i) for i in range(count))
        directory = blob[slots[0] :]  # CSSLOT_CODEDIRECTORY
        magic, _, _, flags, hashes, name, _, pages, covered = struct.unpack_from(">9I", directory)
        size, kind, _, page_bits = struct.unpack_from("4B", directory, 36)
        assert (magic, size, kind) == (CODE_DIRECTORY, 32, SHA256)
        page = 1 << page_bits
        assert pages == -(-covered // page)
        wrong = [i for i in range(pages) if directory[hashes + 32 * i : hashes + 32 * i + 32]
                 != hashlib.sha256(self.contents[i * page : min((i + 1) * page, covered)]).digest()]
        return Signature(flags, directory[name:].split(b"\0")[0].decode(), covered, start, wrong)
