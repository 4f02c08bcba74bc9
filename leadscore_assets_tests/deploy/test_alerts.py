"""The alarms' rules: every metric that they name exists, every rule says what to do, and Prometheus takes them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from leadscore_assets.domain.platform_metrics import GAUGES
from leadscore_assets.domain.serving_counts import ServingCounts, VariantCounts
from leadscore_assets.serving.desired import Release
from leadscore_assets.serving.metrics import metrics_text
from leadscore_assets.serving.status import Counts

RULES = Path(__file__).parents[2] / "deploy" / "alerts.yaml"
PROMTOOL = shutil.which("promtool")


@pytest.fixture(scope="module")
def rules() -> list[dict]:
    content = yaml.safe_load(RULES.read_text())
    assert list(content) == ["groups"]
    return [rule for group in content["groups"] for rule in group["rules"]]


def endpoint_metrics() -> set[str]:
    counts = ServingCounts("1", (VariantCounts("primary", "a" * 64, 1, requests=1),))
    text = metrics_text(Release(1), counts, Counts(), workers=1)
    return set(re.findall(r"^(leadscore_\w+)[{ ]", text, re.MULTILINE)) | set(re.findall(r"# TYPE (\w+)", text))


def test_every_metric_that_a_rule_names_exists(rules):
    known = endpoint_metrics() | set(GAUGES)
    named = {name for rule in rules for name in re.findall(r"\bleadscore_\w+", rule["expr"])}
    assert len(named) > 15
    assert named - known == set()


def test_every_label_that_an_endpoint_rule_names_exists(rules):
    text = metrics_text(Release(1), ServingCounts("1", (VariantCounts("p", "a", 1),)), Counts(), workers=1)
    for label in re.findall(r'\{(\w+="\w+")\}', " ".join(rule["expr"] for rule in rules)):
        assert label in text or label.startswith("job=")


def test_every_rule_has_its_own_name_says_how_urgent_it_is_and_what_to_do(rules):
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        assert rule["annotations"]["action"], rule["alert"]
        assert re.fullmatch(r"\d+[mhd]", rule.get("for", "1m")), rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")"), rule["alert"]


@pytest.mark.skipif(PROMTOOL is None, reason="needs Prometheus's promtool")
def test_prometheus_takes_the_rules():
    done = subprocess.run([str(PROMTOOL), "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert " rules found" in done.stdout
