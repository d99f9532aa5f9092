# Two commands are enough: "make run" shows the hub at work, "make test" proves it. Both need Go and Node and nothing
# else; what they need beyond that is fetched at pinned versions.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

GO      ?= go
BIN     := bin
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/tocsin-hub/tocsin/internal/version.number=$(VERSION)
LINT    := $(BIN)/golangci-lint
# Without a colour or a notice of newer versions: what npm says is read in logs.
NPM     := npm --silent
CONSOLE_SOURCE = $(shell find console -path console/node_modules -prune -o -path console/dist -prune -o -path console/e2e -prune -o \
                   -type f \( -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.html' -o -name '*.svg' -o -name '*.mjs' \) -print) $(wildcard docs/*.md)
# Packages built or tested; make test PKG=./internal/journal/... looks at one room.
PKG     ?= ./...
# The race detector needs a C compiler; without one the tests run all the same, and say so. SQLite is C translated to Go:
# watching its every memory access took most of the time of all tests, to look for races that are not ours. What calls it
# is watched, the driver included.
UNWATCHED = modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory
RACE    := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v $$($(GO) env CC) >/dev/null 2>&1 && \
             echo -race $(foreach p,$(UNWATCHED),-gcflags=$(p)=-race=false))

# Reference material beside the checkout, where it exists: some tests use it and are skipped without it.
TOCSIN_SHARED ?= $(wildcard $(abspath ../shared))
ifneq ($(TOCSIN_SHARED),)
export TOCSIN_SHARED
endif

# The packages whose tests keep golden files: they know the flag -update.
GOLDEN = $(addprefix ./,$(shell grep -rl --include='*_test.go' -e 'Bool."update"' -e 'connectortest[.]' internal | xargs -n1 dirname | sort -u))

say = @printf '\033[1m• %s\033[0m\n' "$(1)"

##@ Start here
.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
	     /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build, start the hub with a demo workspace, show what was delivered where; keeps serving
	$(call say,starting the demo (Ctrl-C stops it))
	@exec $(BIN)/tocsin demo

.PHONY: test
test: fmt lint console-check race browser ## Everything CI runs; what go vet finds, lint finds
	$(call say,all good)

##@ Every day
.PHONY: build
build: console ## Build bin/tocsin
	$(call say,building $(BIN)/tocsin $(VERSION) (the first time takes a minute or two))
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/tocsin ./cmd/tocsin

.PHONY: check
check: fmt vet ## The fast part of make test, before a commit
	$(call say,testing without the race detector; long tests in their short form)
	@$(GO) test -short $(PKG)

.PHONY: race
race: ## All tests, with the race detector where there is a C compiler
	$(call say,testing $(if $(RACE),with the race detector,WITHOUT the race detector: no C compiler found))
	@$(GO) test $(RACE) -timeout 10m $(PKG)

# With the flags of the tests: what lint compiles to know the types is then compiled once for both.
.PHONY: lint
lint: $(LINT) ## golangci-lint, with the floors of ARCHITECTURE.md
	$(call say,linting)
	@GOFLAGS="$$($(GO) env GOFLAGS) $(RACE)" $(LINT) run $(PKG)

.PHONY: golden
golden: ## Write the golden files anew; look at the difference before you commit it
	$(call say,writing golden files)
	@$(GO) test -count=1 $(GOLDEN) -update
	@git status --short -- '*testdata*' docs

.PHONY: docs
docs: ## Write the generated pages anew (settings, connectors' field tables)
	$(call say,writing generated docs)
	@$(GO) test -count=1 -run 'Docs|Readme|README' $(GOLDEN) -update

##@ Proof
.PHONY: torture
torture: ## Try every fault of docs/reliability.md on a real hub and account for every event; about an hour (ARGS="-faults kill -rounds 20")
	$(call say,torture: every acknowledged event must be accounted for)
	@$(GO) run ./internal/harness/cmd/torture $(ARGS)

.PHONY: bench
bench: ## Measure throughput, latency and memory; prints a table (ARGS for flags)
	$(call say,measuring; leave the machine alone meanwhile)
	@$(GO) run ./internal/harness/cmd/bench $(ARGS)

# Apart from make bench: that needs no browser, and what both measure needs the machine to itself.
.PHONY: bench-console
bench-console: build ## Measure how the console loads and scrolls, in a real browser (ARGS=load or ARGS=scroll for one)
	@TOCSIN_BROWSER="$$(console/scripts/chromium.sh)" && export TOCSIN_BROWSER && cd console && $(NPM) run bench -- $(ARGS)

.PHONY: verify
verify: ## Check module checksums, licences of dependencies, and the builds for other platforms
	$(call say,checking module checksums)
	@$(GO) mod verify
	$(call say,checking licences of what is linked in)
	@$(GO) run -C tools ./licences ../cmd/tocsin
	$(call say,building for other platforms)
	@for p in linux/arm64 darwin/amd64 darwin/arm64; do echo "  $$p"; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -o /dev/null ./cmd/tocsin; done

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what is linked in (needs the vulnerability database's site)
	$(call say,looking for known vulnerabilities)
	@$(GO) build -C tools -o $(abspath $(BIN))/govulncheck golang.org/x/vuln/cmd/govulncheck
	@out="$$($(BIN)/govulncheck ./cmd/tocsin 2>&1)" && echo "$$out" || { \
	  if grep -qE 'fetching vulnerabilities|no such host|connection refused|dial tcp' <<<"$$out"; then \
	    echo "  skipped: the vulnerability database cannot be reached from here"; \
	  else echo "$$out"; exit 1; fi; }

##@ The rest
.PHONY: console
console: ## Build the console into console/dist, where the binary takes it from; without Node there is none, and the hub says so
	@if command -v npm >/dev/null; then $(MAKE) -s console/dist/index.html; \
	 else echo "  no Node here: building without the console (the hub works; / says how to have it)"; fi

console/dist/index.html: console/node_modules/.package-lock.json $(CONSOLE_SOURCE)
	$(call say,building the console)
	@cd console && $(NPM) run build -- --logLevel error

console/node_modules/.package-lock.json: console/package.json console/package-lock.json
	$(call say,fetching what the console is built with (once))
	@cd console && $(NPM) install --no-save --ignore-scripts --loglevel error && touch node_modules/.package-lock.json

.PHONY: console-check
console-check: console/node_modules/.package-lock.json ## The console's format, lint, types and units, and whether its client fits the API
	$(call say,checking the console)
	@cd console && $(NPM) run generate -- --check && $(NPM) run check && $(NPM) test -- --reporter=dot

.PHONY: browser
browser: build ## The console's flows in a real browser, against a hub of their own (ARGS for Playwright's flags)
	@TOCSIN_BROWSER="$$(console/scripts/chromium.sh)" && export TOCSIN_BROWSER && echo -e "\033[1m• trying the console in $$TOCSIN_BROWSER\033[0m" && \
	 cd console && $(NPM) run e2e -- $(ARGS)

.PHONY: screenshots
screenshots: build ## Pictures of every page in both themes, 1440 and 390 pixels wide, in console/screenshots
	@TOCSIN_BROWSER="$$(console/scripts/chromium.sh)" && export TOCSIN_BROWSER && cd console && $(NPM) run screenshots -- $(ARGS)
	$(call say,see console/screenshots)

.PHONY: clean
clean: ## Remove what was built; ./data stays (remove it by hand)
	@rm -rf $(BIN)

.PHONY: fmt vet
fmt:
	$(call say,checking the format)
	@out="$$(gofmt -l cmd console/*.go internal tools)"; [ -z "$$out" ] || { echo "run gofmt -w on:"; echo "$$out"; exit 1; }

vet:
	$(call say,vetting)
	@$(GO) vet $(PKG)

# The tools live in a module of their own, so that they are pinned and go.mod stays clean. It is built with the flags of
# make build: what both need of the standard library is compiled once.
$(LINT): tools/go.mod tools/go.sum
	$(call say,building golangci-lint (once; a minute or two))
	@CGO_ENABLED=0 $(GO) build -C tools -trimpath -ldflags '-s -w' -o $(abspath $(LINT)) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
