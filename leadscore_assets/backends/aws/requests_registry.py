"""The registry's requests to SageMaker, and what a package's life cycle says: pure functions, no AWS.

The life cycle shows where a package stands. Its description holds, as JSON, the last decision that was marked: where
`ModelApprovalStatus` says something else, a person decided in SageMaker's own pages.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from leadscore_assets.backends.packages import PRODUCTION, STAGES
from leadscore_assets.domain.facts import Decision, Package

APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"
_FORMS = ["application/json", "application/jsonlines", "text/csv"]
_FRAMEWORK = {"Framework": "XGBOOST", "FrameworkVersion": "3.2"}
_BUNDLE = re.compile(r"bundle ([0-9a-f]{64})")
_STATUS_NAMES = {APPROVED: "Approved", REJECTED: "Rejected", PENDING: "PendingApproval"}
_ENTRIES, _ENTRY_LENGTH, _KEY_LENGTH = 50, 256, 128
_NAME_LENGTH, _COMMENT_LENGTH, _TOKEN_LENGTH = 100, 250, 36


@dataclass(frozen=True)
class ServedBy:
    """What answers with a bundle: the image, and the machines it was meant for."""

    image: str
    endpoint_instances: tuple[str, ...]
    transform_instances: tuple[str, ...] = ()


def group_request(group: str, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the request that makes the group; its tags hold for all packages in it."""
    request: dict[str, Any] = {
        "ModelPackageGroupName": group,
        "ModelPackageGroupDescription": "Lead scorers, registered and staged by leadscore",
    }
    return request | ({"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {})


def package_request(
    package: Package, *, group: str, served_by: ServedBy, bundle_uri: str, statistics: tuple[str, bytes]
) -> dict[str, Any]:
    """Return the request that registers a package; `statistics` are the address and the bytes of its metrics.

    The same bundle has the same token, so that two who register it at once make one package. A package that waits for a
    person starts as pending, any other as approved: its gates approved it.
    """
    waits = package.stage == "staging"
    container = {"Image": served_by.image, "ModelDataUrl": bundle_uri, **_FRAMEWORK}
    uri, content = statistics
    digest = f"sha256:{sha256(content).hexdigest()}"
    return {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": f"{package.semver}, trained for the week of {package.week}, bundle {package.digest}",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": _FORMS,
            "SupportedResponseMIMETypes": _FORMS,
            "SupportedRealtimeInferenceInstanceTypes": list(served_by.endpoint_instances),
            **_unless_empty("SupportedTransformInstanceTypes", served_by.transform_instances),
        },
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": uri, "ContentDigest": digest}}
        },
        "CustomerMetadataProperties": metadata(package),
        "ModelApprovalStatus": PENDING if waits else APPROVED,
        "ModelLifeCycle": life_cycle(package.stage, None if waits else True),
        "SkipModelValidation": "All",
        "ClientToken": sha256(f"{group}/{package.digest}".encode()).hexdigest()[:_TOKEN_LENGTH],
    }


def metadata(package: Package) -> dict[str, str]:
    """Return what the console shows of a package: at most 50 short entries, what does not fit is left out."""
    own = {"digest": package.digest, "week": package.week.isoformat(), "semver": package.semver}
    found = {name: f"{value}" for name, value in package.lineage.items() if isinstance(value, str | int)}
    fitting = {name: text for name, text in sorted((found | own).items()) if _fits(name, text)}
    # The digests and the decision come before what only completes the picture.
    ranked = sorted(fitting, key=lambda name: (name not in own, "digest" not in name and name != "decision", name))
    return {name: fitting[name] for name in ranked[:_ENTRIES]}


def statistics(metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return metrics in the form of a model quality report."""
    return {"version": 0.0, "regression_metrics": {name: {"value": value} for name, value in sorted(metrics.items())}}


def life_cycle(stage: str, approved: bool | None, decision: Decision | None = None) -> dict[str, str]:
    """Return a life cycle: where a package stands and what is known to be decided; None while a person is asked."""
    known: dict[str, Any] = {"approved": approved}
    if decision:
        known |= {
            "by": _short(decision.by, _NAME_LENGTH),
            "at": decision.at.astimezone(UTC).isoformat(),
            "comment": _short(decision.comment, _COMMENT_LENGTH),
        }
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return {**shown(stage, status_of(approved)), "StageDescription": text}


def shown(stage: str, status: str) -> dict[str, str]:
    """Return the part of a life cycle that people read; a stage that they named themselves stays as it is."""
    name = stage.title() if stage in (*STAGES, PRODUCTION) else stage
    return {"Stage": name, "StageStatus": _STATUS_NAMES[status]}


def status_of(approved: bool | None) -> str:
    """Return the approval status that stands for a decision."""
    return PENDING if approved is None else APPROVED if approved else REJECTED


@dataclass(frozen=True)
class Standing:
    """One package as a list of the group shows it; `known` is false for a life cycle that leadscore did not write."""

    version: int
    arn: str
    digest: str
    status: str
    stage: str
    known: bool
    approved: bool | None
    decision: Decision | None

    @property
    def undecided_here(self) -> bool:
        """Whether its approval status says something that was not marked: a person decided in SageMaker's pages."""
        told = status_of(self.approved) if self.known else None
        return self.status != told and (self.status != PENDING or told == APPROVED)


def standing(summary: Mapping[str, Any]) -> Standing | None:
    """Read one item of a list; None for a package that leadscore did not register."""
    bundle = _BUNDLE.search(summary.get("ModelPackageDescription") or "")
    if bundle is None or "ModelPackageVersion" not in summary:
        return None
    version, cycle = int(summary["ModelPackageVersion"]), summary.get("ModelLifeCycle") or {}
    known, approved, decision = _known(version, cycle.get("StageDescription") or "")
    return Standing(
        version=version,
        arn=summary["ModelPackageArn"],
        digest=bundle.group(1),
        status=summary.get("ModelApprovalStatus") or PENDING,
        stage=_stage(cycle.get("Stage") or ""),
        known=known,
        approved=approved,
        decision=decision,
    )


def person(described: Mapping[str, Any]) -> str:
    """Return who changed a package last, as well as SageMaker tells."""
    found = described.get("LastModifiedBy") or {}
    arn = (found.get("IamIdentity") or {}).get("Arn") or ""
    return found.get("UserProfileName") or arn.rsplit("/", 1)[-1] or "SageMaker console"


def _stage(name: str) -> str:
    return name.lower() if name.lower() in (*STAGES, PRODUCTION) else name


def _known(version: int, text: str) -> tuple[bool, bool | None, Decision | None]:
    try:
        content = json.loads(text)
        approved = content["approved"]
        if not isinstance(content.get("at"), str):
            return True, approved, None
        at = datetime.fromisoformat(content["at"])
        return True, approved, Decision(version, bool(approved), content["by"], at, content["comment"])
    except (KeyError, TypeError, ValueError):
        return False, None, None


def _short(text: str, length: int) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:length]


def _fits(name: str, text: str) -> bool:
    allowed = all(letter in "_.:/=+-@" or unicodedata.category(letter)[0] in "LZN" for letter in name + text)
    return allowed and 0 < len(text) <= _ENTRY_LENGTH and 0 < len(name) <= _KEY_LENGTH


def _unless_empty(name: str, values: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: list(values)} if values else {}
