"""One file a version, `schema_<number>_<what>.py`; the highest number is what this program writes."""
