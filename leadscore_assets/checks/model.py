"""Claims about a trained model."""

from leadscore_assets.checks.gates import gate_check

CHECKS = [gate_check("bundle_passes_its_golden_rows", asset="trained_model")]
