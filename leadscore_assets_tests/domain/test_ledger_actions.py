"""The ledger's vocabulary: whatever the code records, or asks for, is in it."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import leadscore_assets
from leadscore_assets.domain.ledger_actions import ACTIONS
from leadscore_assets.steps.release_records import _ACTIONS
from leadscore_assets.steps.upkeep_site import TRAFFIC

PACKAGE = Path(leadscore_assets.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
# Where an action is chosen, and not written, at the place that records it.
CHOSEN: dict[str, set[str]] = {
    "release_records.py: 'stayed' if _stayed(item) else _ACTIONS[item.after]": {"stayed", *_ACTIONS.values()},
    "ingest.py: action": {"ingested", "reopened"},
    "ledger.py: action": set(),
    "ledger_export.py: action": set(),
    "upkeep_site.py: action": set(TRAFFIC),
}


def _words(call: ast.Call, file: Path) -> set[str]:
    """The actions that one call to a ledger can name."""
    asked = [item.value for item in call.keywords if item.arg == "action"]
    written = call.args[:1] if isinstance(call.func, ast.Attribute) and call.func.attr == "append" else asked
    found: set[str] = set()
    for value in written:
        literal = value.value if isinstance(value, ast.Constant) else _constant(value, file)
        found |= {literal} if isinstance(literal, str) else CHOSEN[f"{file.name}: {ast.unparse(value)}"]
    return found


def _constant(value: ast.expr, file: Path) -> object:
    """What a name in capitals stands for in the module that uses it."""
    if not (isinstance(value, ast.Name) and value.id.isupper()):
        return None
    module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    return getattr(sys.modules.get(module) or import_module(module), value.id)


def _calls(method: str) -> Iterator[tuple[Path, ast.Call]]:
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                owner = node.func.value
                if (
                    isinstance(owner, ast.Call)
                    and isinstance(owner.func, ast.Attribute)
                    and owner.func.attr == "signed"
                ):
                    owner = owner.func.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name in ("ledger", "_ledger"):
                    yield file, node


def _used(method: str) -> set[str]:
    return {word for file, call in _calls(method) for word in _words(call, file)}


def test_every_action_that_is_recorded_is_described_and_no_other() -> None:
    assert _used("append") == set(ACTIONS)


def test_every_action_that_is_asked_for_is_one_that_is_recorded() -> None:
    asked = _used("records")

    assert {"trained", "approval", "announced", "promoted", "scored"} <= asked
    assert asked - set(ACTIONS) == set()


def test_every_description_is_one_sentence_of_its_own() -> None:
    assert len(set(ACTIONS.values())) == len(ACTIONS)
    assert all(text and "\n" not in text and len(text) < 100 for text in ACTIONS.values())
