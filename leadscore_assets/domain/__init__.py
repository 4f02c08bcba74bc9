"""The science and the rules: no Dagster, no network, no clock, no environment."""
