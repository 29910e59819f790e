"""The scripts as one file, so that a page waits for one answer: each module in a function of its own, in their order.

The modules stay what browsers load by themselves, one by one; only what joins them is written again. They import and
export in the simplest form each, `import { a, b as c } from "./x.js"` and `export` before a function, class or const.
"""

import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter

_IMPORT = re.compile(r'^import \{([^}]+)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def joined(modules: Mapping[str, str], first: str) -> str:
    """One script that does what `first` does with all it imports. Raises ValueError for a form that is not known."""
    return "".join(_wrapped(name, modules[name]) for name in _order(modules, first))


def _order(modules: Mapping[str, str], first: str) -> Iterator[str]:
    """What `first` needs, each after what it needs itself. Raises graphlib.CycleError, a ValueError."""
    needs: dict[str, set[str]] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name not in needs:
            needs[name] = {neighbour for _, neighbour in _IMPORT.findall(modules[name])}
            waiting += needs[name]
    return iter(TopologicalSorter(needs).static_order())


def _wrapped(name: str, source: str) -> str:
    exported = _EXPORT.findall(source)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, source))
    left = _LEFT.search(body)
    if left:
        raise ValueError(f"{name}.js has an import or export in a form that is not joined: {left[0]}")
    return f"const ${name} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _taken(match: re.Match[str]) -> str:
    names = re.sub(r"(\w+) as (\w+)", r"\1: \2", " ".join(match[1].split()))
    return f"const {{ {names} }} = ${match[2]};\n"
