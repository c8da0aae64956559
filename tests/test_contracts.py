"""What holds for all the code: who imports whom, its style, its size."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parent.parent
MODULES = sorted(path for path in (BASE / "minikweb").rglob("*.py") if "migrations" not in path.parts)
LONGEST_MODULE = 400
LONGEST_FUNCTION = 80


def run(tool, *arguments):
    """(exit code, output) of a tool of the virtualenv."""
    command = [Path(sys.executable).with_name(tool), *arguments]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def functions():
    """(where, lines) of every function; a nested one counts for itself and in its outer one."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(BASE)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_each_layer_imports_only_what_is_below_it():
    code, output = run("lint-imports", "--no-cache")
    assert code == 0, output


@pytest.mark.parametrize("command", [("ruff", "check", "."), ("ruff", "format", "--check", ".")])
def test_the_style_is_kept(command):
    code, output = run(*command)
    assert code == 0, output


def test_modules_can_be_read_in_one_go():
    lengths = {str(path.relative_to(BASE)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen_or_two():
    assert {where: lines for where, lines in functions() if lines > LONGEST_FUNCTION} == {}


def test_most_functions_are_short():
    lengths = [lines for _, lines in functions()]
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[-1] <= 35


def test_nothing_is_named_for_having_no_name():
    names = {"utils", "helpers", "common", "misc", "signals"}
    assert [str(path.relative_to(BASE)) for path in MODULES if path.stem in names or path.parent.name in names] == []


def test_nothing_is_left_for_later():
    words = ("TODO", "FIXME", "XXX")
    left = [
        f"{path.relative_to(BASE)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(word in line for word in words)
    ]
    assert left == []
