#!/bin/sh
# Runs a command with PostgreSQL's password, read from the secret's file, in that command's environment alone.
set -eu
PGPASSWORD="$(cat "$DAGSTER_PASSWORD_FILE")"
export PGPASSWORD
exec "$@"
