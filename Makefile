# Joinline's tasks. `make help` lists them.

TEMPL       := github.com/a-h/templ/cmd/templ@v0.3.977
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s
GOFILES      = $(shell git ls-files -co --exclude-standard '*.go' | grep -v '_templ\.go$$')

.DEFAULT_GOAL := help
.PHONY: help test setup check generate lint fuzz bench soak demo screenshots

help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

# Collecting garbage less often spares a tenth of the time.
test: setup check ## install what the tests need, check the code, run every test (browser tests too)
	GOGC=400 GOMEMLIMIT=1GiB go test -race -count=1 -timeout 40m ./...

demo: ## Joinline and a simulated portal, on this machine
	go run . demo

generate: ## write the Go code of the templates anew
	go generate ./...

lint: check ## what test checks before it runs, and staticcheck
	go run $(STATICCHECK) ./...

fuzz: ## feed every parser of outside input for FUZZTIME (10s) each
	@set -e; for dir in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -rhoE '^func Fuzz[A-Za-z]+' $$dir/*_test.go | cut -d' ' -f2); do \
			echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$dir; \
		done; \
	done

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

soak: ## two minutes of people, faults and lost answers, then every word compared with the portal
	go run ./e2e/soak

screenshots: setup ## take the pictures of docs/images again
	JOINLINE_SCREENSHOTS=$(CURDIR)/docs/images go test -count=1 -run '^TestScreenshots$$' ./e2e

setup:
	@sh e2e/setup.sh

# The generated code is up to date, everything is formatted, and vet has nothing to say.
check:
	@before=$$(cat $$(git ls-files -co --exclude-standard '*_templ.go') /dev/null | cksum); go generate ./... >/dev/null 2>&1 || { go generate ./...; exit 1; }; \
	after=$$(cat $$(git ls-files -co --exclude-standard '*_templ.go') /dev/null | cksum); \
	if [ "$$before" != "$$after" ]; then echo "generated code was out of date: it is written now, commit it"; exit 1; fi
	@unformatted=$$(gofmt -l $(GOFILES)); if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; fi
	go vet ./...
