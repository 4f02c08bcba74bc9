"""A file of leads, wherever it lies: what it is called, what its content is known by, and how it is opened."""

from typing import Any, Literal, Protocol

from leadscore_assets.domain.errors import LeadscoreError

Kind = Literal["parquet", "csv"]
Format = Literal["auto", "parquet", "csv"]
Stamp = tuple[str | int, ...]

READ = ".parquet, .csv and .csv.gz"
_ENDINGS: dict[str, Kind] = {".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv"}
_NO_LEADS = "._"


class SourceFile(Protocol):
    """One file; its `name` is its path below the source's folder, with forward slashes."""

    @property
    def name(self) -> str:
        """The file's name within its source."""
        ...

    @property
    def place(self) -> str:
        """Where the file lies, for messages."""
        ...

    @property
    def kind(self) -> Kind:
        """How the file is written."""
        ...

    def stamp(self, *, again: bool = False) -> Stamp:
        """Return what changes when the content does, as last seen or asked for again; raise TransientError if gone."""
        ...

    def open(self) -> Any:
        """Return the file opened for reading at any position, as Arrow opens files."""
        ...

    def lost(self, error: OSError) -> LeadscoreError | None:
        """Return what an error of reading means where the file itself is not at fault."""
        ...


def kind_of(name: str) -> Kind | None:
    """Return what a name's ending says a file is."""
    lower = name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if lower.endswith(ending)), None)


def may_hold_leads(name: str) -> bool:
    """Tell whether files are looked for in a folder: hidden ones and those of other tools' logs hold no leads."""
    return name[:1] not in _NO_LEADS
