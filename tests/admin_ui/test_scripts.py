"""The scripts as one: what joins them, and that what cannot be joined is an error and not another program."""

import subprocess

import pytest

from admin_ui import scripts
from tests.clients.node import node

MAIN = """import { greet as say } from "./greet.js";
import {
  COUNT,
  half,
} from "./count.js";
say(half(COUNT));
"""
GREET = """import { half } from "./count.js";
const own = half(2);
export function greet(x) { console.log(own, x); }
"""
COUNT = """export const COUNT = 8;
const own = 2;
export async function later() {}
export const half = (n) => n / own;
"""
MODULES = {"main": MAIN, "greet": GREET, "count": COUNT, "other": "nobody needs this\n"}


def test_each_module_keeps_its_own_names_and_comes_before_those_that_need_it() -> None:
    joined = scripts.joined(MODULES, "main")

    finished = subprocess.run([node(), "-e", joined], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout == "1 4\n"
    assert "nobody" not in joined


@pytest.mark.parametrize(
    "line",
    [
        'import x from "./count.js";',
        'import * as x from "./count.js";',
        'import { x } from "../count.js";',
        "export let x = 1;",
        "export default 1;",
        "export { x };",
    ],
)
def test_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"main\.js has an import or export"):
        scripts.joined({"main": f"{line}\n"}, "main")


def test_modules_that_need_each_other_are_refused() -> None:
    circle = {"main": 'import { a } from "./other.js";\n', "other": 'import { b } from "./main.js";\n'}

    with pytest.raises(ValueError, match="cycle"):
        scripts.joined(circle, "main")
