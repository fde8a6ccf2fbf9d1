# What a person types to work on Millstream. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Both can lie elsewhere, so that several clones share them.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export MILLSTREAM_CACHE ?= $(CURDIR)/.cache
TOOLS := $(MILLSTREAM_CACHE)/tools/venv/bin

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

setup: ## install what is missing to build and test (apt, rustup, pip), and say so
	@scripts/setup.sh

setup-build:
	@scripts/setup.sh build

build: setup-build ## build the millstream binary (release): $CARGO_TARGET_DIR/release/millstream
	cargo build --release --locked -p millstream --bin millstream
	@echo "built: $(CARGO_TARGET_DIR)/release/millstream"

dist: ## the same as releases ship it: optimised as a whole, tables on disks; about 35 minutes: $CARGO_TARGET_DIR/dist/millstream
	@scripts/setup.sh dist
	cargo build --profile dist --locked -p millstream --bin millstream --features disk-tables
	@echo "built: $(CARGO_TARGET_DIR)/dist/millstream"

demo: setup-build ## 100,000 events through four of the examples and an embedded broker; KEEP=1 leaves it running
	@scripts/demo.sh

test: setup ## every check there is; T=name runs the end-to-end tests whose name holds that
	@scripts/test.sh $(if $(T),e2e)

bench: setup ## what a host costs against native code, a bare loop and a Java loop, on a real broker; ARGS=--help
	@scripts/bench.sh $(ARGS)

bench-sdks: setup ## what the same jobs cost in each language's SDK: one table
	@scripts/bench.sh sdks

fmt: ## format everything
	cargo fmt --all
	@for dir in guest-examples/rust/*/ tests/conformance/rust/ tests/guests/ tests/bench/guests/ tests/bench/sdks/rust/ sdk/rust/fields/bench/ tests/fuzz/libfuzzer/; do (cd $$dir && cargo fmt --all) || exit 1; done

lint: setup ## clippy without warnings, workspace and guests
	@scripts/test.sh lint

fuzz: setup-build ## fuzz everything that parses what others wrote, SECONDS=60 each; TARGET=name for one
	@scripts/fuzz.sh "$(or $(SECONDS),60)" "$(TARGET)"

sanitize: setup ## the modules with unsafe code under valgrind, AddressSanitizer and Miri
	@scripts/sanitize.sh

conformance: setup ## what each language's SDK can do, by the contract's vectors, as a table
	cargo build --locked --workspace --bins --features millstream/disk-tables,millstream-tests/disk-tables
	scripts/sdks.sh conformance

MINUTES ?= 20
soak: setup ## hosts under load with things breaking all the time: MINUTES=20, SEED=n to repeat
	@MINUTES=$(MINUTES) SEED=$(SEED) scripts/soak.sh

deny: setup ## licences, bans and sources of all dependencies
	@scripts/test.sh deny

advisories: setup ## known vulnerabilities in dependencies (fetches a database from the network)
	$(TOOLS)/cargo-deny --locked --workspace --all-features check advisories

clean: ## remove what was built; fetched tools and Kafka stay in .cache
	cargo clean
	rm -rf guest-examples/rust/*/target tests/guests/target tests/bench/guests/target tests/bench/sdks/rust/target tests/conformance/rust/target
	rm -rf guest-examples/*/*/build guest-examples/*/*/node_modules tests/conformance/*/build tests/conformance/*/node_modules tests/bench/sdks/*/*/build tests/bench/sdks/javascript/node_modules sdk/*/build sdk/*/dist sdk/*/node_modules

.PHONY: bench-sdks conformance help setup setup-build build dist demo test bench fmt lint fuzz sanitize soak deny advisories clean
