#!/usr/bin/env bash
# Every check of the project, one stage after the other: `scripts/test.sh` runs all, `scripts/test.sh unit guests` those.
# Says what it does and how long each stage took, stops at the first stage that fails, and ends with a line
# "N passed, N failed" that sums the tests of all stages (a stage that fails without a failed test counts as one).
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
tools=$MILLSTREAM_CACHE/tools/venv/bin

# What releases have on as well.
features=(--features millstream/disk-tables,millstream-tests/disk-tables)

guest_examples=(guest-examples/rust/*/)
guest_workspaces=("${guest_examples[@]}" tests/conformance/rust/ tests/guests/ tests/bench/guests/ tests/bench/sdks/rust/)

stage_fmt() {
    cargo fmt --all --check || return 1
    local dir
    for dir in "${guest_workspaces[@]}" sdk/rust/fields/bench/ tests/fuzz/libfuzzer/; do
        (cd "$dir" && cargo fmt --all --check) || return 1
    done
}

stage_lint() {
    cargo clippy --workspace --all-targets --locked "${features[@]}" -- -D warnings || return 1
    # As `make build` builds it.
    cargo clippy --workspace --all-targets --locked -- -D warnings || return 1
    local dir
    for dir in "${guest_workspaces[@]}"; do
        (cd "$dir" && cargo clippy --target wasm32-wasip2 -- -D warnings) || return 1
    done
}

# Advisories need a database that is a git repository: `make advisories` checks those where the network has one.
stage_deny() { "$tools/cargo-deny" --locked --workspace --all-features check --hide-inclusion-graph licenses bans sources; }

# Always the whole workspace, and filters where less is meant: cargo unifies features over what is selected, so that each
# selection would compile most dependencies anew.
nextest() { "$tools/cargo-nextest" nextest run --locked --workspace "${features[@]}" "$@"; }

stage_build() { nextest --no-run; }

# nextest runs no documentation tests. The table of brokers' errors takes ten minutes: `make soak` has it.
stage_unit() {
    nextest --profile unit --no-fail-fast -E 'not package(millstream-tests) and not binary(mock_cluster)' &&
        cargo test --locked --workspace "${features[@]}" --doc
}

build_guests() {
    local dir
    for dir in "${guest_workspaces[@]}"; do
        (cd "$dir" && cargo build --release --target wasm32-wasip2) || return 1
    done
}

stage_guests() {
    local dir
    stage_build && build_guests || return 1
    for dir in "${guest_examples[@]}"; do
        echo "--- ${dir%/}"
        (cd "$dir" && cargo test && "$CARGO_TARGET_DIR/debug/millstream" test) || return 1
    done
}

# Components of other languages than Rust, and that all SDKs do what the contract says.
stage_sdks() { stage_build && build_guests && scripts/sdks.sh test rust go javascript python c cpp; }

stage_docs() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace "${features[@]}" --no-deps; }

# One broker for all of them; the wrapper stops it when the tests end, however they end.
stage_e2e() {
    stage_build && build_guests || return 1
    "$CARGO_TARGET_DIR/debug/with-kafka" \
        "$tools/cargo-nextest" nextest run --locked --workspace "${features[@]}" --no-fail-fast -E "package(millstream-tests)${T:+ & test($T)}"
}

describe() {
    case $1 in
    fmt) echo "formatting (cargo fmt --check)" ;;
    lint) echo "lints (clippy, no warnings), the workspace and the guests; with nothing compiled yet this takes minutes" ;;
    deny) echo "licences, bans and sources of dependencies (cargo-deny)" ;;
    build) echo "building the workspace and its tests; with nothing compiled yet this takes minutes" ;;
    unit) echo "unit tests of the workspace, the Rust SDK among them" ;;
    guests) echo "guest examples: built for wasm32-wasip2, their native tests, their cases (millstream test)" ;;
    sdks) echo "SDKs of other languages: their own tests, their examples, their conformance guests" ;;
    docs) echo "API documentation, no warnings" ;;
    e2e) echo "end-to-end tests against Apache Kafka" ;;
    *) return 1 ;;
    esac
}

passed=0 failed=0
# Adds up cargo's lines ("test result: ok. 3 passed; 0 failed; ...") and nextest's ("Summary ... 9 passed, 1 failed").
count() {
    local sums
    sums=$(sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test result:/ || /^ *Summary \[/ {
            n = split($0, part, /[;,:]|\. /)
            for (i = 1; i <= n; i++) {
                split(part[i], word, " ")
                if (word[2] == "passed") p += word[1]
                if (word[2] == "failed" || word[2] == "timed") f += word[1]
            }
        }
        END { print p + 0, f + 0 }')
    passed=$((passed + ${sums% *})) failed=$((failed + ${sums#* }))
}

[ $# -gt 0 ] || set -- fmt lint docs deny build unit guests sdks e2e
log=$(mktemp)
trap 'rm -f "$log"' EXIT
times=() broken=
began=$SECONDS
for stage in "$@"; do
    what=$(describe "$stage") || { echo "test.sh: there is no stage \"$stage\"" >&2; exit 64; }
    echo "=== $stage: $what"
    at=$SECONDS before=$failed
    "stage_$stage" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    count "$log"
    times+=("$(printf '%-7s %4d s' "$stage" $((SECONDS - at)))")
    if [ "$status" != 0 ]; then
        [ "$failed" != "$before" ] || failed=$((failed + 1))
        broken=$stage
        break
    fi
done
echo "=== times"
printf '    %s\n' "${times[@]}"
echo "    all     $(printf '%4d' $((SECONDS - began))) s"
[ -z "$broken" ] || echo "the stage \"$broken\" failed: run it alone with \`scripts/test.sh $broken\`"
echo "$passed passed, $failed failed"
[ -z "$broken" ]
