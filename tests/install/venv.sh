#!/usr/bin/env bash
# Makes a virtual environment: venv.sh PYTHON FOLDER
# What Debian and Ubuntu keep in packages of their own (venv, Python.h, the compiler) is installed when root and named when not.
set -euo pipefail
python=$1
folder=$2

say() {
    echo "redrive: $*" >&2
}

if ! command -v "$python" > /dev/null; then
    say "there is no $python; install Python 3.10 or later, or name one: make PYTHON=python3.12"
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    say "$python is $("$python" --version); Redrive needs Python 3.10 or later: make PYTHON=python3.12"
    exit 1
fi

missing=()
"$python" -c 'import ensurepip' 2> /dev/null || missing+=("python3-venv")
"$python" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    missing+=("python3-dev")
command -v cc > /dev/null || missing+=("gcc" "libc6-dev")

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        say "please install ${missing[*]} first (Debian, Ubuntu: apt-get install ${missing[*]})"
        exit 1
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } > /dev/null; then
        say "apt-get could not install ${missing[*]}; please install what they hold by other means"
        exit 1
    fi
fi

rm -rf "$folder"
"$python" -m venv "$folder"
