# `make help` lists the targets. .ci/run is what continuous integration runs.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools that are not on this machine are installed below .cache, nowhere else.
CACHE := $(CURDIR)/.cache
LINT  := $(CACHE)/bin/golangci-lint-v2.15.0
export PATH := $(CACHE)/venv/bin:$(PATH)

# gzip files are unpacked by libdeflate where pkg-config finds it, else by Go code.
# Release builds link it statically: make build STATIC=1.
TAGS := $(shell .ci/libdeflate --tags)
ifneq ($(STATIC),)
export PKG_CONFIG := $(CURDIR)/.ci/libdeflate
endif
GOFLAGS += $(if $(TAGS),-tags=$(TAGS))
export GOFLAGS

# The race detector multiplies the time of a test. It runs where the code has
# goroutines, and at night wherever no C code has to be built with it.
RACE    := /internal/(bundle|custody|czstd|folderstore|ingest|lake|memstore|mirror|moto|progress|publickeys|s3archive|sandbox|scan|simulate|trail/converge|trailstatus|verify)(/|$$)
NO_RACE := /(cmd/trailkeeper|internal/(bench|duckdb|house|mutate|search|tally)|queries)(/|$$)

# What decides whether evidence is believed; see internal/mutate.
MUTATE := event predicate digest archive policy filterpattern logfile internal/lookup internal/trail/names.go

.PHONY: help build test test-engines race nightly fuzz mutate demo bench lint

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/trailkeeper; with STATIC=1 libdeflate is linked statically
	@.ci/prerequisites build
	go build -trimpath -o bin/trailkeeper ./cmd/trailkeeper

test: ## run every test, vet included; skipped tests are listed at the end
	@.ci/prerequisites test
	go vet ./...
	@go test -json -timeout 60m ./... | go run ./internal/tally

race: ## run the tests of code with goroutines once more, with the race detector
	@.ci/prerequisites test
	@go test -json -timeout 60m -race $$(go list ./... | grep -E '$(RACE)') | go run ./internal/tally

test-engines: ## compare the answers to Athena's SQL with those of a real Trino, fetched once
	@.ci/prerequisites build
	@.ci/trino go test -count=1 -json ./internal/duckdb -run TestTrinoAgrees | go run ./internal/tally

nightly: export TRAILKEEPER_EXHAUSTIVE := 1
nightly: ## run all tests at full length, fuzz tests and mutate (takes hours)
	@.ci/prerequisites test
	go vet ./...
	@( status=0; all=$$(go list ./...); \
	  go test -json -timeout 6h -race $$(grep -Ev '$(NO_RACE)' <<< "$$all") || status=$$?; \
	  go test -json -timeout 6h $$(grep -E '$(NO_RACE)' <<< "$$all") || status=$$?; \
	  exit $$status ) | go run ./internal/tally
	@# A suite that needs a heavy program runs where that can be had; what is missing is said.
	if .ci/trino --check; then $(MAKE) test-engines; fi
	$(MAKE) fuzz
	$(MAKE) mutate

fuzz: ## run each fuzz test for FUZZTIME, 1m
	@.ci/prerequisites build
	@.ci/fuzz $(or $(FUZZTIME),1m)

mutate: ## change the code where evidence is judged; name the changes that no test notices
	@.ci/prerequisites build
	go run ./internal/mutate $(if $(SAMPLE),-sample $(SAMPLE)) $(MUTATE)

demo: build ## see trailkeeper do its job on a made-up organization, without an account
	@bin/trailkeeper demo

bench: ## measure speed and memory as ratios to reference tools (takes minutes)
	@.ci/prerequisites build
	go run ./internal/bench

lint: $(LINT) ## check style and import directions
	@.ci/prerequisites build
	$(LINT) run

$(LINT):
	@.ci/prerequisites build
	@echo "building golangci-lint $(patsubst golangci-lint-%,%,$(notdir $@)) once, which takes minutes"
	@GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(patsubst golangci-lint-%,%,$(notdir $@))
	@mv $(CACHE)/bin/golangci-lint $@
