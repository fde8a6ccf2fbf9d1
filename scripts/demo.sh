#!/usr/bin/env bash
# `make demo`: builds the binary and four of the Rust examples, then has the binary run them over 100,000 events.
# KEEP=1 leaves it running.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
binary=$CARGO_TARGET_DIR/release/millstream

echo "demo: building the millstream binary (release) and the examples filter, enrich, route and profiles (wasm32-wasip2)"
if [ ! -x "$binary" ]; then
    echo "demo: nothing is built yet: on two cores this takes about ten minutes, librdkafka and the compiler for Wasm most of it"
fi
cargo build --release --locked -p millstream --bin millstream
for example in filter enrich route profiles; do
    (cd "guest-examples/rust/$example" && cargo build --release --target wasm32-wasip2)
done

keep=()
[ -z "${KEEP:-}" ] || keep=(--keep)
exec "$binary" demo --modules "$CARGO_TARGET_DIR/wasm32-wasip2/release" "${keep[@]}"
