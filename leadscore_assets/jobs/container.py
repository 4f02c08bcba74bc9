"""The SageMaker container contract: where a training program finds its input and leaves its output.

Files come first (`hyperparameters.json`, `inputdataconfig.json`, `resourceconfig.json`), the `SM_*` variables of the
framework toolkits are the fallback. Locally the same tree lies below LEADSCORE_ML_ROOT instead of /opt/ml.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT_VARIABLE = "LEADSCORE_ML_ROOT"
_FAILURE_LIMIT = 1024


@dataclass(frozen=True)
class Container:
    """One job's view of its container; `variables` are the process's environment variables."""

    root: Path
    variables: Mapping[str, str]

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Container":
        """Find the container's root."""
        return cls(Path(variables.get(ROOT_VARIABLE, "/opt/ml")), variables)

    @property
    def model(self) -> Path:
        """The folder whose content becomes the model artefact."""
        return Path(self.variables.get("SM_MODEL_DIR", self.root / "model"))

    @property
    def hyperparameters(self) -> dict[str, str]:
        """Hyperparameters, every value a string."""
        return {key: str(value) for key, value in self._config("hyperparameters.json", "SM_HPS").items()}

    @property
    def hosts(self) -> tuple[str, list[str]]:
        """This host's name and all hosts' names."""
        content = self._config("resourceconfig.json", "SM_RESOURCE_CONFIG")
        hosts = list(content.get("hosts", ["algo-1"]))
        return str(content.get("current_host", hosts[0])), hosts

    @property
    def checkpoints(self) -> Path | None:
        """The folder that outlives an interruption, None where the job was given none."""
        folder = self.root / "checkpoints"
        return folder if folder.is_dir() else None

    def channel(self, name: str) -> Path:
        """Return a channel's folder; raise FileNotFoundError naming the channels there are."""
        declared = self._config("inputdataconfig.json", "SM_INPUT_DATA_CONFIG")
        folder = Path(self.variables.get(f"SM_CHANNEL_{name.upper()}", self.root / "input" / "data" / name))
        if name not in declared or not folder.is_dir():
            raise FileNotFoundError(
                f"channel {name} is not there; the job was given {', '.join(sorted(declared)) or 'none'}"
            )
        return folder

    def fail(self, reason: str) -> None:
        """Leave the reason where the platform reads it (its first 1,024 characters)."""
        folder = self.root / "output"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "failure").write_text(reason[:_FAILURE_LIMIT])

    def _config(self, name: str, variable: str) -> dict[str, Any]:
        path = self.root / "input" / "config" / name
        text = path.read_text() if path.is_file() else self.variables.get(variable, "{}")
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError(f"{path if path.is_file() else variable} holds no JSON object")
        return content
