#!/usr/bin/env bash
# The SDKs of other languages than Rust, their examples and their conformance guests.
#     scripts/sdks.sh setup                    what they are built and tested with, into $MILLSTREAM_CACHE/tools
#     scripts/sdks.sh test [LANGUAGE…]         an SDK's own tests; its examples' unit tests and cases; its conformance guest
#     scripts/sdks.sh conformance [LANGUAGE…]  builds the conformance guests and prints the table of all, Rust's among them
#     scripts/sdks.sh bench                    what the jobs of tests/bench/sdks cost in each language: a table, after ROUNDS=5 of
#                                              RECORDS=200000 each; scripts/bench.sh sdks builds what it needs and calls this
#     scripts/sdks.sh flat                     that memory stays flat for RECORDS=10000000 through one instance
# `test` and `conformance` need the program `millstream` (debug); `test` ends with a line that says how many steps passed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
# shellcheck source=scripts/versions.sh
. scripts/versions.sh
tools=$MILLSTREAM_CACHE/tools/sdks
millstream=${MILLSTREAM:-$CARGO_TARGET_DIR/debug/millstream}
languages=(go javascript python c cpp)

say() { echo "sdks: $*"; }

setup() {
    command -v go >/dev/null || { echo "sdks: Go is missing: install Go 1.26 or newer from https://go.dev/dl" >&2; return 1; }
    command -v node >/dev/null || { echo "sdks: Node.js is missing: install Node.js 20 or newer from https://nodejs.org" >&2; return 1; }
    # What the packages name themselves is installed as they name it.
    local wanted
    wanted="ziglang $ZIGLANG $(sha256sum sdk/python/pyproject.toml)"
    if [ "$(cat "$tools/wanted" 2>/dev/null)" != "$wanted" ]; then
        say "installing ziglang $ZIGLANG, and what the Python SDK is built and tested with, through pip into $tools"
        rm -rf "$tools"
        python3 -m venv "$tools"
        local requirements
        requirements=$(python3 -c 'import tomllib; print(*tomllib.load(open("sdk/python/pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"], sep="\n")')
        # shellcheck disable=SC2086
        "$tools/bin/pip" install -q --disable-pip-version-check "ziglang==$ZIGLANG" $requirements
        echo "$wanted" >"$tools/wanted"
    fi
}

# Where what was installed is found; the Python SDK itself is this checkout's.
use_tools() {
    export PATH=$tools/bin:$PATH VIRTUAL_ENV=$tools PYTHONPATH=$root/sdk/python/src PYTHONDONTWRITEBYTECODE=1
    MILLSTREAM_ZIG=$("$tools/bin/python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')
    export MILLSTREAM_ZIG
}

native() { cmake --preset native >/dev/null && cmake --build --preset native >/dev/null && ctest --preset native; }
# An example has no folder of packages yet in a fresh clone; what was fetched once comes from npm's own cache.
packages() { npm ci --no-audit --no-fund --prefer-offline --loglevel=error; }

sdk_tests() {
    case $1 in
    go) cd sdk/go && test -z "$(gofmt -l .)" && go vet ./... && go test ./... ;;
    javascript) cd sdk/javascript && packages && npm test ;;
    python) cd sdk/python && pytest -q && mypy && ruff check && ruff format --check ;;
    c) cd sdk/c && cmake -S . -B build >/dev/null && cmake --build build >/dev/null && ctest --test-dir build ;;
    # The C SDK's own tests have both faces.
    cpp) ;;
    esac
}

# The reference of C and C++ is made without a complaint, and has every function, macro and type of C.
c_reference() {
    local complaints
    mkdir -p sdk/c/build
    complaints=$(cd sdk/c && { cat Doxyfile && echo "WARN_IF_UNDOCUMENTED = YES"; } | doxygen - 2>&1 |
        grep -v -e ' (\(variable\|typedef\)) .* is not documented' -e '\.hpp:.* is not documented') || true
    [ -z "$complaints" ] || { echo "$complaints" && return 1; }
    [ -s sdk/c/build/doc/html/index.html ]
}

unit_tests() {
    case $1 in
    go) test -z "$(gofmt -l .)" && go vet . && go test . ;;
    javascript) packages && npm test ;;
    python) pytest -q -p no:cacheprovider ;;
    c | cpp) native ;;
    esac
}

# Builds the conformance guest of a language into a file called after it.
conformance_guest() {
    local dir=tests/conformance/$1 out=$CARGO_TARGET_DIR/conformance
    # A file called after the folder says which language a line is about.
    mkdir -p "$out"
    if [ "$1" = javascript ]; then
        [ -d sdk/javascript/dist ] || (cd sdk/javascript && packages && npm run build) || return 1
        (cd "$dir" && packages) || return 1
    fi
    "$millstream" build --path "$dir" -o "$out/$1.wasm"
}

conformance() {
    local language guests=()
    for language in "$@"; do
        conformance_guest "$language" || return 1
        guests+=("$CARGO_TARGET_DIR/conformance/$language.wasm")
    done
    "$millstream" conformance "${guests[@]}"
}

