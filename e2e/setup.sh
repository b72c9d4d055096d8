#!/bin/sh
# Installs what the tests need beside Go: a PostgreSQL server, a Chromium, the
# Playwright driver, the accessibility checker and the official Bitrix24 JS SDK
# (the last two are only loaded by tests, never shipped). Every archive is
# pinned by its SHA-512.
# Safe to run again: milliseconds once everything is there.
#
# JOINLINE_CHROMIUM names another Chromium or Chrome to drive.
set -eu
cache=$HOME/.cache/ms-playwright-go

fail() {
  echo "e2e/setup.sh: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "$(id -u)" = 0 ] || sudo -n true >/dev/null 2>&1
}

updated=
update() {
  [ -n "$updated" ] || as_root apt-get update -qq
  updated=yes
}

install() {
  update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The same candidates in the same order as chromiums in browser_test.go.
find_browser() {
  for candidate in "${JOINLINE_CHROMIUM:-}" chromium-headless-shell chromium chromium-browser \
    google-chrome google-chrome-stable chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
    "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 && return 0
  done
  return 1
}

pin() { # name version sha512 directory
  [ "$(cat "$4/.pin" 2>/dev/null || true)" = "$1@$2 $3" ] && return 0
  tmp=$(mktemp -d)
  (cd "$tmp" && npm pack --silent "$1@$2" >/dev/null 2>&1) || fail "npm could not fetch $1@$2"
  got=$(cat "$tmp"/*.tgz | openssl dgst -sha512 -binary | openssl base64 -A)
  [ "$got" = "$3" ] || fail "$1@$2: checksum mismatch"
  rm -rf "$4"
  mkdir -p "$4"
  tar -xzf "$tmp"/*.tgz -C "$4" # the archive's top folder is "package", as the driver wants it
  rm -rf "$tmp"
  echo "$1@$2 $3" >"$4/.pin"
}

# The same places in the same order as binaries in app/sqlstore/pgtest.
find_postgres() {
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1
}

if ! find_postgres && can_install; then
  install postgresql
fi
find_postgres || fail "no PostgreSQL server found. Install your system's package postgresql"

if [ -n "${JOINLINE_CHROMIUM:-}" ]; then
  command -v "$JOINLINE_CHROMIUM" >/dev/null 2>&1 ||
    fail "JOINLINE_CHROMIUM names $JOINLINE_CHROMIUM, which cannot be run"
elif ! find_browser && can_install; then
  update
  for package in chromium-headless-shell chromium; do
    apt-cache show "$package" >/dev/null 2>&1 || continue
    install "$package"
    break
  done
fi
find_browser || fail "no Chromium found. Install chromium or Google Chrome with your system's packages," \
  "or set JOINLINE_CHROMIUM to the program"

for tool in node npm openssl; do
  command -v "$tool" >/dev/null 2>&1 && continue
  can_install || fail "$tool is missing. Install Node.js 18 or newer (with npm) and openssl"
  case $tool in node) install nodejs ;; *) install "$tool" ;; esac
done
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || fail "Node.js $(node -v) is too old: 18 or newer is needed"

pin playwright-core 1.52.0 'l2osTgLXSMeuLZOML9qYODUQoPPnUsKsb5/P6LJ2e6uPKXUdPK5WYhN4z03G+YNbWmGDY4YENauNu4ZKczreHg==' "$cache/1.52.0"
pin axe-core 4.14.1 'FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==' "$cache/axe"
pin @bitrix24/b24jssdk 2.2.0 'zqN7y8r2D3g0dAGKq3+0zOEsRtz2MbjoZR70XrTXKKN5l0OUmPK6jy2BEn6TXiqf5ApsvYrcz9nEn2t2jDR4cw==' "$cache/b24jssdk"
ln -sfn "$(command -v node)" "$cache/1.52.0/node"
