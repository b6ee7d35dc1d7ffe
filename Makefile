# Everything here needs Go and nothing else, with two exceptions: interop needs root
# and the programs that .ci/run installs; web and web-test, which are for those who
# change the page, need Node 20.19 or newer, and web-test chromium.

GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s
BENCH       ?= .
PLATFORMS   := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# A tagged commit is a release; any other build keeps the version in the source.
VERSION ?= $(shell git describe --tags --exact-match --match 'v*' 2>/dev/null | sed 's/^v//')
LDFLAGS := -s -w$(if $(VERSION), -X gotor/cmd.version=$(VERSION))
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)"

# Where make install puts things; DESTDIR is for packagers.
PREFIX  ?= /usr/local
DESTDIR ?=
BINDIR  = $(DESTDIR)$(PREFIX)/bin
SHARE   = $(DESTDIR)$(PREFIX)/share

.PHONY: build install uninstall help test race interop sim bench fuzz demo cross release lint web web-test clean

build: ## a static binary for this machine
	$(BUILD) -o gotor .

install: build ## the binary, manual pages and completions below PREFIX (/usr/local)
	install -d $(BINDIR) $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 755 gotor $(BINDIR)/gotor
	./gotor man -o $(SHARE)/man/man1
	./gotor completion bash > $(SHARE)/bash-completion/completions/gotor
	./gotor completion zsh > $(SHARE)/zsh/site-functions/_gotor
	./gotor completion fish > $(SHARE)/fish/vendor_completions.d/gotor.fish

uninstall: ## what install put there
	rm -f $(BINDIR)/gotor $(SHARE)/man/man1/gotor.1 $(SHARE)/man/man1/gotor-*.1
	rm -f $(SHARE)/bash-completion/completions/gotor $(SHARE)/zsh/site-functions/_gotor $(SHARE)/fish/vendor_completions.d/gotor.fish

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

test: ## the tests that run anywhere
	$(GO) test ./...

# The detector makes cmd, piece and torrent several times slower: on two cores that
# others use, too, a package came close to the ten minutes that go test gives it.
race: ## the same, with the race detector and in random order; needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 20m ./...

interop: ## against other programs; needs root
	$(GO) test -count=1 -tags interop -run 'TestInterop|TestOpentracker' -parallel 8 -timeout 20m ./tracker ./cmd ./cmd/api

sim: ## whole swarms in virtual time, against the bound; an hour of one processor
	GOMAXPROCS=1 GOTOR_SIM=full $(GO) test -count=1 -run '^TestSim(WebFleet)?$$' -v -timeout 2h ./torrent

bench: ## benchmarks beside their floors, in one run
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) .ci/fuzz

demo: build ## tracker, seeder and download on loopback
	$(GO) run ./testdata/demo -gotor ./gotor

cross: $(addprefix cross-,$(subst /,-,$(PLATFORMS))) ## binaries for all platforms, in dist/

cross-%: os = $(word 1,$(subst -, ,$*))
cross-%: arch = $(word 2,$(subst -, ,$*))
cross-%:
	GOOS=$(os) GOARCH=$(arch) $(BUILD) -o dist/gotor-$*$(if $(filter windows,$(os)),.exe) .

release: ## archives with completions, manual pages and checksums, in dist/release/; needs GNU tar and zip
	.ci/release

lint: ## formatting and static checks
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then echo "not formatted:" $$unformatted; exit 1; fi
	$(GO) vet ./... ./testdata/demo
	$(GO) vet -tags interop ./cmd ./tracker
	$(GO) run $(STATICCHECK) -tags interop ./... ./testdata/demo

WEB := cd cmd/web &&

web: cmd/web/node_modules/.package-lock.json ## build the page, which is committed, from its sources
	$(WEB) npm run build

web-test: cmd/web/node_modules/.package-lock.json ## the page: types, lint, units, bundle, and a real browser
	$(WEB) npm run check
	$(WEB) npm run e2e

cmd/web/node_modules/.package-lock.json: cmd/web/package-lock.json
	$(WEB) npm ci --no-audit --no-fund
	@touch $@

clean: ## remove what was built
	rm -rf gotor gotor.exe dist
