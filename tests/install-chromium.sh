#!/bin/sh
# The browser of the tests: the system's Chromium, from Debian's packages when it is not there yet.
set -eu
if command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Install Chromium, so that the browser tests can run." >&2
    exit 0
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
    as_root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
