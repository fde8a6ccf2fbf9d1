#!/usr/bin/env bash
# The host with a component against the same host with native code, on a real broker. Arguments go to the benchmark:
# scripts/bench.sh --rounds 9 --events 4000000
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
echo "building the benchmark (release) and the route example; from nothing that takes about ten minutes"
(cd guest-examples/rust/route && cargo build --release --target wasm32-wasip2 --locked)
cargo build --release --locked -p millstream-bench
exec "$CARGO_TARGET_DIR/release/bench" "$@"
