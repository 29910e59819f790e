#!/bin/sh
# Makes .venv hold what a lock file names, and does nothing when it already does: environment.sh runtime|dev|…
#
# POSIX sh, because it runs before there is a Python to rely on. PYTHON names the interpreter to use; without it the
# first suitable one on PATH is taken. pip's own configuration decides where packages come from. VENV names another folder than .venv.
#
# What makes .venv trustworthy: `made-with` (the Python version) is taken away before anything changes and written when
# everything is done, so an interrupted run leaves an environment that the next one replaces.
set -eu
cd "$(dirname "$0")/.."

OLDEST_MINOR=11  # `requires-python` in pyproject.toml
NEWEST_MINOR=13  # the newest one tried; a newer `python3` is welcome all the same

case "${1-}" in
    runtime) lock=requirements.txt ;;
    dev) lock=requirements-dev.txt ;;
    desktop) lock=requirements-desktop.txt ;;
    portable) lock=requirements-portable.txt ;;
    *) echo "usage: environment.sh runtime|dev|desktop|portable" >&2; exit 2 ;;
esac
venv=${VENV:-.venv}
made_with=$venv/made-with
installed=$venv/installed-$1

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

main() {
    if [ -e "$venv/bin/python" ] && up_to_date; then return; fi
    wait_for_other_runs
    if ! trustworthy; then make_venv; fi
    if ! up_to_date; then install_lock; fi
}

trustworthy() {
    version=$("$venv/bin/python" -V 2>/dev/null) || return 1
    [ "$version" = "$(cat "$made_with" 2>/dev/null)" ] || return 1
    [ -z "${PYTHON-}" ] || [ "$version" = "$("$PYTHON" -V 2>/dev/null)" ]
}

up_to_date() {
    trustworthy && [ "$(cksum <"$lock")" = "$(cat "$installed" 2>/dev/null)" ]
}

wait_for_other_runs() {  # `make run` and `make test` may start at once; the lock goes when this shell does
    exec 9<packaging/environment.sh
    if command -v flock >/dev/null 2>&1; then flock 9; fi
}

make_venv() {
    find_python
    say "Creating $venv with $("$python" -V) ..."
    rm -f "$made_with"  # first: an interrupted removal must not look whole
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "The virtual environment could not be created; the reason stands above."
    "$python" -V >"$made_with"
}

install_lock() {
    say "Installing what $lock names; the next start skips this ..."
    version=$(cat "$made_with")
    rm -f "$made_with"
    # -I keeps this folder off the import path; PIP_USER, where someone sets it, cannot work in a venv.
    PIP_USER=0 "$venv/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check \
        --require-hashes -r "$lock" || fail "The packages could not be installed; the reason stands above."
    cksum <"$lock" >"$installed"
    printf '%s\n' "$version" >"$made_with"
}

# Sets `python` to an interpreter that can make virtual environments, gets one with apt, or says what to type.
find_python() {
    python='' without_venv='' too_old=''
    if [ -n "${PYTHON-}" ]; then set -- "$PYTHON"; else set -- python3 $(each_version); fi
    for candidate in "$@"; do
        judge "$candidate"
        if [ -n "$python" ]; then return; fi
    done
    if [ -n "$without_venv" ]; then add_venv_package; return; fi
    if [ -z "${PYTHON-}" ] && add_newer_python; then return; fi
    fail "Dropdock needs Python 3.$OLDEST_MINOR or newer, but found ${too_old:-none}:" \
        "install one and type: make ${MAKECMDGOALS:-run} PYTHON=/path/to/python3"
}

each_version() {  # newest first
    minor=$NEWEST_MINOR
    while [ "$minor" -ge "$OLDEST_MINOR" ]; do
        echo "python3.$minor"
        minor=$((minor - 1))
    done
}

judge() {  # the first finding of each kind is the one worth reporting
    found=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || return 0
    case "$found" in
        3.*) ;;
        *) too_old=${too_old:-"$1, which is $found"}; return 0 ;;
    esac
    if [ "${found#3.}" -lt "$OLDEST_MINOR" ]; then
        too_old=${too_old:-"$1, which is $found"}
    elif "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        python=$1
    elif [ -z "$without_venv" ]; then
        without_venv=$1 without_venv_version=$found
    fi
}

add_venv_package() {  # Debian keeps ensurepip in a package of its own
    package=python$without_venv_version-venv
    if may_use_apt && apt_install "$package" && "$without_venv" -c 'import ensurepip' 2>/dev/null; then
        python=$without_venv
        return
    fi
    fail "$without_venv is here without its venv package; type: sudo apt-get install $package" \
        "(on other systems: install what has Python's ensurepip module)"
}

add_newer_python() {
    may_use_apt || return 1
    apt_update
    for name in $(each_version); do
        apt-cache show "$name-venv" >/dev/null 2>&1 || continue
        if apt_install "$name" "$name-venv"; then python=$name; return; fi
    done
    return 1
}

may_use_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_update() { apt-get update -qq >&2 || true; }  # a mirror that is down may still be in the lists at hand

apt_install() {  # once with the package lists at hand, once with fresh ones
    say "Installing $* with apt-get ..."
    for attempt in at_hand fresh; do
        if [ "$attempt" = fresh ]; then apt_update; fi
        if DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null; then return; fi
    done
    return 1
}

main
