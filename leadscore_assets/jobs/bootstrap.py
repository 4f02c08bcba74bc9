"""The entry point within the `code` channel: unpacks the product and what the image lacks, and runs the training.

It stands there alone, as train.py, before anything of the product can be imported; the standard library is all it has.
Packages that the image holds in the very same version are left packed.
"""

import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path


def main() -> int:
    """Run the training program of this channel and return its exit code."""
    channel = Path(__file__).parent
    place = tempfile.mkdtemp(prefix="leadscore-")
    wheels = [wheel for wheel in sorted(channel.glob("*.whl")) if not _is_installed(wheel)]
    for archive in (channel / "product.zip", *wheels):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(place)
    sys.path.insert(0, place)
    from leadscore_assets.jobs.train import main as train

    return train()


def _is_installed(wheel: Path) -> bool:
    name, version = wheel.name.split("-")[:2]
    try:
        return metadata.version(name) == version
    except metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
