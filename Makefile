# `make help` lists the targets. .ci/run is what continuous integration runs.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools that are not on this machine are installed below .cache, nowhere else.
CACHE := $(CURDIR)/.cache
LINT  := $(CACHE)/bin/golangci-lint-v2.15.0
export PATH := $(CACHE)/venv/bin:$(PATH)

# The race detector runs where goroutines are ours and no C code has to be built
# with it.
NO_RACE := /(cmd/trailkeeper|internal/(bench|duckdb|house|search|tally)|queries)(/|$$)

.PHONY: help build test demo bench lint

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/trailkeeper
	@.ci/prerequisites build
	go build -trimpath -o bin/trailkeeper ./cmd/trailkeeper

test: ## run every test, vet included; skipped tests are listed at the end
	@.ci/prerequisites test
	go vet ./...
	@( status=0; all=$$(go list ./...); \
	  go test -json -timeout 60m -race $$(grep -Ev '$(NO_RACE)' <<< "$$all") || status=$$?; \
	  go test -json -timeout 60m $$(grep -E '$(NO_RACE)' <<< "$$all") || status=$$?; \
	  exit $$status ) | go run ./internal/tally

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
