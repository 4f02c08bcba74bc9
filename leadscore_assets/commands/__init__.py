"""The commands, one a file: read options, call the steps or a Dagster job, print what came of it."""
