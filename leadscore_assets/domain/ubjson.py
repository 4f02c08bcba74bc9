"""Reads UBJSON (draft 12) into Python values, typed arrays as numpy ones: what XGBoost keeps its models in.

Numbers keep their width, so that a threshold is the same float32 that XGBoost compares with.
"""

import struct
from typing import Any

import numpy as np

_NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_DEEPEST = 64


def read_ubjson(content: bytes) -> Any:
    """Parse one document; raise ValueError where it is cut short, nested beyond 64 levels or not UBJSON."""
    reader = _Reader(content)
    try:
        return reader.value(reader.marker(), 0)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"no UBJSON: {error}") from None


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def marker(self) -> str:
        """Take the next marker, past what says nothing."""
        found = "N"
        while found == "N":
            found = chr(self._content[self._at])
            self._at += 1
        return found

    def value(self, marker: str, depth: int) -> Any:
        """Take the value that a marker announces."""
        if depth > _DEEPEST:
            raise ValueError(f"no model: nested more than {_DEEPEST} deep")
        if marker in _NUMBERS:
            return self._number(marker)
        if marker == "{":
            return self._object(depth)
        if marker == "[":
            return self._array(depth)
        if marker == "S":
            return self._text()
        if marker in "TFZ":
            return {"T": True, "F": False, "Z": None}[marker]
        raise ValueError(f"no UBJSON: marker {marker!r} at byte {self._at - 1}")

    def _number(self, marker: str) -> int | float:
        return self._numbers(marker, 1)[0].item()  # type: ignore[no-any-return]

    def _numbers(self, marker: str, count: int) -> "np.ndarray[Any, Any]":
        kind = np.dtype(_NUMBERS[marker])
        end = self._at + kind.itemsize * count
        if count < 0 or end > len(self._content):
            raise ValueError("no UBJSON: cut short")
        found = np.frombuffer(self._content, kind, count, self._at)
        self._at = end
        return found.astype(kind.newbyteorder("="))

    def _count(self) -> int:
        marker = self.marker()
        if marker not in "iUIlL":
            raise ValueError(f"no UBJSON: {marker!r} is no length")
        return int(self._number(marker))

    def _text(self) -> str:
        count = self._count()
        if count < 0 or self._at + count > len(self._content):
            raise ValueError("no UBJSON: cut short")
        found = self._content[self._at : self._at + count].decode()
        self._at += count
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._content[self._at] != ord("}"):
            name = self._text()
            found[name] = self.value(self.marker(), depth + 1)
        self._at += 1
        return found

    def _array(self, depth: int) -> Any:
        kind = self._content[self._at : self._at + 1]
        if kind == b"$":
            marker = chr(self._content[self._at + 1])
            if self._content[self._at + 2] != ord("#") or marker not in _NUMBERS:
                raise ValueError(f"no UBJSON: an array of {marker!r} at byte {self._at}")
            self._at += 3
            return self._numbers(marker, self._count())
        if kind == b"#":
            self._at += 1
            return [self.value(self.marker(), depth + 1) for _ in range(self._count())]
        found = []
        while self._content[self._at] != ord("]"):
            found.append(self.value(self.marker(), depth + 1))
        self._at += 1
        return found
