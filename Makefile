# Thin front: each target calls CMake or a script that can also be called by hand. `make help` lists them.
BUILD := build/release
WORKSPACE ?=
PREFIX ?= /usr/local
OUT ?=
FUZZ_TIME ?= 60
export WORKSPACE OUT FUZZ_TIME

.PHONY: help build run test fuzz install format tidy clean
.DEFAULT_GOAL := help

help: ## Show these targets
	@awk '/^ifneq/ { f = $$0; sub(/.*wildcard /, "", f); sub(/\).*/, "", f); hide = system("test -e " f) } \
	      /^endif/ { hide = 0 } \
	      !hide && /^[a-z-]+:.*## / { split($$0, a, /:.*## /); printf "  make %-17s %s\n", a[1], a[2] }' Makefile

build: ## Build build/release/parseltongue
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)

run: ## Index a real crate and ask it questions (WORKSPACE=path: yours)
	@scripts/setup.sh --run
	@$(MAKE) --no-print-directory build
	@scripts/run-tour.sh

test: ## Everything that must hold: units, end to end, layers, format, lint, sanitizers
	@scripts/setup.sh --test
	@scripts/test.sh

# A benchmark is a program in bench/; without it the target is neither offered nor defined.
ifneq ($(wildcard bench/run.py),)
.PHONY: bench
bench: ## Speed and memory beside the peers, in one run (OUT=file: JSON)
	@scripts/setup.sh --bench
	@$(MAKE) --no-print-directory build
	@python3 bench/run.py $(if $(OUT),--out $(OUT))
endif
ifneq ($(wildcard bench/accuracy/run.py),)
.PHONY: bench-accuracy
bench-accuracy: ## Precision and recall held against rustc (OUT=file: JSON)
	@scripts/setup.sh --bench
	@$(MAKE) --no-print-directory build
	@python3 bench/accuracy/run.py
	@python3 bench/accuracy/peers.py $(if $(PEERS_OUT),--out $(PEERS_OUT))
endif

ifneq ($(wildcard bench/store/run.py),)
.PHONY: bench-store
bench-store: ## The native store beside SQLite, LMDB, igraph, GraphBLAS (SIZES=1M,10M,100M,1B; CRASHES=N; OUT=file: JSON)
	@scripts/setup.sh --bench
	@$(MAKE) --no-print-directory build
	@python3 bench/store/run.py --sizes $(or $(SIZES),1M,10M) --crashes $(or $(CRASHES),0) $(if $(OUT),--out $(OUT))
endif

ifneq ($(wildcard bench/live/run.py),)
.PHONY: bench-live bench-live-law bench-live-load bench-live-peers bench-live-flat bench-soak bench-debian bench-trees
bench-trees:
	@scripts/setup.sh --bench
	@$(MAKE) --no-print-directory build
	@python3 bench/run.py --quick --only index >/dev/null

bench-live: bench-trees ## The daemon: from a save to the answer, and questions over its socket (OUT=file: JSON)
	@python3 bench/live/run.py $(if $(OUT),--out $(OUT))

bench-live-law: bench-trees ## After each of EDITS edits (1,000) of three trees: what a fresh index gives (OUT=file: JSON)
	@python3 bench/live/law.py $(if $(EDITS),--edits $(EDITS)) $(if $(OUT),--out $(OUT))

bench-live-load: bench-trees ## The daemon under load: a checkout, questions beside edits, many files (OUT=file: JSON)
	@python3 bench/live/load.py $(if $(OUT),--out $(OUT))

bench-live-peers: bench-trees ## How long after a save an answer shows it, beside the peers (OUT=file: JSON)
	@python3 bench/live/peers.py $(if $(OUT),--out $(OUT))

bench-live-flat: bench-trees ## The daemon's memory over EDITS edits (10,000) (OUT=file: JSON)
	@python3 bench/live/flat.py $(if $(EDITS),--edits $(EDITS)) $(if $(OUT),--out $(OUT))

bench-soak: bench-trees ## The daemon under everything that happens to it, for MINUTES (30) (OUT=file: JSON)
	@python3 bench/live/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(if $(OUT),--out $(OUT))

bench-debian: bench-trees ## Some 900 crates, 9 million lines, as one tree (OUT=file: JSON)
	@python3 bench/corpora/fetch.py >/dev/null
	@python3 bench/debian/run.py $(if $(OUT),--out $(OUT))
endif

ifneq ($(wildcard bench/surfaces/run.py),)
.PHONY: bench-surfaces bench-context bench-dashboard
bench-surfaces: bench-trees ## What each way to ask costs: socket, HTTP, MCP, command line (OUT=file: JSON)
	@python3 bench/surfaces/run.py $(if $(OUT),--out $(OUT))

bench-dashboard: bench-trees ## The dashboard with thousands of items, in Chromium (TREE=tokio|library|compiler, OUT=file: JSON)
	@scripts/setup.sh --test
	@build/venv/bin/python3 bench/dashboard/run.py $(if $(TREE),--tree $(TREE)) $(if $(OUT),--out $(OUT))

bench-context: ## Does context hold what real commits touched, beside grep and a peer? (REPO=gitdir, OUT=file: JSON)
	@scripts/setup.sh --bench --test
	@$(MAKE) --no-print-directory build
	@build/venv/bin/python3 bench/context/run.py $(if $(REPO),--repo $(REPO)) $(if $(OUT),--out $(OUT))
endif

fuzz: ## Run each fuzzer for FUZZ_TIME seconds
	@scripts/setup.sh --test
	@scripts/fuzz.sh

install: build ## Install under PREFIX (default /usr/local), honours DESTDIR
	@cmake --install $(BUILD) --prefix $(PREFIX)

format: ## Format the C sources in place
	@scripts/format.sh

tidy: ## Run clang-tidy over the C sources that changed since it last passed
	@scripts/tidy.sh

clean: ## Remove build/
	@rm -rf build
