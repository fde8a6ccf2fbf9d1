#!/usr/bin/env bash
# Fuzzes the extraction of declared fields for so many seconds (60 unless told otherwise). What it finds is kept in
# sdk/rust/fields/fuzz/artifacts.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=${1:-60}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
tools=$MILLSTREAM_CACHE/tools/cargo-fuzz
[ -x "$tools/bin/cargo-fuzz" ] || cargo install --quiet --locked --root "$tools" cargo-fuzz
cd "$root/sdk/rust/fields"
# Without a sanitizer, which only nightly compilers have: there is no unsafe code to watch.
exec "$tools/bin/cargo-fuzz" run --sanitizer none extract -- -max_total_time="$seconds" -max_len=512
