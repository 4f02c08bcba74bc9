#!/bin/sh
# Runs a command every night, for ever: nightly.sh 02:15 COMMAND..., the time in UTC. While the last one failed, a file
# says so, which the container's health check reads.
set -eu
at="$1"
shift
failed="${TMPDIR:-/tmp}/failed"
trap 'kill $! 2>/dev/null; exit 0' TERM INT
while :; do
  seconds=$(($(date -u -d "today $at" +%s) - $(date -u +%s)))
  [ "$seconds" -gt 0 ] || seconds=$((seconds + 86400))
  # A signal ends `wait`, not `sleep`.
  sleep "$seconds" &
  wait $!
  if "$@"; then rm -f "$failed"; else echo "failed: $*" | tee "$failed" >&2; fi
done
