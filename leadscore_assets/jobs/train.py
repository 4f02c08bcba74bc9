"""The training program: reads channels of Parquet files, leaves a bundle in the model folder.

On several hosts every one of them reads all the rows and fits its share of them; the first leaves the bundle.
Runs the same as a SageMaker training container's entry point and as a local child process. Exit codes: 0 done,
1 failed (reason in output/failure), 143 stopped by SIGTERM.
"""

import json
import os
import signal
import sys
import time
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from leadscore_assets.domain import bundle
from leadscore_assets.domain.contract import Contract, contract_from
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError, oneline
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.team import Support
from leadscore_assets.domain.training import assist, train_bundle
from leadscore_assets.domain.training_policy import TrainingPolicy
from leadscore_assets.domain.tuning import Champion
from leadscore_assets.jobs.checkpoints import FolderCheckpoints
from leadscore_assets.jobs.container import Container
from leadscore_assets.jobs.team import ADDRESS_VARIABLE, HostTeam


def main() -> int:
    """Run the job and return its exit code."""
    container = Container.of(os.environ)
    signal.signal(signal.SIGTERM, _stop)
    try:
        run(container)
    except (LeadscoreError, OSError, ValueError, pa.ArrowException) as error:
        container.fail(f"{error}")
        print(f"failed: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def run(container: Container) -> str | None:
    """Train on the container's channels, write the bundle and return its digest; None where another host leads."""
    documents = container.channel("documents")
    contract = contract_from(_document(documents, "contract"))
    policy = _with_hyperparameters(policy_from(_document(documents, "policy")), container.hyperparameters)
    support = _support(container, policy)
    train, validation = (_read(container.channel(name), contract) for name in ("train", "validation"))
    if not support.leads:
        assist(train, validation, contract=contract, policy=policy, support=support)
        return None
    lineage = _document(documents, "lineage")
    _tell_of(train, validation, lineage)
    files = train_bundle(
        train,
        validation,
        contract=contract,
        policy=policy,
        lineage=lineage,
        champion=_champion(documents),
        clock=time.monotonic,
        say=_say,
        support=support,
    )
    return _left(container, files)


def _left(container: Container, files: dict[str, bytes]) -> str:
    container.model.mkdir(parents=True, exist_ok=True)
    digest = bundle.write(container.model, files)
    summary = bundle.document(files, bundle.METRICS)
    rank = summary["validation_spearman"]
    told = f"final_rmse={summary['validation_rmse']:.5f} final_spearman={0.0 if rank is None else rank:.5f}"
    _say(f"{told} final_rounds={summary['rounds']} learner={summary['learner']} bundle={digest}")
    return digest


def _support(container: Container, policy: Policy) -> Support:
    """Find the job's other hosts and the folder of its checkpoints, where it has either."""
    current, hosts = container.hosts
    kept, address = container.checkpoints, container.variables.get(ADDRESS_VARIABLE)
    patience = policy.training.maximum_minutes * 60
    return Support(
        HostTeam.of(current, hosts, address=address, patience=patience) if len(hosts) > 1 else None,
        FolderCheckpoints(kept) if kept else None,
    )


def _tell_of(train: pa.Table, validation: pa.Table, lineage: dict[str, Any]) -> None:
    """Say what is learnt from, and where this machine's packages are not those that the lineage names."""
    _say(f"training on {train.num_rows:,} rows, validating on {validation.num_rows:,}")
    for name, version in sorted(lineage.get("dependencies", {}).items()):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found != version:
            _say(f"note: {name} is {found} here and {version} in the lineage")


def _with_hyperparameters(policy: Policy, given: dict[str, str]) -> Policy:
    """Lay the job's hyperparameters (strings, as SageMaker passes them) over the policy's training section."""
    unknown = sorted(set(given) - set(TrainingPolicy.model_fields))
    if unknown:
        raise InvalidInput(f"hyperparameters {', '.join(unknown)} are not known; remove them or correct their spelling")
    try:
        training = TrainingPolicy.model_validate({**policy.training.model_dump(), **given})
    except ValidationError as error:
        found = [f"{item['loc'][0]} = {item['input']!r}: {item['msg']}" for item in error.errors()]
        raise InvalidInput(f"hyperparameters do not fit: {oneline(found)}") from None
    return policy.model_copy(update={"training": training})


def _read(folder: Path, contract: Contract) -> pa.Table:
    parts = [
        pq.read_table(path, schema=contract.schema, partitioning=None) for path in sorted(folder.glob("*.parquet"))
    ]
    return pa.concat_tables(parts) if parts else contract.schema.empty_table()


def _document(folder: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return content


def _champion(folder: Path) -> Champion | None:
    """Read where a search starts, a document that the job is given only when there is a search and a champion."""
    if not (folder / "champion.json").is_file():
        return None
    content = _document(folder, "champion")
    return Champion(str(content["digest"]), dict(content["hyperparameters"]))


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(_: int, __: FrameType | None) -> None:
    Container.of(os.environ).fail("stopped before it was done (SIGTERM)")
    os._exit(143)


if __name__ == "__main__":
    sys.exit(main())
