#!/usr/bin/env bash
# Prints the folder that holds the jars of the Apache Kafka that tests/kafka/pom.xml names. Fetches them through Maven
# the first time; two callers at once fetch once.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pom=$root/tests/kafka/pom.xml
cache=${MILLSTREAM_CACHE:-$root/.cache}/kafka
jars=$cache/$(sha256sum "$pom" | cut -c1-12)

if [ ! -d "$jars" ]; then
    command -v mvn >/dev/null || { echo "fetch-kafka: Maven is missing: run \`make setup\`" >&2; exit 1; }
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    if [ ! -d "$jars" ]; then
        echo "fetch-kafka: fetching Apache Kafka through Maven into $jars (44 MB, once)" >&2
        rm -rf "$jars.part"
        # A copy of the pom: Maven would otherwise look for a `target` folder beside the one in the source tree.
        mkdir -p "$jars.part" && cp "$pom" "$cache/pom.xml"
        mvn -q -B -f "$cache/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$jars.part" >&2
        mv "$jars.part" "$jars"
    fi
fi
echo "$jars"
