"""Columns that are known later: reported where the contract names them, never asked of a lead, never learnt from."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from leadscore_assets.domain.contract import contract_from
from leadscore_assets.domain.validation import validate_week
from leadscore_assets_tests.home import CONTRACT, START, leads

CONTENT = CONTRACT.model_dump(mode="json")


def test_a_contract_without_them_keeps_its_digest_and_its_columns():
    old = {name: value for name, value in CONTENT.items() if name not in ("revenue", "feedback")}
    assert contract_from(old).digest == CONTRACT.digest
    assert contract_from({**CONTENT, "revenue": ""}).revenue is None
    assert CONTRACT.known_later == ("lead_score", "converted")


def test_named_ones_are_read_as_a_number_and_a_yes_or_no_and_may_be_missing():
    contract = contract_from({**CONTENT, "revenue": "deal", "feedback": "liked"})
    assert contract.digest != CONTRACT.digest
    assert contract.known_later == ("lead_score", "converted", "deal", "liked")
    assert contract.schema.names[-2:] == ["deal", "liked"]
    raw = leads(START, rows=4)
    raw = raw.append_column("deal", pa.array(["12.5", "", "-3", "much"]))
    raw = raw.append_column("liked", pa.array(["yes", "no", None, "yes"]))
    found = validate_week(raw, contract)
    assert found.good["deal"].to_pylist() == [12.5, None, -3.0]
    assert found.good["liked"].to_pylist() == [True, False, None]
    assert found.reasons == {"deal: not a number": 1}


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(ValidationError, match="column names stand twice: revenue"):
        contract_from({**CONTENT, "revenue": "revenue"})
