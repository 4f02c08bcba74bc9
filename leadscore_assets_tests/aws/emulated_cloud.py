"""What a look at an account asks and moto lacks: IAM's simulation of a principal's rights, and SageMaker's quotas.

The simulation reads the policies that moto keeps and follows AWS's documents for allowing statements: action, resource
and the conditions of CONDITIONS. An emulator written from AWS's documents.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse
from moto.servicequotas.responses import ServiceQuotasResponse

from leadscore_assets_tests.aws.emulator import Emulator

CONDITIONS = {"StringEquals": str.__eq__, "StringLike": fnmatchcase}
USUAL_QUOTAS = {"ml.c5.2xlarge for training job usage": 1.0, "ml.c5.large for endpoint usage": 4.0}
_applied: dict[str, float] = {}


def install(emulator: Emulator) -> None:
    """Add what moto lacks; `emulator.state["quotas"]` are applied in the place of the usual ones."""
    emulator.state["quotas"] = _applied
    emulator.on_reset.append(_applied.clear)
    IamResponse.simulate_principal_policy = simulate_principal_policy
    ServiceQuotasResponse.list_service_quotas = list_service_quotas
    ServiceQuotasResponse.list_aws_default_service_quotas = list_aws_default_service_quotas


def list_service_quotas(self: ServiceQuotasResponse) -> str:
    return _shown(self, _applied)


def list_aws_default_service_quotas(self: ServiceQuotasResponse) -> str:
    return _shown(self, USUAL_QUOTAS)


def _shown(self: ServiceQuotasResponse, quotas: dict[str, float]) -> str:
    assert json.loads(self.body)["ServiceCode"] == "sagemaker"
    found = [{"ServiceCode": "sagemaker", "QuotaName": name, "Value": value} for name, value in quotas.items()]
    return json.dumps({"Quotas": found})


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    role = self._get_param("PolicySourceArn").rpartition("/")[2]
    statements = list(_statements(self.backend, role))
    context = {item["ContextKeyName"]: item["ContextKeyValues"] for item in self._get_param("ContextEntries", [])}
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": "allowed" if _allowed(statements, action, resource, context) else "implicitDeny",
        }
        for action in self._get_param("ActionNames")
        for resource in self._get_param("ResourceArns", ["*"])
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _statements(backend: IAMBackend, name: str) -> Iterator[dict[str, Any]]:
    """Yield every statement of a role's own and attached policies."""
    role = backend.get_role(name)
    for policy in backend.list_role_policies(role.name):
        yield from _read(backend.get_role_policy(role.name, policy)[1])
    for policy in role.managed_policies.values():
        yield from _read(next(item.document for item in policy.versions if item.is_default_version))


def _read(document: Any) -> list[dict[str, Any]]:
    content = json.loads(document) if isinstance(document, str) else document
    found: list[dict[str, Any]] = content["Statement"]
    return found


def _allowed(statements: list[dict[str, Any]], action: str, resource: str, context: dict[str, list[str]]) -> bool:
    return any(
        item["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in _many(item["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _many(item["Resource"]))
        and _holds(item.get("Condition", {}), context)
        for item in statements
    )


def _holds(condition: dict[str, dict[str, Any]], context: dict[str, list[str]]) -> bool:
    return all(
        any(CONDITIONS[kind](given, wanted) for given in context.get(key, ()) for wanted in _many(value))
        for kind, keys in condition.items()
        for key, value in keys.items()
    )


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
