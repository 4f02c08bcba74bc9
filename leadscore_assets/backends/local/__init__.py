"""The embedded default: every port on one machine's disk and processes."""
