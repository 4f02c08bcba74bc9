"""A job's files in the bucket: its channels, put there once, and the model that it leaves."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.requests_training import TrainingPlace, channel_key
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.bundle_archive import unpack
from leadscore_assets.backends.ports import Lake, TrainingJob
from leadscore_assets.domain.errors import Missing, Refused
from leadscore_assets.domain.facts import DataFile, Slice


@runtime_checkable
class AddressedLake(Protocol):
    """A lake whose files have an address in S3, from which S3 itself copies them."""

    def uri(self, path: str) -> str:
        """Return a file's address."""
        ...


class TrainingFiles:
    """Channels and artefacts below `training/` of the site's bucket."""

    def __init__(self, account: Account, store: S3Store, lake: Lake, place: TrainingPlace) -> None:
        self._account = account
        self._store = store
        self._lake = lake
        self._place = place

    def upload(self, job: TrainingJob) -> None:
        """Put what is missing of a job's channels; raise Refused where a channel holds what the job was not given."""
        for channel, part in (("train", job.train), ("validation", job.validation)):
            self._fill(channel_key(job.name, channel), part)
        documents = channel_key(job.name, "documents")
        for name, content in job.documents.items():
            self._store.put(f"{documents}{name}.json", json.dumps(content, sort_keys=True, default=str).encode())
        self._check_names(documents, {f"{name}.json" for name in job.documents})

    def holds(self, address: str) -> bool:
        """Tell whether a model artefact is there."""
        return self._store.head(self._key(address)) is not None

    @contextmanager
    def model(self, address: str) -> Iterator[Path]:
        """Yield a folder with the files of a model artefact; raise Missing, and CorruptArtefact for a bad archive."""
        with TemporaryDirectory(prefix="leadscore-model-") as scratch:
            archive, folder = Path(scratch) / "model.tar.gz", Path(scratch) / "model"
            if self._store.download(self._key(address), archive) is None:
                raise Missing(f"the model of a finished job is not at {address}; train its week again")
            folder.mkdir()
            unpack(archive, folder)
            yield folder

    def _key(self, address: str) -> str:
        start = self._store.uri("")
        if not address.startswith(start):
            raise Refused(f"the job's model lies at {address}, not below {start}; look at who started this job")
        return address.removeprefix(start)

    def _fill(self, prefix: str, part: Slice) -> None:
        held = {key for key, _ in self._store.objects(prefix)}
        wanted = {f"{prefix}{file.day}.parquet": file for file in part.files}
        for key, file in wanted.items():
            if key not in held:
                self._bring(key, file)
        self._check_names(prefix, {key.removeprefix(prefix) for key in wanted})

    def _bring(self, key: str, file: DataFile) -> None:
        """Have S3 copy a file of a lake in S3, else send it; both are whole or absent."""
        if not isinstance(self._lake, AddressedLake):
            self._store.upload(key, self._lake.local_path(file.path))
            return
        bucket, _, name = self._store.uri(key).removeprefix("s3://").partition("/")
        owners = ("ExpectedBucketOwner", "ExpectedSourceBucketOwner") if self._place.owner else ()
        self._account.call(
            "s3",
            "copy_object",
            Bucket=bucket,
            Key=name,
            CopySource=self._lake.uri(file.path).removeprefix("s3://"),
            **_encryption(self._place),
            **dict.fromkeys(owners, self._place.owner),
        )

    def _check_names(self, prefix: str, wanted: set[str]) -> None:
        stray = sorted({key.removeprefix(prefix) for key, _ in self._store.objects(prefix)} - wanted)
        if stray:
            raise Refused(
                f"{self._store.uri(prefix)} holds {stray[0]}, which this job was not given and would learn from; "
                "remove it and look at who put it there"
            )


def _encryption(place: TrainingPlace) -> Mapping[str, Any]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": place.kms_key} if place.kms_key else {}
