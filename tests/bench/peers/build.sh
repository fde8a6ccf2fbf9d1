#!/usr/bin/env bash
# Prints the folder that holds the peers: plain, streams and flink, each with the jars of its class path and jvm.options.
# Builds them through Maven the first time that their sources have this content; two callers at once build once.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=${MILLSTREAM_CACHE:-$root/.cache}/peers
peers=(plain streams flink)

# What the build depends on: not the README, and not what an editor may have built beside the sources.
sources() {
    (cd "$here" && find build.sh pom.xml common "${peers[@]}" -type f -not -path "*/target/*" -print0 | LC_ALL=C sort -z)
}
hash=$(cd "$here" && sources | xargs -0 sha256sum | sha256sum | cut -c1-12)
built=$cache/$hash

if [ ! -d "$built" ]; then
    command -v mvn >/dev/null || { echo "peers: Maven is missing: run \`make setup\`" >&2; exit 1; }
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    if [ ! -d "$built" ]; then
        echo "peers: building the JVM peers through Maven into $built (200 MB, once)" >&2
        work=$cache/work
        rm -rf "$work"
        # A copy of the sources: Maven puts a `target` folder beside each pom.
        mkdir -p "$work/sources" "$work/peers"
        (cd "$here" && sources | xargs -0 cp --parents -t "$work/sources")
        mvn -q -B -f "$work/sources/pom.xml" package >&2
        for peer in "${peers[@]}"; do
            mkdir "$work/peers/$peer"
            cp "$work/sources/$peer/jvm.options" "$work/sources/$peer/target/"*.jar "$work/peers/$peer/"
        done
        mv "$work/peers" "$built"
        rm -rf "$work"
    fi
fi
echo "$built"
