"""Throughput of minifying and compressing on one core, beside the tools people know: esbuild, brotli, zstd."""

import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from builds import compress
from builds.minify import minified

PACKAGES = {  # npm packages, and the file of each that is as its author wrote it
    "lodash": "lodash.js",
    "d3": "dist/d3.js",
    "three": "build/three.core.js",
}


def compare(scratch: Path, rounds: int) -> None:
    """Print processor seconds, MB/s and what is left, for ours and each tool that is there; all of the same files."""
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, "esbuild"],
        cwd=scratch,
        check=True,
    )
    files = [scratch / "node_modules" / package / name for package, name in PACKAGES.items()]
    contents = [file.read_bytes() for file in files]
    size = sum(map(len, contents))
    out = scratch / "out"
    out.mkdir()
    print(
        f"{len(files)} scripts, {size / 1e6:.1f} MB; medians of {rounds} rounds, start of the command lines included;"
    )
    print("seconds are the processor's, which a busy machine changes less than the clock's")

    def ours() -> int:
        return sum(len(minified("js", content) or content) for content in contents)

    def esbuild() -> int:
        command = [str(scratch / "node_modules/.bin/esbuild"), "--minify", f"--outdir={out}", "--log-level=error"]
        path = f"{Path(shutil.which('node') or '/usr/bin/node').parent}:/usr/bin:/bin"
        subprocess.run([*command, *map(str, files)], check=True, env={"GOMAXPROCS": "1", "PATH": path})
        return sum(path.stat().st_size for path in out.rglob("*.js"))

    _row("minify", ours, size, rounds)
    _row("esbuild", esbuild, size, rounds)
    for coding, tool, level in (("br", "brotli", 4), ("br", "brotli", 11), ("zstd", "zstd", 3), ("zstd", "zstd", 19)):
        _row(f"{coding} {level}", _ours(contents, coding, level), size, rounds)
        if shutil.which(tool):
            _row(f"{tool} -{level}", _theirs(tool, files, level), size, rounds)


def _ours(contents: list[bytes], coding: str, level: int) -> Callable[[], int]:
    return lambda: sum(len(compress.forms(content, {coding: level})[coding]) for content in contents)


def _theirs(tool: str, files: list[Path], level: int) -> Callable[[], int]:
    flag = {"brotli": f"--quality={level}", "zstd": f"-{level}"}[tool]

    def run() -> int:
        return sum(
            len(subprocess.run([tool, flag, "-c", file], check=True, capture_output=True).stdout) for file in files
        )

    return run


def _spent() -> float:
    """Processor seconds of this process and those it has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def _row(name: str, work: Callable[[], int], size: int, rounds: int) -> None:
    taken = []
    for _ in range(rounds):
        began = _spent()
        left = work()
        taken.append(_spent() - began)
    seconds = statistics.median(taken)
    print(f"  {name:<14}{seconds:8.3f} s{size / seconds / 1e6:9.1f} MB/s{left / size:8.1%}", flush=True)
