"""What the registry and the captures ask of the objects below a bucket's prefix; keys are given below that prefix."""

from collections.abc import Iterator
from typing import Protocol


class Facts(Protocol):
    """What S3 says of an object."""

    @property
    def etag(self) -> str:
        """What changes with every write."""
        ...


class StoredObject(Protocol):
    """An object with its bytes."""

    @property
    def facts(self) -> Facts:
        """What S3 says of it."""
        ...

    @property
    def content(self) -> bytes:
        """Its bytes."""
        ...


class Objects(Protocol):
    """Objects that are read, listed, and written whole or on a condition."""

    def uri(self, key: str) -> str:
        """Return a key's address, as SageMaker and people know it."""
        ...

    def get(self, key: str) -> StoredObject | None:
        """Return an object whole, None where there is none."""
        ...

    def put(self, key: str, content: bytes, *, only_new: bool = False, instead_of: str | None = None) -> str | None:
        """Write an object and return its ETag; None when it must be new, or have an ETag still, and is or has not."""
        ...

    def list(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield key and ETag of every object whose key starts with a prefix, in the order of the keys."""
        ...

    def folders(self, prefix: str, *, after: str) -> Iterator[str]:
        """Yield what keys have up to the next '/' behind a prefix, once each and in order, from behind `after` on."""
        ...
