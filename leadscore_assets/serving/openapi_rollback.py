"""The description of the rollback: the one request that changes what is served, and the token that it takes."""

from typing import Any

from leadscore_assets.serving.rollback_order import MAXIMUM_BYTES, REASON_CHARACTERS

TOKEN: dict[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "description": "The secret of the server's folder; 'leadscore endpoint token' shows it.",
}
_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_CODES = {
    "400": "The body is no such order.",
    "401": "The token is missing or wrong.",
    "403": "A page of another site asks.",
    "408": "The body came too slowly.",
    "409": "It is refused, for the reason that is given, or another one is under way.",
    "413": f"More than {MAXIMUM_BYTES:,} bytes.",
    "415": "Not JSON.",
    "500": "It failed.",
    "501": "The server knows no home to roll back in.",
    "504": "It was not done in time.",
}
_ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "maxLength": REASON_CHARACTERS},
        "to": {"type": ["integer", "null"], "minimum": 1, "maximum": 2**31 - 1},
    },
    "additionalProperties": False,
}
ROLLBACK: dict[str, Any] = {
    "operationId": "rollBack",
    "summary": "Put an earlier version in the champion's place, or end the release in hand.",
    "security": [{"token": []}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _ORDER}}},
    "responses": {
        "200": {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}},
        **{code: {"description": about, "content": _PROBLEM} for code, about in _CODES.items()},
    },
}
