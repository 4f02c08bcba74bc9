"""The ledger's vocabulary: whatever the code records, or asks for, is in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import leadscore_assets
from leadscore_assets.domain.ledger_actions import ACTIONS
from leadscore_assets.steps.release_records import _ACTIONS

SOURCES = sorted(Path(leadscore_assets.__file__).parent.rglob("*.py"))
# Where an action is chosen, and not written, at the place that records it.
CHOSEN: dict[str, set[str]] = {
    "release_records.py: _ACTIONS[item.after]": set(_ACTIONS.values()),
    "ingest.py: action": {"ingested", "reopened"},
    "ledger_export.py: action": set(),
}


def _words(call: ast.Call, file: Path) -> set[str]:
    """The actions that one call to a ledger can name."""
    asked = [item.value for item in call.keywords if item.arg == "action"]
    written = call.args[:1] if isinstance(call.func, ast.Attribute) and call.func.attr == "append" else asked
    found: set[str] = set()
    for value in written:
        literal = isinstance(value, ast.Constant) and isinstance(value.value, str)
        found |= {str(value.value)} if literal else CHOSEN[f"{file.name}: {ast.unparse(value)}"]
    return found


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for file in SOURCES:
        if file.parent.name in ("backends", "commands"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name == "ledger" and node.func.attr in ("append", "records"):
                    yield file, node


def test_every_action_that_the_code_records_or_asks_for_is_described() -> None:
    used = {word for file, call in _calls() for word in _words(call, file)}

    assert {"trained", "judged", "registered", "promoted", "rolled back", "scored", "repaired"} <= used
    assert used - set(ACTIONS) == set()


def test_every_description_is_one_sentence_of_its_own() -> None:
    assert len(set(ACTIONS.values())) == len(ACTIONS)
    assert all(text and "\n" not in text and len(text) < 100 for text in ACTIONS.values())
