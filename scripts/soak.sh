#!/usr/bin/env bash
# Hosts under load with things breaking all the time, for MINUTES=20, the same way again with SEED=n; with ONLY=words the
# scenarios that have them in their names. Ends with a line "N passed, N failed".
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
(cd tests/guests && cargo build --release --target wasm32-wasip2)
nextest() { "$MILLSTREAM_CACHE/tools/venv/bin/cargo-nextest" nextest run --locked --workspace --features millstream/disk-tables,millstream-tests/disk-tables "$@"; }
nextest --no-run
# Every error that a broker can answer with; ten minutes, and one test in the sum.
table='PASSED=1 FAILED=0'
[ -n "${ONLY:-}" ] || nextest --no-fail-fast -E 'binary(mock_cluster)' || table='PASSED=0 FAILED=1'
counts=$("$CARGO_TARGET_DIR/debug/soak" "${MINUTES:-20}" ${SEED:+"$SEED"} | tee >(cat >&2) | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/PASSED=\1 FAILED=\2/p' | tail -n 1) || true
declare ${counts:-PASSED=0 FAILED=1}
passed=$PASSED failed=$FAILED
declare $table
[ -n "${ONLY:-}" ] || { passed=$((passed + PASSED)); failed=$((failed + FAILED)); }
# Its targets count as well.
exec env PASSED=$passed FAILED=$failed scripts/fuzz.sh "${FUZZ_SECONDS:-30}"
