"""The whole weekly loop on AWS, over real HTTP and with no account: from leads in S3 to an endpoint and back.

An emulator written from AWS's documents answers; it runs the training program, the scoring container and the alarms for
real. It proves that the product follows the documents, not that AWS does.
"""

import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.home_files import write_home
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_candidate, release, serves_the_champion
from leadscore_assets.steps.rolling_out import look_at_release
from leadscore_assets_tests.aws import rules_endpoint, rules_registry, rules_s3, rules_training, rules_transform
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.aws.emulated_endpoints import World
from leadscore_assets_tests.aws.emulated_training import Training
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.home import CONTRACT, NEW, OLD, POLICY, START, WEEKS, Home, leads, write_csv
from leadscore_assets_tests.steps.releases import lead, slowly

RULES = (rules_endpoint, rules_registry, rules_s3, rules_training, rules_transform)
ROLE = "arn:aws:iam::123456789012:role/leadscore-execution"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/leadscore-serving:1"


@pytest.fixture
def home(account: Account, emulator: Emulator, tmp_path: Path) -> Home:
    """A home on the emulated AWS: leads in S3, a file a week; nothing is ingested."""
    for week in WEEKS:
        file = write_csv(tmp_path / f"{week}.csv", leads(week))
        account.call("s3", "put_object", Bucket=BUCKET, Key=f"raw/{week}.csv", Body=file.read_bytes())
    settings = {
        "start_week": START,
        "platform": "aws",
        "source": {"kind": "s3", "uri": f"s3://{BUCKET}/raw/", "region": REGION},
        "aws": {
            "region": REGION,
            "bucket": BUCKET,
            "prefix": "site",
            "role": ROLE,
            "serving_image": IMAGE,
            "endpoint_url": emulator.url,
            "poll_seconds": 0.05,
        },
    }
    write_home(tmp_path / "home", settings=settings, contract=CONTRACT, policy=POLICY)
    return Home(tmp_path / "home")


def asked(world: World, account: Account, count: int) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Ask the endpoint about leads, in minutes that no deployment shares; return which variants answered, and what."""
    world.metrics.clock.advance(120)
    variants: Counter[str] = Counter()
    answers = []
    for number in range(count):
        found = account.call(
            "sagemaker-runtime",
            "invoke_endpoint",
            EndpointName="leadscore",
            ContentType="application/json",
            Body=json.dumps(lead(f"key-{number}")).encode(),
            InferenceId=f"request-{zlib.crc32(f'{number}-{len(variants)}'.encode())}-{number}",
        )
        variants[found["InvokedProductionVariant"]] += 1
        answers.append(json.loads(found["Body"].read()))
    world.metrics.clock.advance(120)
    return variants, answers


@pytest.mark.slow
def test_the_weekly_loop_runs_on_aws_from_leads_in_s3_to_a_canary_and_back(
    home: Home, account: Account, emulator: Emulator
) -> None:
    world: World = emulator.state["endpoints"]
    training: Training = emulator.state["training"]
    world.use_processes()

    told = home.cli("retrain", "--week", f"{OLD}", "--json").json
    assert (told["decision"], told["version"]) == ("promote", 1)
    assert (home.path / "lake").exists() is False
    assert [item.version for item in home.platform().endpoint.status().variants] == [1]
    variants, answers = asked(world, account, 5)
    assert variants == {"primary": 5}
    assert {answer["model_version"] for answer in answers} == {1}
    listed = home.cli("status", "--json").json
    assert listed["champion"]["stage"] == "production"

    slowly(home)
    home.cli("backfill", "--from", f"{NEW}", "--to", f"{NEW}")
    clock = world.metrics.clock
    platform = home.platform(now=clock.now)
    assert package_candidate(platform, NEW)
    assert release(platform).moved.state.phase == "shadow"
    asked(world, account, 400)
    for _ in range(8):
        clock.advance(23 * 3600)
        moved = look_at_release(platform)
    assert moved.state.phase == "canary", moved.reason
    assert {item.name: item.weight for item in platform.endpoint.status().variants} == {
        "primary": 0.8,
        "candidate": 0.2,
        **({"previous": 0.0} if moved.state.previous else {}),
    }
    variants, _ = asked(world, account, 150)
    assert 10 < variants["candidate"] < 60
    clock.advance(2 * 3600)
    assert look_at_release(platform).state.weight == 0.5
    asked(world, account, 100)
    clock.advance(2 * 3600)
    moved = look_at_release(platform)
    assert (moved.state.phase, moved.state.champion.version) == ("champion", 2), moved.reason
    assert {answer["model_version"] for answer in asked(world, account, 5)[1]} == {2}
    assert platform.registry.production().version == 2
    assert serves_the_champion(platform) == []

    home.cli("rollback", "--reason", "complaints")
    assert {answer["model_version"] for answer in asked(world, account, 5)[1]} == {1}
    assert present_release(platform).champion.version == 1
    assert platform.registry.production().version == 1
    actions = [item.action for item in platform.ledger.records()]
    assert {"trained", "judged", "registered", "shadowed", "shifted", "promoted", "rolled back"} <= set(actions)
    assert platform.ledger.verify() == []

    home.cli("endpoint", "stop")
    assert (world.running(), training.running()) == (0, [])
