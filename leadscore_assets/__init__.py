"""A Dagster data platform that keeps an XGBoost lead scorer right, week after week."""

__version__ = "0.1.0"
