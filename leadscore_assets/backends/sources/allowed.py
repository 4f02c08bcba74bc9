"""Where leads may be read from: what the settings name, and nothing that a link or a command leads to besides."""

from dataclasses import dataclass
from pathlib import Path

from leadscore_assets.domain.errors import InvalidInput


@dataclass(frozen=True)
class Allowed:
    """Folders and buckets that may be read, each folder with its links resolved; `roots` None allows every folder."""

    roots: tuple[Path, ...] | None = None
    buckets: tuple[str, ...] = ()

    def check_file(self, path: Path) -> None:
        """Raise InvalidInput when a file, its links followed, lies outside of every folder that may be read."""
        if self.roots is None:
            return
        real = path.resolve()
        if not any(real == root or root in real.parents for root in self.roots):
            led = f"{path}" if real == path.absolute() else f"{path} leads to {real}, which"
            raise InvalidInput(
                f"{led} lies outside of {', '.join(map(str, self.roots))}; copy it there, or add its folder to "
                "[allowed] roots in leadscore.toml"
            )

    def check_bucket(self, bucket: str) -> None:
        """Raise InvalidInput when a bucket is not one that may be read."""
        if bucket not in self.buckets:
            known = f"only {', '.join(self.buckets)} may be read" if self.buckets else "no bucket may be read"
            raise InvalidInput(
                f"bucket {bucket} is not among the home's own: {known}; add it to [allowed] buckets in leadscore.toml"
            )


EVERYWHERE = Allowed()


def own_root(path: Path) -> Path:
    """Return the folder or file that a source's path names, links resolved; a pattern's fixed part."""
    if not path.exists():
        fixed = []
        for part in path.parts:
            if set("*?[") & set(part):
                break
            fixed.append(part)
        path = Path(*fixed)
    return path.resolve()
