"""What the steps write into the lake is known to retention: each path has a kind with a rule, or stays for ever."""

import ast
import inspect
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest

import leadscore_assets
from leadscore_assets.backends.lake_paths import manifest_path, part_path, slice_path
from leadscore_assets.domain.lake_kinds import is_kept, kind_of

PACKAGE = Path(leadscore_assets.__file__).parent
WRITES = ("write_json", "write_bytes", "write_table")
WEEK = date(2026, 1, 5)
# What the parts of a path that are not written out look like; the first that an expression names.
PARTS = {"digest[:16]": "0" * 16, "digest": "0" * 64, "week": f"{WEEK}", "day": "2026-01-06", "name": "a_name"}


def written() -> Iterator[tuple[str, str]]:
    """Each place in the code that writes a file into the lake, and a path that it may write."""
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text())
        for function in (item for item in ast.walk(tree) if isinstance(item, ast.FunctionDef)):
            for call in (item for item in ast.walk(function) if isinstance(item, ast.Call)):
                if isinstance(call.func, ast.Attribute) and call.func.attr in WRITES and _is_lake(call.func.value):
                    yield f"{file.name}: {function.name}: {ast.unparse(call)[:60]}", _path(call, function, file)


def _is_lake(owner: ast.expr) -> bool:
    return (owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")) == "lake"


def _path(call: ast.Call, function: ast.FunctionDef, file: Path) -> str:
    under = [item.value for item in call.keywords if item.arg == "under"]
    path = _text((under or call.args)[0], function, _module(file))
    return part_path(path, "0" * 64) if under else path


def _module(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)


def _text(node: ast.expr, function: ast.FunctionDef, module: str) -> str:
    """A text that an expression may give: constants as they are, everything else as it looks."""
    names = vars(sys.modules.get(module) or import_module(module))
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, function, module) for part in node.values)
    if isinstance(node, ast.Name) and isinstance(names.get(node.id), str):
        return str(names[node.id])
    if isinstance(node, ast.Call) and isinstance(names.get(ast.unparse(node.func)), FunctionType):
        return _returned(names[ast.unparse(node.func)])
    if isinstance(node, ast.Name) and (value := _assigned(node.id, function)):
        return _text(value, function, module)
    source = ast.unparse(node)
    return next(sample for part, sample in PARTS.items() if part in source)


def _returned(function: FunctionType) -> str:
    (tree,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(tree, ast.FunctionDef)
    (value,) = [item.value for item in ast.walk(tree) if isinstance(item, ast.Return) and item.value]
    return _text(value, tree, function.__module__)


def _assigned(name: str, function: ast.FunctionDef) -> ast.expr | None:
    for item in (item for item in ast.walk(function) if isinstance(item, ast.Assign)):
        (target,) = item.targets
        if isinstance(target, ast.Name) and target.id == name:
            return item.value
        if isinstance(target, ast.Tuple) and isinstance(item.value, ast.Tuple):
            known = {getattr(one, "id", ""): other for one, other in zip(target.elts, item.value.elts, strict=True)}
            if name in known:
                return known[name]
    return None


def test_the_writes_of_every_step_are_found() -> None:
    paths = {path for _, path in written()}
    assert {"release/state.json", "release/look.json", "reports/weeks.json", f"scored/week={WEEK}/shown.json"} <= paths
    assert {f"runs/week={WEEK}/part-{'0' * 16}.parquet", f"leads/week={WEEK}/generations/{'0' * 64}.json"} <= paths
    assert len(paths) > 30


def test_what_a_step_writes_is_known_to_retention() -> None:
    unknown = [f"{place} writes {path}" for place, path in written() if (kind_of(path) is None) != is_kept(path)]
    assert unknown == [], "give each one kind in domain/lake_kinds.py, or a place among what is kept"


@pytest.mark.parametrize("path", [manifest_path(WEEK), slice_path(WEEK, "train")])
def test_what_the_lake_itself_names_is_known_to_retention(path: str) -> None:
    assert kind_of(path)
