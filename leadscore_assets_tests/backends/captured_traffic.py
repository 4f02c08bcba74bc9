"""Traffic as captures hold it: what was answered, and the files that either platform would have written of it."""

import base64
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadscore_assets.backends.local.captures import LocalCaptures
from leadscore_assets.serving.masking import masked_key

COLUMNS = ("lead_id", "score", "score_rounded", "band", "conversion_probability", "model_version", "model_digest")
DIGEST = "d" * 64
SECRET = b"0123456789abcdef"


@dataclass(frozen=True)
class Answer:
    """One lead's answer; `key` is the lead's own."""

    key: str | None
    score: float = 3.5
    band: str = "B"
    chance: float | None = 0.25

    def shown(self, mask: Callable[[str], str]) -> dict[str, Any]:
        lead = {} if self.key is None else {"lead_id": mask(self.key)}
        found = {"score": self.score, "score_rounded": 3, "band": self.band}
        return {**found, "conversion_probability": self.chance, **lead}


@dataclass(frozen=True)
class Request:
    """One answered request."""

    at: datetime
    answers: Sequence[Answer]
    variant: str = "primary"
    event: str = "e1"
    inference_id: str = ""
    version: int = 4
    digest: str = DIGEST
    content_type: str = "application/json"
    encoding: str = "JSON"
    more: dict[str, Any] = field(default_factory=dict)

    def line(self, mask: Callable[[str], str]) -> str:
        text = self._text([item.shown(mask) for item in self.answers])
        data = base64.b64encode(text.encode()).decode() if self.encoding == "BASE64" else text
        sides = {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": "",
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": self.content_type,
                "mode": "OUTPUT",
                "data": data,
                "encoding": self.encoding,
            },
        }
        moment = f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        about = {"eventId": self.event, "inferenceTime": moment}
        named = {"inferenceId": self.inference_id} if self.inference_id else {}
        return json.dumps({"captureData": sides, "eventMetadata": about | named, "eventVersion": "0"})

    def place(self) -> str:
        return f"{self.variant}/{self.at.astimezone(UTC):%Y/%m/%d/%H}"

    def _text(self, shown: list[dict[str, Any]]) -> str:
        model = {"model_version": self.version, "model_digest": self.digest}
        if "csv" in self.content_type:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            rows = [[(item | model).get(name) for name in COLUMNS] for item in shown]
            writer.writerows([COLUMNS, *rows] if "header" not in self.content_type else rows)
            return text.getvalue()
        if "lines" in self.content_type:
            return "\n".join(json.dumps(item | model) for item in shown)
        return json.dumps({**model, "predictions": shown})


def files(requests: Sequence[Request], mask: Callable[[str], str]) -> dict[str, bytes]:
    """Return the files of requests, one a variant and hour, named below the endpoint's folder."""
    found: dict[str, list[str]] = {}
    for request in requests:
        found.setdefault(f"{request.place()}/00-00-000000-one.jsonl", []).append(request.line(mask))
    return {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in found.items()}


def captured(root: Path, requests: Sequence[Request]) -> LocalCaptures:
    """Write requests as this machine's server does, below a folder, and return its captures."""
    for name, content in files(requests, lambda key: masked_key(key, SECRET)).items():
        path = root / "leadscore" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return LocalCaptures(root, endpoint="leadscore", secret=lambda: SECRET)
