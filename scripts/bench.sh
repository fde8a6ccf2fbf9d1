#!/usr/bin/env bash
# Millstream against native code, a bare loop over librdkafka, and what people use instead, on a real broker. Arguments go to
# the benchmark (--help lists them):
#     scripts/bench.sh --jobs route --contestants millstream,native --rounds 15
#     scripts/bench.sh --events 16000000 --contestants millstream,native,ffi,java,streams,flink
#     scripts/bench.sh latency
#     scripts/bench.sh compare tests/bench/history/A.json target/bench/latest.json
# Without a broker:
#     scripts/bench.sh plane [--lanes 2 …]     the host's own part: `millstream bench` with the components of tests/bench/guests
#     scripts/bench.sh sdks                    the same jobs in every language: tests/bench/sdks, by `millstream bench`
#     scripts/bench.sh flat                    memory of an instance of each language over ten million records
#     scripts/bench.sh fields                  taking declared fields out, against JSON libraries
#     scripts/bench.sh boundary                crossing into a guest and back
#     scripts/bench.sh tables                  rows into a table in memory, and looking them up
#     scripts/bench.sh disk-tables             the same on a disk; compiles RocksDB for a quarter of an hour
# PROFILE=dist measures what releases ship (Cargo.toml says how it differs); building that takes half an hour.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}

profile=${PROFILE:-release}
guests() { (cd tests/bench/guests && cargo build --release --target wasm32-wasip2); }
# One selection for all of them, so that dependencies are compiled once.
build() {
    echo "building the benchmark ($profile) and its components; from nothing that takes about ten minutes"
    guests
    cargo build --profile "$profile" --locked --workspace --bins
}

case ${1-} in
plane)
    shift
    build
    for guest in header mask route parse; do
        echo "--- $guest"
        "$CARGO_TARGET_DIR/$profile/millstream" bench --path "tests/bench/guests/$guest" \
            --module "$CARGO_TARGET_DIR/wasm32-wasip2/release/bench_$guest.wasm" "$@"
    done
    ;;
sdks | flat)
    build
    export MILLSTREAM=$CARGO_TARGET_DIR/$profile/millstream
    exec scripts/sdks.sh "${1/#sdks/bench}"
    ;;
fields) exec cargo run --release --manifest-path sdk/rust/fields/bench/Cargo.toml ;;
disk-tables) exec cargo bench --workspace --features millstream/disk-tables --bench disk_tables ;;
boundary | tables) exec cargo bench --workspace --bench "$1" ;;
*)
    build
    exec "$CARGO_TARGET_DIR/$profile/bench" "$@"
    ;;
esac