# A guest in a language without an SDK here, against wit/ alone: that the contract suffices.
without_sdk() {
    local out=$CARGO_TARGET_DIR/conformance
    mkdir -p "$out"
    "$MILLSTREAM_ZIG" fmt --check tests/conformance/zig || return 1
    "$MILLSTREAM_ZIG" build-exe tests/conformance/zig/guest.zig -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic \
        --cache-dir "$out/zig-cache" -femit-bin="$out/zig.core.wasm" || return 1
    "$millstream" componentize "$out/zig.core.wasm" -o "$out/zig.wasm"
    "$millstream" conformance --core "$out/zig.wasm"
}

passed=0 failed=0
step() {
    local status
    echo "--- $1"
    shift
    # Not as a condition: in one bash goes on after whatever fails.
    set +e
    (set -e; "$@")
    status=$?
    set -e
    if [ $status = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "sdks: that failed: $*" >&2; fi
}

example() { # folder, what to do
    cd "$1" && shift && "$@"
}

# What `millstream new` writes builds, and passes its unit test and its case.
new_project() {
    local folder sdk=$root/sdk/$1
    [ "$1" != cpp ] || sdk=$root/sdk/c
    folder=$(mktemp -d)
    trap "rm -rf '$folder'" EXIT # of the step, however it ends
    cd "$folder"
    "$millstream" new --lang "$1" --sdk-path "$sdk" by-age && cd by-age
    case $1 in
    go) go test . ;;
    javascript) npm install --no-audit --no-fund --prefer-offline --loglevel=error && npm test ;;
    python) pytest -q -p no:cacheprovider ;;
    c | cpp) native ;;
    esac
    "$millstream" build && "$millstream" test --module build/by*age.wasm
}

cases() { "$millstream" build --path "$1" && "$millstream" test --path "$1" --module "$1/build/$(basename "$1").wasm"; }

tests() {
    local language dir
    for language in "$@"; do
        # Rust's own are stages of scripts/test.sh; its interpreter is not.
        [ "$language" != rust ] || continue
        [ "$language" = cpp ] || step "$language: the SDK's tests" sdk_tests "$language"
        [ "$language" != c ] || step "c: the reference" c_reference
        step "$language: a new project" new_project "$language"
        for dir in guest-examples/"$language"/*/; do
            dir=${dir%/}
            step "$dir: unit tests" example "$dir" unit_tests "$language"
            step "$dir: cases" cases "$dir"
        done
    done
    step "conformance: $*" conformance "$@"
    step "the core, in Zig against wit/ alone" without_sdk
    echo "test result: $passed passed; $failed failed; steps of ${*}"
    [ "$failed" = 0 ]
}

# Runs `millstream bench` on projects, DIR/LANGUAGE/JOB for each of JOBS, in turn, ROUNDS times; what it says ends up in $results.
# Arguments are more of its options.
results=$CARGO_TARGET_DIR/bench/sdks
measured() {
    local round job language dir module
    rm -rf "$results" && mkdir -p "$results"
    (cd sdk/javascript && packages && npm run build) >/dev/null
    for job in $JOBS; do
        for language in rust "${languages[@]}"; do
            dir=$DIR/$language/$job module=$results/$job.$language.wasm
            [ "$language" != javascript ] || (cd "$DIR/javascript" && { [ -f package.json ] || cd "$job"; } && packages) >/dev/null
            "$millstream" build --path "$dir" -o "$module" >/dev/null
            "$millstream" test --path "$dir" --module "$module" >/dev/null
        done
        for round in $(seq "$ROUNDS"); do
            for language in rust "${languages[@]}"; do
                echo "sdks: $job in $language, round $round of $ROUNDS" >&2
                "$millstream" bench --path "$DIR/$language/$job" --module "$results/$job.$language.wasm" --rounds 1 --json "$@" \
                    >"$results/$round.$job.$language.json"
            done
        done
    done
}

# What an SDK costs: the same jobs in every language.
bench() {
    JOBS=${JOBS:-field header change columns} ROUNDS=${ROUNDS:-5} DIR=tests/bench/sdks measured --records "${RECORDS:-200000}"
    python3 tests/bench/sdks/table.py costs "$results"
}

# Whether memory stays flat however many records an instance sees, with values changed, rows rejected and tables looked into.
flat() {
    JOBS=${JOBS:-enrich route bots} ROUNDS=1 DIR=guest-examples measured --records "${RECORDS:-10000000}" adds-region-and-hour rejects-unknown-directions rejects-events-of-broken tells-bots
    python3 tests/bench/sdks/table.py memory "$results"
}

what=${1:-}
shift || true
case $what in
setup) setup ;;
test) setup && use_tools && tests "${@:-${languages[@]}}" ;;
bench) setup && use_tools && bench ;;
flat) setup && use_tools && flat ;;
conformance) setup && use_tools && conformance "${@:-rust "${languages[@]}"}" && without_sdk ;;
*) echo "sdks.sh: say setup, test, conformance, bench or flat" >&2; exit 64 ;;
esac
