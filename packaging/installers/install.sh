#!/bin/sh
# Installs farpty without root: fetches the executable for this machine, checks its SHA-256, puts it into ~/.local/bin.
#
#   sh install.sh URL [FOLDER]
#
# URL is the folder on the web where the files of `make dist` lie; FOLDER is where farpty is to be, if not ~/.local/bin.
# The sums stand in this script, so that the server of the executable need not be trusted. What the user gave is never a part of a command.

sum_of() {
  case $1 in
    x86_64-linux) echo @x86_64-linux@ ;;
    aarch64-linux) echo @aarch64-linux@ ;;
    x86_64-macos) echo @x86_64-macos@ ;;
    arm64-macos) echo @arm64-macos@ ;;
  esac
}

die() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

machine() {
  system=$(uname -s) processor=$(uname -m)
  case $system in Linux) system=linux ;; Darwin) system=macos ;; esac
  case $processor-$system in amd64-*) processor=x86_64 ;; arm64-linux) processor=aarch64 ;; esac
  printf '%s-%s\n' "$processor" "$system"
}

# fetch URL FILE
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --globoff --output "$2" --url "$1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1"
  else
    die "neither curl nor wget is here: fetch $1 in another way, check its SHA-256 ($sum), and put it into $folder as farpty"
  fi
}

digest() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 <"$1"
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r <"$1"
  else
    die "neither sha256sum, shasum nor openssl is here to check what was fetched: nothing was installed"
  fi
}

# All of it is read before any of it runs: a script that was cut short does nothing.
main() {
  case $# in 1 | 2) ;; *) die "usage: sh install.sh URL [FOLDER]" ;; esac
  case $1 in http://* | https://*) ;; *) die "the URL is to begin with https:// or http://: $1" ;; esac
  case ${2-} in -*) die "the folder is to begin with / or ./: $2" ;; esac
  [ -n "${2:-}${HOME:-}" ] || die "HOME is not set: say where farpty is to be: sh install.sh URL FOLDER"
  folder=${2:-$HOME/.local/bin}
  name=farpty-$(machine)
  sum=$(sum_of "${name#farpty-}")
  [ -n "$sum" ] || die "there is no farpty for this machine (${name#farpty-})"
  mkdir -p "$folder" || die "cannot make the folder $folder"
  # mkdir(2) is atomic and follows no link: what is in there is ours.
  work=$folder/.farpty.$$
  (umask 077 && mkdir "$work") || die "cannot write to $folder"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch "${1%/}/$name" "$work/farpty" || die "cannot fetch ${1%/}/$name: nothing was installed"
  found=$(digest "$work/farpty") || exit 1
  found=${found%% *}
  [ "$found" = "$sum" ] || die "${1%/}/$name has the SHA-256 $found where $sum was expected: nothing was installed"
  { chmod 755 "$work/farpty" && mv -f "$work/farpty" "$folder/farpty"; } || die "cannot put farpty into $folder"
  printf 'installed %s/farpty\n' "$folder"
  case :${PATH-}: in *:"$folder":*) ;; *) printf 'this folder is not in your PATH yet: %s\n' "$folder" ;; esac
}

main "$@"
