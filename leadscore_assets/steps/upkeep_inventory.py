"""The inventory: every stored thing that retention knows, with what it needs, read from what names it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from leadscore_assets.backends.ports import FileStore
from leadscore_assets.domain.facts import Package, StoredFile
from leadscore_assets.domain.lake_kinds import kind_of, named_files, names_files
from leadscore_assets.domain.retention import Artefact, Store
from leadscore_assets.steps.platform import Platform

PLAN = "upkeep/unfinished.json"
# Stores of one kind of thing each, which nothing else needs.
_PLAIN: Mapping[Store, str] = {"captures": "capture", "runs": "run", "outbox": "letter"}
# Where documents lie that name rows of their week.
_NAMING_FOLDERS = ("leads", "profiles", "reports", "runs", "scored")
_JUDGED = ("/evaluation.json", "/evaluation.html")


def stores(platform: Platform, runs: FileStore | None = None) -> dict[Store, FileStore]:
    """Return every store that is cleaned; the history of runs only where one is given."""
    found: dict[Store, FileStore] = {
        "lake": platform.lake,
        "bundles": platform.bundles,
        "training": platform.trainer.leftovers,
        "captures": platform.endpoint.captured,
    }
    if platform.outbox:
        found["outbox"] = platform.outbox.ended
    return found | ({"runs": runs} if runs else {})


def inventory(platform: Platform, runs: FileStore | None = None) -> list[Artefact]:
    """List what retention knows; raise CorruptArtefact for a document that may name files and cannot be read."""
    lake = list(_lake(platform))
    found = [*lake, *_bundles(platform, lake), *_trainings(platform)]
    plain = {name: store for name, store in stores(platform, runs).items() if name in _PLAIN}
    return [*found, *(item for name, store in plain.items() for item in _whole(store, name))]


def named_by(platform: Platform, week: date) -> set[str]:
    """Return the paths of what a stored week names now, whatever was planned before."""
    held = [item for folder in _NAMING_FOLDERS for item in platform.lake.files(f"{folder}/week={week}")]
    return {name for item in _known(held) for name in _needs(platform, item)}


def first_stored_week(platform: Platform) -> date:
    """Return the oldest week that the lake holds, the site's first one where it holds none."""
    weeks = (item.week for item in _known(platform.lake.files("leads")) if item.kind == "leads" and item.week)
    return min(weeks, default=platform.start_week)


def _lake(platform: Platform) -> Iterator[Artefact]:
    items = list(_known(platform.lake.files()))
    beside = defaultdict(list)
    for item in items:
        # A week that stays keeps its former generations and its profile.
        if item.kind in ("generation", "profile"):
            beside[item.week].append(item.name)
    for item in items:
        needs = tuple(_needs(platform, item))
        yield replace(item, needs=(*needs, *beside[item.week]) if item.kind == "leads" else needs)


def _known(files: Iterable[StoredFile]) -> Iterator[Artefact]:
    for file in files:
        found = kind_of(file.path)
        if found:
            yield Artefact("lake", file.path, found[0], file.size, file.at, found[1])


def _needs(platform: Platform, item: Artefact) -> Iterator[str]:
    if not names_files(item.kind, item.path):
        return
    for path in named_files(platform.lake.read_json(item.path) or {}):
        yield f"lake/{path}"
        found = kind_of(path)
        if item.kind == "slice" and found and found[1]:
            # Rows that are learnt from stay beside the week's own word of them.
            yield _manifest(found[1])


def _bundles(platform: Platform, lake: list[Artefact]) -> Iterator[Artefact]:
    packages = platform.registry.packages()
    weeks, evaluations, registered = _weeks(platform, packages), _evaluations(platform), {it.digest for it in packages}
    pointers = _pointers(platform, lake)
    documents = defaultdict(list)
    for item in lake:
        if item.week and (item.kind in ("slice", "gate") or item.path.endswith(_JUDGED)):
            documents[item.week].append(item.name)
    for file in platform.bundles.files():
        kind = _bundle_kind(file.path, registered)
        needs = [*pointers.get(file.path, ()), *evaluations.get(file.path, ())]
        for week in weeks.get(file.path, ()):
            needs += [*documents[week], _manifest(week)]
        yield Artefact("bundles", file.path, kind, file.size, file.at, None, tuple(needs))


def _bundle_kind(name: str, registered: set[str]) -> str:
    if name.startswith("."):
        return "damaged" if name.endswith(".damaged") else "unfinished"
    return "bundle" if name in registered else "candidate"


def _pointers(platform: Platform, lake: list[Artefact]) -> Mapping[str, list[str]]:
    """Return each week's pointer to its model by that model's digest."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in lake:
        if item.kind == "pointer":
            found[str((platform.lake.read_json(item.path) or {}).get("digest"))].append(item.name)
    return found


def _weeks(platform: Platform, packages: Iterable[Package]) -> Mapping[str, set[date]]:
    """Return the weeks that each model was trained for."""
    found: dict[str, set[date]] = defaultdict(set)
    for record in platform.ledger.records(action="trained"):
        found[record.subject.removeprefix("bundle ")].add(date.fromisoformat(record.evidence["week"]))
    for package in packages:
        found[package.digest].add(package.week)
    return found


def _evaluations(platform: Platform) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for record in platform.ledger.records(action="judged"):
        found[record.evidence["candidate"]].append(f"lake/evaluations/{record.evidence['evaluation']}.json")
    return found


def _trainings(platform: Platform) -> Iterator[Artefact]:
    """Yield what trainings left; an attempt is as young as the newest of its files, however old the others are."""
    files = list(platform.trainer.leftovers.files())
    newest: dict[str, datetime] = {}
    for file in files:
        newest[_attempt(file)] = max(file.at, newest.get(_attempt(file), file.at))
    for file in files:
        kind = "unfinished" if "/attempt-" in file.path else "training"
        yield Artefact("training", file.path, kind, file.size, newest[_attempt(file)])


def _attempt(file: StoredFile) -> str:
    return "/".join(file.path.split("/")[:2]) if "/attempt-" in file.path else file.path


def _whole(store: FileStore, name: Store) -> Iterator[Artefact]:
    for file in store.files():
        yield Artefact(name, file.path, _PLAIN[name], file.size, file.at)


def _manifest(week: date) -> str:
    return f"lake/leads/week={week}/manifest.json"
