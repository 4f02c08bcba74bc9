"""`leadscore clean` on a real home: what it shows it removes, and killed halfway it leaves a whole home."""

from pathlib import Path

import pytest

from leadscore_assets_tests.home import Home, whole
from leadscore_assets_tests.killing import killed_at
from leadscore_assets_tests.steps.aged import TINY


@pytest.fixture
def ruled(aged: Home) -> Home:
    """The aged home with the tiny bounds written into its policy."""
    for section, values in TINY.items():
        for name, value in values.items():
            shown = str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')
            if section in ("retention", "window") or name in ("history_weeks", "minimum_history", "reference_weeks"):
                in_section(aged.path / "policy.toml", section, f"{name} = {shown}")
    return aged


def in_section(path: Path, section: str, line: str) -> None:
    """Set a key in a section of a TOML file, in the place of what stands there."""
    lines, name = path.read_text().splitlines(), line.partition(" = ")[0]
    at = lines.index(f"[{section}]")
    end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("[")), len(lines))
    kept = [text for text in lines[at + 1 : end] if not text.startswith(f"{name} = ")]
    path.write_text("\n".join([*lines[: at + 1], line, *kept, *lines[end:]]) + "\n")


def test_a_home_that_was_cleaned_by_command_is_sound_serves_and_rolls_back(ruled: Home) -> None:
    served = ruled
    served.cli("endpoint", "start")
    planned = served.cli("clean", "--json").json
    assert planned["removed"] is False
    assert planned["things"] > 20
    assert "would be removed" in served.cli("clean").out

    done = served.cli("clean", "--yes", "--json").json

    assert {item["path"] for item in done["removals"]} == {item["path"] for item in planned["removals"]}
    assert "Nothing to remove" in served.cli("clean").out
    assert "MEND" not in served.cli("doctor").out
    assert served.cli("ledger", "verify", "--json").json["sound"]
    assert served.cli("status", "--json").json["champion"]["version"] == 2
    assert served.cli("rollback", "--json").json["version"] == 1
    whole(served)


def test_a_command_that_was_killed_halfway_leaves_a_whole_home_and_is_gone_on_with(ruled: Home) -> None:
    planned = ruled.cli("clean", "--json").json
    killed_at(
        "leadscore_assets.backends.local.files:LocalFiles.remove after 9", "--home", f"{ruled.path}", "clean", "--yes"
    )
    whole(ruled)
    assert "a cleaning was cut short; run 'leadscore clean --yes'" in ruled.cli("doctor", code=1).error

    done = ruled.cli("clean", "--yes", "--json").json

    assert {item["path"] for item in done["removals"]} == {item["path"] for item in planned["removals"]}
    assert len(ruled.platform().ledger.records(action="cleaned")) == 1
    whole(ruled)
