# The door to the build. Each target is one script or one preset: what it does is written there.
#
#   make test     install what is missing, build release and asan, run every test on both
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

all: build-release

build-%:
	@scripts/bootstrap build
	@scripts/build $*

test:
	@scripts/bootstrap build test lint
	@scripts/check release asan

check-%:
	@scripts/bootstrap build test lint
	@scripts/check $*

tsan: check-tsan

fuzz:
	@scripts/bootstrap build test
	@scripts/fuzz 30

fuzz-long:
	@scripts/bootstrap build test
	@scripts/fuzz 3600

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

clean:
	rm -rf build

.PHONY: all test tsan fuzz fuzz-long lint tidy format zig clean
