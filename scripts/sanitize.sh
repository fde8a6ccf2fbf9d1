#!/usr/bin/env bash
# The two modules with unsafe code under what can watch them; without arguments all three, each with a line of its own that says
# what passed and failed.
#   kafka    runtime/kafka under valgrind: reads and writes out of bounds or of freed memory, leaks; librdkafka included
#   engine   runtime/engine under AddressSanitizer; compiles wasmtime anew, which takes a quarter of an hour
#   miri     what of them is pure memory work under Miri, which only a nightly compiler has: left out where there is none
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
nextest=$MILLSTREAM_CACHE/tools/venv/bin/cargo-nextest
host=$(rustc -vV | sed -n 's/^host: //p')

kafka() {
    local runner
    runner=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUNNER
    command -v valgrind >/dev/null || { echo "sanitize.sh: valgrind is missing: install the package of that name" >&2; return 1; }
    # The tests as they are: nothing has to be compiled for it.
    env "$runner=valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=$root/scripts/valgrind.supp" \
        STRESS_ROUNDS="${STRESS_ROUNDS:-6}" \
        "$nextest" nextest run --locked --workspace --no-fail-fast --test-threads 2 -E 'package(millstream-kafka)'
}

engine() {
    # The stable compiler has the sanitizer, but calls it unstable. Its standard library is not instrumented. Left out:
    # `compiler` limits its address space, of which the sanitizer reserves 20 TB; `allocations` has an allocator of its own.
    # valgrind is no use here: it cannot run what reads the time as wasmtime's guests have it.
    env CARGO_TARGET_DIR="$CARGO_TARGET_DIR/sanitize" RUSTC_BOOTSTRAP=1 \
        RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes" \
        CFLAGS="-fsanitize=address -fno-omit-frame-pointer" ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}" \
        STRESS_ROUNDS="${STRESS_ROUNDS:-60}" \
        "$nextest" nextest run --locked --target "$host" --no-fail-fast -p millstream-engine \
        --config 'profile.dev.package."*".opt-level=1' -E 'not binary(compiler) and not binary(allocations)'
}

miri() {
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        echo "sanitize.sh: no nightly compiler with Miri: left out (rustup toolchain install nightly --component miri,rust-src)"
        return
    fi
    env CARGO_TARGET_DIR="$CARGO_TARGET_DIR/miri" MIRIFLAGS="-Zmiri-many-seeds=0..8" \
        cargo +nightly miri test --locked -p millstream-kafka --lib flight::tests
}

[ $# -gt 0 ] || set -- kafka engine miri
failed=0
for part in "$@"; do
    case $part in
    kafka | engine | miri) echo "=== $part" && "$part" || failed=1 ;;
    *) echo "sanitize.sh: there is no part \"$part\"; there are kafka, engine and miri" >&2; exit 64 ;;
    esac
done
exit $failed
