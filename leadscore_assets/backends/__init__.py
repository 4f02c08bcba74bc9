"""The outside world behind small ports, each with a complete local adapter."""
