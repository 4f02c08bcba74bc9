"""The smallest loop on a real account: train, register, deploy, ask, deploy again, go back, delete everything.

Only with AWS_LIVE=1, since it costs money; `make test-aws` runs it. What it needs stands in NEEDED.
"""

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.site_prices import SitePrices
from leadscore_assets.backends.home_files import write_home
from leadscore_assets.domain.monthly_cost import STAND_IN
from leadscore_assets_tests.aws.live_site import LiveSite
from leadscore_assets_tests.home import CONTRACT, NEW, OLD, POLICY, WEEKS, Home, leads, write_csv

NEEDED = {
    "LEADSCORE_AWS_REGION": "the region",
    "LEADSCORE_AWS_BUCKET": "a bucket in it; only a folder of the run's own is used",
    "LEADSCORE_AWS_ROLE": "the ARN of the role that jobs and endpoint run as",
    "LEADSCORE_AWS_SERVING_IMAGE": "the serving image in the account's registry",
}
_TRAINING, _SERVING = "ml.m5.large", "ml.t2.medium"
_JOB_HOURS, _ENDPOINT_HOURS = 2 * 6 / 60, 1.0
_ALLOWANCE = 0.10
# A job's name holds its week; nobody's real leads are of these weeks.
_JOBS = tuple(f"leadscore-{week}" for week in WEEKS)

pytestmark = pytest.mark.skipif(
    os.environ.get("AWS_LIVE") != "1", reason="costs money on a real AWS account: set AWS_LIVE=1 (make test-aws)"
)


def _told(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(text)  # noqa: T201 - whoever pays reads it while it runs


def _price_tag(region: str) -> str:
    prices = SitePrices.read()
    machines = {_TRAINING: _JOB_HOURS, _SERVING: _ENDPOINT_HOURS}
    known = {name: prices.hourly(name, region) or prices.hourly(name, STAND_IN) for name in machines}
    # A machine that the table does not know is taken for the dearer of those it does.
    dearest = max((price for price in known.values() if price), default=0.12)
    total = sum((known[name] or dearest) * hours for name, hours in machines.items()) + _ALLOWANCE
    return f"This costs about US$ {total:.2f} (estimate, prices of {prices.as_of}) and takes about 40 minutes."


@pytest.fixture
def live(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[Home, LiveSite]]:
    missing = [f"{name} ({about})" for name, about in NEEDED.items() if not os.environ.get(name)]
    if missing:
        pytest.fail(f"AWS_LIVE=1 needs {', '.join(missing)}")
    region, bucket, role, image = (os.environ[name] for name in NEEDED)
    _told(capsys, f"\n{_price_tag(region)}")
    mark = uuid.uuid4().hex[:8]
    name, prefix = f"leadscore-live-{mark}", f"leadscore-live/{mark}"
    site = LiveSite(Account(region=region), name, bucket, prefix, _JOBS)
    aws = {"region": region, "bucket": bucket, "prefix": prefix, "role": role, "serving_image": image}
    training = os.environ.get("LEADSCORE_AWS_TRAINING_IMAGE")
    home = _home(tmp_path / "home", name, aws | ({"training_image": training} if training else {}))
    try:
        yield home, site
    finally:
        for failed in site.clear():
            _told(capsys, f"Could not be deleted: {failed}")
        left = site.left()
        _told(capsys, f"Left in the account: {', '.join(left) or 'nothing'}")
        assert left == []


def _home(path: Path, name: str, aws: dict[str, str]) -> Home:
    settings = {
        "start_week": WEEKS[0],
        "platform": "aws",
        "source": {"kind": "files", "path": "data"},
        "endpoint": {"name": name},
        "aws": aws,
    }
    machines = {
        "training_instance": _TRAINING,
        "training_volume_gb": 5,
        "endpoint_instance": _SERVING,
        "endpoint_instances": 1,
        "most_instances": 1,
        "cutover": "all_at_once",
        "bake_seconds": 0,
    }
    # The name is in the policy's digest, and that in a job's name: no run meets the jobs of one before.
    write_home(path, settings=settings, contract=CONTRACT, policy=POLICY | {"name": name, "resources": machines})
    for week in WEEKS:
        write_csv(path / "data" / f"{week}.csv", leads(week))
    return Home(path)


def _asked(site: LiveSite) -> dict[str, object]:
    lead = {"lead_id": "L1", "created_at": "2025-02-17T10:00:00Z", "employees": 40, "industry": "software"}
    runtime = boto3.client("sagemaker-runtime", region_name=site.account.region)
    body = json.dumps({**lead, "revenue": 1e6, "opened_mail": True})
    answer = runtime.invoke_endpoint(EndpointName=site.name, ContentType="application/json", Body=body)
    found: dict[str, object] = json.loads(answer["Body"].read())
    return found


@pytest.mark.slow
def test_the_smallest_loop_runs_on_a_real_account_and_leaves_nothing(live: tuple[Home, LiveSite]) -> None:
    home, site = live
    assert home.cli("doctor", "--aws", code=1).out.count("ok   ") > 5
    home.cli("ingest")
    home.cli("retrain", "--week", f"{OLD}")
    assert home.platform().registry.production() is not None
    assert _asked(site)["model_version"] == 1
    home.cli("retrain", "--week", f"{NEW}")
    assert _asked(site)["model_version"] == 2
    home.cli("rollback", "--reason", "smoke test")
    production = home.platform().registry.production()
    assert production
    assert (production.version, _asked(site)["model_version"]) == (1, 1)
