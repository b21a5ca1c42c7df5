# Every command of the repository; `make help` lists them, CI calls only these.
# Needs rustup, Python 3, a C compiler and make; the rest is fetched into ignored folders.

.DEFAULT_GOAL := help
.PHONY: help run test check build crs ftw waf-tune bench bench-waf fuzz test-envoys demo clean toolchain

# What ships: a folder filters/<name>/module is built and becomes dist/<name>.wasm.
MODULES := $(sort $(patsubst filters/%/module/Cargo.toml,%,$(wildcard filters/*/module/Cargo.toml)))
MODULE_PACKAGES := $(MODULES:%=portcullis-%-module)
# What the benchmarks, and their budgets in the tests, compare our modules with; none ships.
YARDSTICKS := portcullis-noop-sdk portcullis-noop-runtime portcullis-noop-hold portcullis-noop-calls
# These only link for wasm32.
WASM_PACKAGES := $(MODULE_PACKAGES) $(YARDSTICKS) portcullis-probe
WASM := wasm32-wasip1

TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
WASM_DIR := $(TARGET_DIR)/$(WASM)/release
# Where the tests find what they load; absolute, as cargo runs each test in its own folder.
TEST_ENV := PORTCULLIS_DIST="$(CURDIR)/dist" PORTCULLIS_PROBE="$(abspath $(WASM_DIR))/portcullis_probe.wasm"

# Versions of the compatibility matrix beside the pinned one (1.38's wheel has no V8).
OTHER_ENVOYS := 1.36.4 1.37.0 1.39.3
# What only the next edit would make use of is gigabytes of a whole run; `make … CARGO_INCREMENTAL=1` keeps it.
export CARGO_INCREMENTAL ?= 0
# Seconds for each fuzz target.
TIME ?= 60
# A release of OWASP CRS; where it is not set, `make crs` fetches the one that get-crs.sh has pinned.
CRS_DIR ?=
CRS_PLUGINS_DIR ?=
# A target folder of its own: the same packages with another feature would be built again and again.
CRS_TARGET := $(TARGET_DIR)/crs
# Tests of the rule set that `make ftw` runs, such as 942100; all of them unless set.
FTW ?=
# Envoy's log that `make waf-tune` reads, and options: --inbound N, --outbound N.
LOG ?=
TUNE ?=
# Options of the benchmarks: --quick, --rows TEXT.
BENCH ?=

help: ## Lists these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

run: build ## Starts an echo upstream and Envoy with envoy/envoy.yaml (PORT, TLS_PORT, ADMIN_PORT, UPSTREAM_PORT)
	@cargo build --quiet -p portcullis-echo
	@exec envoy/run.sh

test: build ## Runs every test, from nothing: native, wasm modules on wasmtime, a real Envoy
	cargo build --release --target $(WASM) -p portcullis-probe $(YARDSTICKS:%=-p %)
	envoy=$$(envoy/get.sh) && \
	ENVOY="$$envoy" $(TEST_ENV) cargo test --workspace --no-fail-fast $(WASM_PACKAGES:%=--exclude %)

check: toolchain ## Checks format, lints with warnings as errors, the docs' build and the repository's own rules
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(WASM_PACKAGES:%=--exclude %) -- -D warnings
	cargo clippy --target $(WASM) $(WASM_PACKAGES:%=-p %) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps $(WASM_PACKAGES:%=--exclude %)
	cargo test --quiet -p portcullis-tidy

build: toolchain demo ## Builds every module into dist/<name>.wasm
	cargo build --release --target $(WASM) $(MODULE_PACKAGES:%=-p %)
	@mkdir -p dist
	@set -e; for module in $(MODULES); do \
	    built="$(WASM_DIR)/portcullis_$$(echo $$module | tr - _)_module.wasm"; \
	    cmp -s "$$built" dist/$$module.wasm || { \
	        cp "$$built" dist/.$$module.$$$$ && mv -f dist/.$$module.$$$$ dist/$$module.wasm; }; \
	done
	@ls -l dist/*.wasm | awk '{printf "  %s  %.0f KiB\n", $$NF, $$5 / 1024}'

crs: toolchain ## Builds dist/waf-crs.wasm and dist/gateway-crs.wasm with the OWASP CRS of CRS_DIR, or of the pinned release, which it fetches
	@set -e; crs="$(CRS_DIR)"; \
	[ -n "$$crs" ] || { crs="$$(filters/waf/embedded/get-crs.sh)"; echo "CRS_DIR is not set: taking $$crs"; }; \
	[ -d "$$crs/rules" ] || { echo "CRS_DIR=$$crs has no folder rules: give the folder of an OWASP CRS release" >&2; exit 1; }; \
	export CRS_DIR="$$(cd "$$crs" && pwd)"; \
	$(if $(CRS_PLUGINS_DIR),export CRS_PLUGINS_DIR="$(abspath $(CRS_PLUGINS_DIR))";) \
	cargo build --release --target $(WASM) --target-dir $(CRS_TARGET) \
	    -p portcullis-waf-module --features portcullis-waf-module/crs -p portcullis-gateway-module --features portcullis-gateway-module/crs; \
	mkdir -p dist; \
	for module in waf gateway; do \
	    cp "$(CRS_TARGET)/$(WASM)/release/portcullis_$${module}_module.wasm" dist/.$$module-crs.$$$$ && \
	    mv -f dist/.$$module-crs.$$$$ dist/$$module-crs.wasm; \
	done; \
	ls -l dist/*-crs.wasm | awk '{printf "  %s  %.0f KiB\n", $$NF, $$5 / 1024}'

ftw: toolchain ## Runs the tests of the OWASP CRS in CRS_DIR, or of our own rules: in-process, as a module, through Envoy (FTW=942100)
	@set -e; crs="$(if $(CRS_DIR),$(abspath $(CRS_DIR)))"; \
	if [ -n "$$crs" ]; then export CRS_DIR="$$crs"; module=waf-crs; maker="make crs"; \
	else unset CRS_DIR; module=waf; maker="make build"; fi; \
	ways=; \
	if [ -f dist/$$module.wasm ]; then \
	    ways="--module --envoy"; envoy=$$(envoy/get.sh); export ENVOY="$$envoy"; \
	else \
	    echo "dist/$$module.wasm is not there: nothing runs as a module and through Envoy; $$maker builds it"; \
	fi; \
	$(TEST_ENV) cargo run --release --quiet -p portcullis-ftw -- $$ways $(FTW)

waf-tune: toolchain ## Prints the smallest exclusions that let pass what the WAF refused in LOG (LOG=envoy.log)
	@[ -n "$(LOG)" ] || { echo "LOG is not set: give the log of Envoy, as in make waf-tune LOG=envoy.log" >&2; exit 1; }
	@cargo run --quiet -p portcullis-waf-tune -- "$(LOG)" $(TUNE)

bench-waf: ## Measures the WAF: requests beside libmodsecurity in nginx, hostile bodies, starting; needs CRS_DIR, make build crs
	@[ -n "$(CRS_DIR)" ] || { echo "CRS_DIR is not set: there is no rule set to measure" >&2; exit 1; }
	@[ -f dist/waf-crs.wasm ] && [ -f dist/waf.wasm ] || { echo "dist/waf-crs.wasm or dist/waf.wasm is not there: run make build crs first" >&2; exit 1; }
	cargo build --release --target $(WASM) $(YARDSTICKS:%=-p %)
	@envoy=$$(envoy/get.sh) && \
	ENVOY="$$envoy" CRS_DIR="$(abspath $(CRS_DIR))" $(TEST_ENV) cargo run --release -p portcullis-bench-waf -- $(BENCH)

bench: build ## Measures Envoy's CPU per request and its memory, with and without our modules
	cargo build --release --target $(WASM) $(YARDSTICKS:%=-p %)
	@envoy=$$(envoy/get.sh) && \
	ENVOY="$$envoy" $(TEST_ENV) cargo run --release -p portcullis-bench -- $(BENCH)

fuzz: toolchain ## Fuzzes every parser for TIME seconds each (make fuzz TIME=60)
	cargo run --profile fuzz -p portcullis-fuzz -- $(TIME)

test-envoys: build ## Runs the end-to-end tests on every other Envoy that we support
	cargo build --release --target $(WASM) -p portcullis-probe
	set -e; for version in $(OTHER_ENVOYS); do \
	    envoy=$$(unset ENVOY; envoy/get.sh $$version); \
	    echo "== Envoy $$version"; \
	    ENVOY="$$envoy" $(TEST_ENV) cargo test --no-fail-fast -p portcullis-e2e; \
	done

demo: toolchain ## Makes the demo's keys, tokens and certificates in .demo/, anew when they are about to expire
	@cargo run --quiet -p portcullis-demo -- .demo
	@envoy/certs.sh

clean: ## Removes what was built (the fetched Envoys in .tools/ stay)
	cargo clean
	rm -rf dist .demo

# Not in `help`: what the others need. Each missing thing is one sentence with its remedy.
toolchain:
	@command -v cargo >/dev/null || { echo "cargo is missing: install rustup from https://rustup.rs, open a new shell and try again" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "cc is missing: install a C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev) and try again" >&2; exit 1; }
	@cargo --version >/dev/null 2>&1 || rustup toolchain install $$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml) --profile minimal
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || rustup component add rustfmt clippy
	@test -d "$$(rustc --print target-libdir --target $(WASM))" || \
	    { command -v rustup >/dev/null || { echo "rustup is missing, and this Rust has no target $(WASM): install rustup from https://rustup.rs" >&2; exit 1; }; \
	      rustup target add $(WASM); }
