# Two commands matter: `go run ./cmd/plumbline demo` shows the product, `make test` runs every test on the real parts.
export CGO_ENABLED = 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: build test quick parts real lint bench calibration flights cover clean

build: ## one static binary in bin/
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/plumbline ./cmd/plumbline

test: parts lint quick real ## everything, with every real part

quick: ## needs nothing but Go
	go test ./...

parts: ## fetches the pinned real parts into the cache folder, installs what is missing where it may
	./scripts/parts

real: parts ## the tests that need the ClickHouse engine, Apache Kafka, Prometheus and Alertmanager
	go test -tags real -p 1 -timeout 15m $$(./scripts/real-packages)

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these files'; exit 1; }
	go vet ./...
	go vet -tags real ./...
	go tool staticcheck ./...
	go tool staticcheck -tags real ./...

bench: ## ratios against a floor measured in the same run
	./bench/run

calibration: ## what the statistics promise, measured; writes docs/calibration.md
	go run ./bench/calibration -o docs/calibration.md

flights: ## ten months of the full log, named by PLUMBLINE_FLIGHTS; writes the tables of docs/flights.md
	@test -n "$(PLUMBLINE_FLIGHTS)" || { echo 'PLUMBLINE_FLIGHTS must name the folder of the full flights log'; exit 1; }
	go run ./bench/flights -o docs/flights.md

cover:
	go test -coverprofile=bin/cover.out ./... && go tool cover -func=bin/cover.out | tail -1

clean:
	rm -rf bin
