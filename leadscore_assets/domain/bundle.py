"""A bundle: a model and everything it needs to score, as one folder with a manifest and one digest.

JSON, UBJSON and LightGBM's text only. Bytes are checked against the manifest before anything parses them, and it is the
checked bytes that are parsed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leadscore_assets.domain.contract import Contract, contract_from
from leadscore_assets.domain.digests import canonical_json, tree_digest
from leadscore_assets.domain.errors import CorruptArtefact

MANIFEST = "manifest.json"
MODEL = "model.ubj"
MODELS = (MODEL, "model.json", "model.txt")
LINK = "link.json"
CONTRACT = "contract.json"
FEATURES = "features.json"
CALIBRATOR = "calibrator.json"
BANDS = "bands.json"
GOLDEN = "golden.json"
METRICS = "metrics.json"
LINEAGE = "lineage.json"
PROFILE = "profile.json"
REQUIRED = (CONTRACT, FEATURES, CALIBRATOR, BANDS, GOLDEN, METRICS, LINEAGE, PROFILE)
_FORMAT = 1


def json_bytes(value: Any) -> bytes:
    """Write a JSON document so that equal values give equal bytes."""
    return canonical_json(value).encode()


def write(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write a bundle's files and its manifest into an existing folder and return the bundle's digest (64 hex)."""
    absent = _absent(files)
    if absent:
        raise CorruptArtefact(f"a bundle needs {', '.join(absent)}; train the model again")
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = {"format": _FORMAT, "files": hashes, "digest": tree_digest(hashes)}
    (folder / MANIFEST).write_bytes(json_bytes(manifest))
    return str(manifest["digest"])


def read(folder: Path, *, digest: str | None = None) -> tuple[str, dict[str, bytes]]:
    """Return a bundle's digest and its files' bytes, checked; raise CorruptArtefact naming the file and the remedy."""
    manifest = _manifest(folder)
    hashes = manifest["files"]
    found = str(manifest["digest"])
    if tree_digest(hashes) != found:
        raise _corrupt(folder, f"{MANIFEST} does not match its own digest")
    if digest and digest != found:
        raise _corrupt(folder, f"holds {found[:12]}, not {digest[:12]}")
    stray = {path.name for path in folder.iterdir()} - set(hashes) - {MANIFEST}
    if stray:
        raise _corrupt(folder, f"holds files that its manifest does not name: {', '.join(sorted(stray))}")
    return found, {name: _checked(folder, name, expected) for name, expected in hashes.items()}


def contract_of(folder: Path, *, digest: str | None = None) -> Contract:
    """Return a bundle's contract, its bytes checked as all others are; raise CorruptArtefact."""
    return contract_from(document(read(folder, digest=digest)[1], CONTRACT))


def verify(folder: Path, *, digest: str | None = None) -> str:
    """Check a bundle's manifest and every file's SHA-256 and return its digest; raise CorruptArtefact."""
    return read(folder, digest=digest)[0]


def document(files: Mapping[str, bytes], name: str) -> Any:
    """Parse one of a bundle's JSON documents."""
    return json.loads(files[name])


def model_file(names: Iterable[str]) -> str:
    """Return the name of a bundle's one model file, which tells what kind of model it is; raise CorruptArtefact."""
    found = sorted(set(names) & set(MODELS))
    if len(found) != 1:
        raise CorruptArtefact(
            f"a bundle holds one of {', '.join(MODELS)}, and this one {' and '.join(found) or 'none'}; "
            "train the model again"
        )
    return found[0]


def _absent(names: Iterable[str]) -> list[str]:
    held = set(names)
    return sorted(set(REQUIRED) - held) + ([] if len(held & set(MODELS)) == 1 else [f"one of {', '.join(MODELS)}"])


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise _corrupt(folder, f"has no {MANIFEST}") from None
    except (ValueError, OSError) as error:
        raise _corrupt(folder, f"{MANIFEST} cannot be read ({error})") from None
    names = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(names, dict) or "digest" not in manifest or manifest.get("format") != _FORMAT:
        raise _corrupt(folder, f"{MANIFEST} is not of format {_FORMAT}")
    if any("/" in name or name.startswith(".") for name in names) or _absent(names):
        raise _corrupt(folder, f"{MANIFEST} lacks a required file or names one outside the bundle")
    return dict(manifest)


def _checked(folder: Path, name: str, expected: str) -> bytes:
    path = folder / name
    try:
        content = b"" if path.is_symlink() else path.read_bytes()
    except OSError as error:
        raise _corrupt(folder, f"{name} cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise _corrupt(folder, f"{name} is not what was written (its SHA-256 differs)")
    return content


def _corrupt(folder: Path, what: str) -> CorruptArtefact:
    return CorruptArtefact(f"bundle {folder.name[:12]}: {what}; restore it from a backup or train the week again")
