"""A small valid bundle: the right names and digests around content that nobody scores with."""

from pathlib import Path

from leadscore_assets.domain import bundle


def make_bundle(folder: Path, *, content: str = "a model") -> str:
    folder.mkdir(parents=True)
    return bundle.write(folder, {name: f"{content}: {name}".encode() for name in (bundle.MODEL, *bundle.REQUIRED)})
