# The door to the build. Each target is one script or one preset: what it does is written there.
#
#   make demo     install what is missing, build, start a server on loopback and log you in
#   make test     install what is missing, build release and asan, run every test on both
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

all: build-release

build-%:
	@scripts/bootstrap build
	@scripts/build $*

demo:
	@scripts/bootstrap build
	@scripts/build release --target farpty
	@scripts/demo

test:
	@scripts/bootstrap build test lint
	@scripts/check release asan

check-%:
	@scripts/bootstrap build test lint
	@scripts/check $*

# The programs of docs/emulated-terminal.md alone; a part of make test.
emulated: all
	@scripts/bootstrap build test
	@/usr/bin/python3 -m pytest -q tests/e2e/test_emulated_*.py

# Snapshots at every byte of the recorded sessions (make test takes every 211th): half an hour.
snapshots:
	@scripts/bootstrap build test
	@scripts/build release --target redraws
	@FARPTY_CUTS=1 /usr/bin/python3 -m pytest -q tests/screens

# The line discipline against the kernel's, and through shim and device: STEPS random steps of each; docs/line-discipline.md.
STEPS ?= 1000000
parity: all
	@build/release/tests/parity/parity --steps $(STEPS) --progress 60
	@build/release/tests/kit/noptyrun build/release/farpty run --terminal emulated -- \
	  build/release/tests/parity/parity --on-device --steps $(STEPS) --progress 60 </dev/null

# Suites that others wrote, on a kernel pty and on the emulated terminal, as root and as a user; docs/foreign-suites.md.
foreign: all
	@scripts/bootstrap build test foreign
	@tests/foreign/fetch
	@tests/foreign/run.py --report build/foreign/report

tsan: check-tsan

# Speed and memory beside OpenSSH, telnetd and socat; see bench/RESULTS.md.
bench:
	@scripts/bootstrap build bench
	@scripts/build release --target farpty bench_probe bench_far bench_inetd
	@bench/run.py

# The emulated terminal beside the kernel's; the same page.
bench-terminal:
	@scripts/bootstrap build bench
	@scripts/build release --target farpty bench_calls bench_calls_static bench_far
	@bench/terminal.py

# The native door beside OpenSSH and the raw door; the same page.
bench-native:
	@scripts/bootstrap build bench
	@scripts/build release --target farpty delayproxy bench_probe bench_far bench_inetd
	@bench/native.py

# The static executable's start beside the dynamic build's; the same page.
bench-start: ARCHITECTURES ?= x86_64
bench-start: all dist
	@bench/start.py

fuzz:
	@scripts/bootstrap build test
	@scripts/fuzz 30

fuzz-long:
	@scripts/bootstrap build test
	@scripts/fuzz 3600

# A session's connections are cut 10,000 times: at every byte of a dialogue, and at random. Prints the count and the differences.
CUTS ?= 10000
sweep:
	@scripts/bootstrap build test
	@scripts/build release --target farpty delayproxy
	@cd tests && /usr/bin/python3 -m kit.sweep --cuts $(CUTS)

lint:
	@scripts/bootstrap build lint
	@scripts/lint

tidy:
	@scripts/bootstrap build lint
	@scripts/tidy

format:
	@scripts/bootstrap lint
	@scripts/format

zig:
	@scripts/bootstrap build zig
	@scripts/zig-compile

install: build-release
	@cmake --install build/release

deb: build-release
	@scripts/bootstrap deb
	@scripts/deb

# What people download, in build/dist: the fully static executables for Linux and the client for macOS, installers, licences, SHA256SUMS.
# ARCHITECTURES=x86_64, or others of x86_64 aarch64 x86_64-macos arm64-macos, makes those alone. The first time the libraries of each are built.
dist:
	@scripts/bootstrap build dist
	@scripts/dist $(ARCHITECTURES)

# The same, and again in another folder: are the bytes the same?
dist-twice:
	@scripts/bootstrap build dist
	@scripts/dist-twice $(ARCHITECTURES)

# A shell for hosts that have none: bash and busybox in one static file; packaging/farpty-sh/README.md.
farpty-sh:
	@scripts/bootstrap build zig dist
	@packaging/farpty-sh/build $(filter-out %-macos,$(ARCHITECTURES))

dist-test: all dist farpty-sh
	@scripts/bootstrap test dist-test
	@/usr/bin/python3 -m pytest -q tests/dist

clean:
	rm -rf build

.PHONY: all demo test emulated parity foreign snapshots tsan fuzz fuzz-long bench bench-terminal bench-native bench-start lint tidy format zig install deb dist dist-twice dist-test farpty-sh clean sweep
