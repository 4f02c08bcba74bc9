"""Objects below one folder of a store as files: listed with their age, and removed one by one."""

from collections.abc import Iterator
from dataclasses import replace

from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.lake_paths import inner_path
from leadscore_assets.domain.facts import StoredFile


class S3Folder:
    """A FileStore below `folder` (ending in '/'); entries of the folder named in `left_out` are not listed."""

    def __init__(self, store: S3Store, folder: str, *, left_out: tuple[str, ...] = ()) -> None:
        self._store = store
        self._folder = folder
        self._left_out = tuple(f"{folder}{name}/" for name in left_out)

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield the objects below a folder in the order of their paths."""
        start = f"{self._folder}{inner_path(under, root=self._root)}/" if under else self._folder
        for item in self._store.listed(start):
            if not item.path.startswith(self._left_out):
                yield replace(item, path=item.path.removeprefix(self._folder))

    def remove(self, path: str) -> None:
        """Delete an object; deleting what is not there is deleting nothing."""
        self._store.delete(self._folder + inner_path(path, root=self._root))

    @property
    def _root(self) -> str:
        return self._store.uri(self._folder.rstrip("/"))
