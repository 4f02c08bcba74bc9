"""Every call to AWS that the program's text makes, found in the text itself.

`account.call("service", "operation")` and `account.pages(...)` are the only ways to AWS; a module that hands a client
to boto3's transfers says so in TRANSFER_CALLS, and Arrow's file system is a reader.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "leadscore_assets"
READS = (("s3", "get_object"), ("s3", "list_objects_v2"))


@dataclass(frozen=True, order=True)
class Call:
    """A call and where it stands."""

    service: str
    operation: str
    place: str


class Unreadable(AssertionError):
    """A call whose service or operation is not a literal, so that nobody can say which right it needs."""


def calls(roots: tuple[str, ...] = ("backends/aws", "commands")) -> list[Call]:
    """Return every call in the modules below some folders of the package."""
    files = [path for root in roots for path in sorted((PACKAGE / root).rglob("*.py"))]
    return sorted(call for path in files for call in calls_in(path.read_text(), f"{path.relative_to(PACKAGE)}"))


def calls_in(text: str, place: str) -> Iterator[Call]:
    """Yield the calls of one module's text."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        where = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Assign | ast.AnnAssign) and _named(node) == "TRANSFER_CALLS" and node.value:
            for service, operation in ast.literal_eval(node.value):
                yield Call(service, operation, where)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from _call(node, node.func.attr, where)


def _named(node: ast.Assign | ast.AnnAssign) -> str | None:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def _call(node: ast.Call, name: str, where: str) -> Iterator[Call]:
    if name == "filesystem" and not node.args:
        yield from (Call(service, operation, where) for service, operation in READS)
    if name not in ("call", "pages"):
        return
    words = [item.value for item in node.args[:2] if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if len(words) < 2:
        raise Unreadable(f"{where}: {ast.unparse(node)[:80]}: write service and operation as literals")
    yield Call(words[0], words[1], where)
