"""Claims about the slices of a week."""

from leadscore_assets.checks.gates import gate_check

CHECKS = [
    gate_check("slices_do_not_overlap", asset="train_slice", deps=("validation_slice", "test_slice")),
    gate_check("train_slice_has_no_leakage", asset="train_slice"),
]
