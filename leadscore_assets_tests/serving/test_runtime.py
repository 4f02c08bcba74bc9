import pytest

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import records

LEAD = records(1)[0]


def test_an_answer_names_the_variant_and_returns_the_custom_attributes(app: ScoringApp) -> None:
    headers = {
        "x-amzn-sagemaker-target-variant": "champion",
        "x-amzn-sagemaker-custom-attributes": "trace=17",
        "x-amzn-sagemaker-inference-id": "lead-1",
    }
    got = call(app, INVOKE, LEAD, headers=headers)
    assert got.status == 200
    assert got.headers["x-amzn-invoked-production-variant"] == "champion"
    assert got.headers["x-amzn-sagemaker-custom-attributes"] == "trace=17"
    assert len(got.headers["x-amzn-requestid"]) == 36
    assert got.body == call(app, "/invocations", LEAD).body


@pytest.mark.parametrize(
    ("path", "headers", "named"),
    [
        ("/endpoints/other/invocations", {}, "other"),
        (INVOKE, {"x-amzn-sagemaker-target-variant": "blue"}, "blue"),
        (INVOKE, {"x-amzn-sagemaker-custom-attributes": "a" * 1025}, "custom-attributes"),
        (INVOKE, {"x-amzn-sagemaker-inference-id": "\t"}, "inference-id"),
    ],
)
def test_what_names_nothing_here_is_a_validation_error(
    app: ScoringApp, path: str, headers: dict[str, str], named: str
) -> None:
    got = call(app, path, LEAD, headers=headers)
    assert got.status == 400
    assert got.headers["x-amzn-errortype"] == "ValidationError"
    assert named in got.json["Message"]


def test_a_broken_lead_is_a_model_error_with_the_original_answer(app: ScoringApp) -> None:
    broken = {**LEAD, "industry": "unheard of"}
    got = call(app, INVOKE, broken)
    assert got.status == 424
    assert got.headers["x-amzn-errortype"] == "ModelError"
    assert got.json["OriginalStatusCode"] == 400
    assert got.json["OriginalMessage"] == call(app, "/invocations", broken).body.decode()
    assert "industry" in got.json["Message"]
    assert got.json["ErrorCode"]
    assert got.json["LogStreamArn"]


def test_a_body_above_the_limit_is_refused_at_the_front_door(app: ScoringApp) -> None:
    got = call(app, INVOKE, b" " * 6_291_457, pieces=4)
    assert got.status == 413
    assert got.json["Message"] == "HTTP content length exceeded 6291456 bytes."
