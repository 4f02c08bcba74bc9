"""The code channel: the product's own files and what the image lacks, uploaded once and run from there alone."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from leadscore_assets.backends.aws.code_channel import CodeChannel, pack_product, product_files, roots_of
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.vendored import fetch_wheels, pins
from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain import bundle
from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import Missing, TransientError
from leadscore_assets.domain.policy import policy_from
from leadscore_assets_tests.aws.training_site import made_job
from leadscore_assets_tests.leads import made_leads

_IMAGE_PYTHON = "LEADSCORE_IMAGE_PYTHON"


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    return made_job(LocalLake(tmp_path / "lake"))


class Index:
    """A package index on this machine: it writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, wanted: Iterable[str], folder: Path) -> None:
        self.asked.append(tuple(wanted))
        for pin in self.asked[-1]:
            name, _, version = pin.partition("==")
            with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "w") as wheel:
                wheel.writestr(f"vendored_{name}.txt", version)


def test_the_program_is_uploaded_once_a_version_and_its_entry_point_last(store: S3Store, job: TrainingJob) -> None:
    index, lines = Index(), list[str]()
    written: list[str] = []
    put, upload = store.put, store.upload
    store.put = lambda key, *a, **k: (written.append(key), put(key, *a, **k))[1]  # type: ignore[method-assign]
    store.upload = lambda key, *a, **k: (written.append(key), upload(key, *a, **k))[1]  # type: ignore[method-assign]
    channel = CodeChannel(store, fetch=index)

    address = channel.address(job, on_line=lines.append)

    assert written[-1].endswith("/train.py")
    assert address == store.uri(written[-1].removesuffix("train.py"))
    assert channel.address(job, on_line=lines.append) == address
    assert len(index.asked) == len(lines) == 1
    assert f"pydantic=={metadata.version('pydantic')}" in index.asked[0]


def test_an_upload_that_was_cut_off_is_made_again(store: S3Store, job: TrainingJob) -> None:
    def fail(_: Iterable[str], __: Path) -> None:
        raise TransientError("no network")

    with pytest.raises(TransientError):
        CodeChannel(store, fetch=fail).address(job, on_line=lambda _: None)
    address = CodeChannel(store, fetch=Index()).address(job, on_line=lambda _: None)
    assert store.head(f"{address.removeprefix(store.uri(''))}train.py") is not None


def test_a_job_is_given_no_more_than_it_imports(job: TrainingJob) -> None:
    assert roots_of(job) == ("pydantic",)
    searching = replace(job, documents={**job.documents, "policy": {"tuning": {"trials": 5}}})
    assert roots_of(searching) == ("pydantic", "optuna")
    assert roots_of(replace(job, hyperparameters={"learners": "xgboost,lightgbm"})) == ("pydantic", "lightgbm")
    names = {pin.partition("==")[0] for pin in pins(("pydantic", "optuna"))}
    assert {"pydantic", "pydantic-core", "typing-extensions", "optuna", "sqlalchemy"} <= names
    assert not names & {"numpy", "xgboost", "pandas", "pyarrow", "scipy"}


def test_a_package_that_is_not_here_is_named() -> None:
    with pytest.raises(Missing, match="no-such-package, which training needs"):
        pins(("no-such-package",))


def test_the_product_alone_is_enough_to_import_the_program(tmp_path: Path) -> None:
    pack_product(product_files(), tmp_path / "product.zip")
    with zipfile.ZipFile(tmp_path / "product.zip") as packed:
        assert {name.split("/")[1] for name in packed.namelist()} == {"__init__.py", "domain", "jobs"}
        packed.extractall(tmp_path / "only")
    told = subprocess.run(
        [sys.executable, "-c", "import leadscore_assets.jobs.train as t; print(t.__file__)"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "only")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(told.strip()).is_relative_to(tmp_path / "only")


def test_equal_files_give_an_equal_archive(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pack_product(product_files(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("No module named pip", Missing, "has no pip to fetch"),
        ("ERROR: No matching distribution", TransientError, "could not be fetched .ERROR: No matching"),
        ("", TransientError, "no reason given"),
    ],
)
def test_packages_that_cannot_be_fetched_are_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[Exception], told: str
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(kind, match=told):
        fetch_wheels(("pydantic==2.0",), tmp_path)


@pytest.mark.skipif(
    _IMAGE_PYTHON not in os.environ, reason=f"{_IMAGE_PYTHON} names no Python with the image's packages"
)
def test_the_images_own_python_makes_the_same_bundle(tmp_path: Path) -> None:
    """The trees are the same bits; a linear model is not, whose last digit is the algebra library's own."""
    channel = tmp_path / "code"
    channel.mkdir()
    fetch_wheels(pins(("pydantic",)), channel)
    files = product_files()
    pack_product(files, channel / "product.zip")
    (channel / "train.py").write_bytes(files["leadscore_assets/jobs/bootstrap.py"])

    digests = [
        run_channel(python, channel, laid_out(tmp_path / str(number)))
        for number, python in enumerate((sys.executable, os.environ[_IMAGE_PYTHON]))
    ]

    assert digests[0] == digests[1]


def laid_out(root: Path) -> Path:
    """Lay out a container's files for a small week of leads."""
    data, config = root / "input" / "data", root / "input" / "config"
    for name, seed in (("train", 0), ("validation", 1)):
        (data / name).mkdir(parents=True)
        pq.write_table(made_leads(2_000, seed=seed), data / name / "2026-01-05.parquet")
    policy = policy_from({"training": {"learners": ["xgboost", "forest"], "threads": 1, "rounds": 120}})
    documents = {"contract": default_contract().model_dump(mode="json"), "policy": policy.model_dump(mode="json")}
    (data / "documents").mkdir()
    for name, content in {**documents, "lineage": {"week": "2026-01-05"}}.items():
        (data / "documents" / f"{name}.json").write_text(json.dumps(content))
    config.mkdir()
    (config / "inputdataconfig.json").write_text(
        json.dumps({name: {} for name in ("train", "validation", "documents")})
    )
    return root


def run_channel(python: str, channel: Path, root: Path) -> str:
    given = {"PATH": os.environ["PATH"], "LEADSCORE_ML_ROOT": str(root)}
    subprocess.run([python, str(channel / "train.py")], env=given, check=True, capture_output=True)
    return bundle.verify(root / "model")
