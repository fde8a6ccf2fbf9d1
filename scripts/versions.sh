# shellcheck shell=bash
# Versions of the prebuilt cargo tools that `make setup` installs.
# shellcheck disable=SC2034
CARGO_DENY=0.20.2
CARGO_NEXTEST=0.9.148
