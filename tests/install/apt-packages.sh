#!/usr/bin/env bash
# Installs the Debian packages that tests use (tests/apt-packages.txt) when root, and names the missing ones when not.
# A test whose program is missing skips itself, so this never fails.
set -u
cd "$(dirname "$0")/.." || exit 0
if ! command -v dpkg-query > /dev/null; then
    echo "redrive: not a Debian-like system; tests whose programs are missing are skipped" >&2
    exit 0
fi

mapfile -t wanted < <(sed 's/#.*//; s/ *$//; /^$/d' apt-packages.txt)
mapfile -t installed < <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2> /dev/null | sed -n 's/^installed //p')
missing=()
for package in "${wanted[@]}"; do
    [[ " ${installed[*]} " == *" $package "* ]] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "redrive: some tests are skipped without these packages: apt-get install ${missing[*]}" >&2
    exit 0
fi
echo "redrive: installing for the tests: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update > /dev/null
apt-get -qq install -y --no-install-recommends "${missing[@]}" > /dev/null ||
    echo "redrive: apt-get could not install them all; tests whose programs are missing are skipped" >&2
exit 0
