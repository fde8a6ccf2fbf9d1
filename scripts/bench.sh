#!/usr/bin/env bash
# Millstream against native code, a bare loop over librdkafka, and what people use instead, on a real broker. Arguments go to
# the benchmark (--help lists them):
#     scripts/bench.sh --jobs route --contestants millstream,native --rounds 15
#     scripts/bench.sh --events 16000000 --contestants millstream,native,ffi,java,streams,flink
#     scripts/bench.sh compare tests/bench/history/A.json target/bench/latest.json
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
echo "building the benchmark (release) and its components; from nothing that takes about ten minutes"
(cd tests/bench/guests && cargo build --release --target wasm32-wasip2)
cargo build --release --locked -p millstream-bench
exec "$CARGO_TARGET_DIR/release/bench" "$@"
