"""The code location as a whole: it loads anywhere, quickly, and says what it is in the product's own words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from leadscore_assets.definitions import build_definitions
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.home import made_home

SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.json"
HEAVY = (
    "xgboost",
    "mlflow",
    "evidently",
    "boto3",
    "optuna",
    "matplotlib",
    "pandas",
    "scipy.stats",
    "sklearn",
    "apprise",
    "alembic",
)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory) -> dg.Definitions:
    return build_definitions(load_settings(tmp_path_factory.mktemp("no_home")))


def described(definitions: dg.Definitions) -> dict:
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "kinds": sorted(graph.get(key).kinds),
                "deps": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "partitioned": graph.get(key).partitions_def is not None,
                "checks": {
                    check.name: graph.get(check).blocking for check in sorted(graph.get_check_keys_for_assets({key}))
                },
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "jobs": {
            job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            for job in sorted(repository.get_all_jobs(), key=lambda item: item.name)
            if not job.name.startswith("__")
        },
        "schedules": {
            item.name: f"{item.cron_schedule} {item.execution_timezone}" for item in repository.schedule_defs
        },
        "sensors": {item.name: item.minimum_interval_seconds for item in repository.sensor_defs},
    }


def test_keys_dependencies_checks_jobs_and_crons_are_those_that_were_agreed(definitions):
    found = described(definitions)
    if not SNAPSHOT.is_file():
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        pytest.fail(f"wrote {SNAPSHOT.name}; look at it and commit it")
    assert found == json.loads(SNAPSHOT.read_text())


def test_every_asset_has_group_owner_kinds_docstring_and_a_check(definitions):
    graph = definitions.get_repository_def().asset_graph
    checked = {check.asset_key for check in graph.asset_check_keys}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name != "default", key
        assert node.owners == ["team:lead-scoring"], key
        assert node.kinds, key
        assert node.description, key
    assert {"weekly_leads", "train_slice", "trained_model", "evaluation_report", "endpoint"} <= {
        key.to_user_string() for key in checked
    }


def test_every_job_schedule_and_sensor_says_what_it_is_for(definitions):
    repository = definitions.get_repository_def()
    named = [item for item in repository.get_all_jobs() if not item.name.startswith("__")]
    for item in [*named, *repository.schedule_defs, *repository.sensor_defs]:
        assert item.description, item.name


def test_loading_the_definitions_and_opening_channels_imports_nothing_heavy(tmp_path):
    home = made_home(tmp_path / "home", weeks=()).path
    with (home / "leadscore.toml").open("a") as settings:
        settings.write('\n[notices]\nchannels = ["log", "env:CHAT"]\n')
    program = (
        "import sys, leadscore_assets.definitions as d; from leadscore_assets.settings import load_settings;"
        "from pathlib import Path; from leadscore_assets.resources import open_platform;"
        f"settings = load_settings(Path({str(home)!r}));"
        "d.build_definitions(settings);"
        "print(list(open_platform(settings).channels));"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    empty = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=empty, check=True)
    assert done.stdout.splitlines() == ["['log', 'env:CHAT']", "[]"]


def test_layers_only_point_down():
    done = subprocess.run([Path(sys.executable).parent / "lint-imports"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_word_of_the_vocabulary_is_used_for_one_thing(definitions):
    names = " ".join(key.to_user_string() for key in definitions.get_repository_def().asset_graph.get_all_asset_keys())
    for stranger in ("challenger", "split", "dataset", "artifact", "inference"):
        assert stranger not in names
