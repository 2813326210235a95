#!/usr/bin/env bash
# Installs the Debian packages that tests use when root, and names the missing ones when not.  They are listed in
# tests/apt-packages.txt and in the further lists of that folder that are named as arguments.
# A test whose program is missing skips itself, so this never fails.
set -u
cd "$(dirname "$0")/.." || exit 0
if ! command -v dpkg-query > /dev/null; then
    echo "redrive: not a Debian-like system; tests whose programs are missing are skipped" >&2
    exit 0
fi

mapfile -t wanted < <(sed 's/#.*//; s/ *$//; /^$/d' apt-packages.txt "$@")
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
# Tests start servers themselves: no package may start one of its own (invoke-rc.d asks this script).
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy
fi
apt-get -qq update > /dev/null
apt-get -qq install -y --no-install-recommends "${missing[@]}" > /dev/null ||
    echo "redrive: apt-get could not install them all; tests whose programs are missing are skipped" >&2
exit 0
