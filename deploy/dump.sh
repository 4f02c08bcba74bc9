#!/bin/sh
# Dumps PostgreSQL; the new dump takes the old one's place only when it is whole.
set -eu
umask 077
folder="${1:-/backups}"
pg_dump --format=custom --file="$folder/postgresql.dump.new"
mv -f "$folder/postgresql.dump.new" "$folder/postgresql.dump"
