# `make run` and `make test` need nothing but Rust.

# Arguments for the program: make run ARGS="--data /tmp/shop --reset"
ARGS ?=
# Invoices and options for the replay: make replay ORDERS=orders.csv.gz ARGS="--limit 500"
ORDERS ?=
# What bench measures: embedded or sqlserver.
STORE ?= embedded

.PHONY: run test test-redis test-sqlserver signalr-client test-signalr check bench replay openapi lint-template

## Starts the whole system; Ctrl-C stops it.
run:
	cargo run --release -p souk-local --bin souk -- $(ARGS)

## Every test, on the embedded parts.
test:
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; else cargo test --workspace --no-fail-fast; fi

## The adapters' and the end-to-end tests again, each with a private redis-server.
test-redis:
	@command -v redis-server >/dev/null || { echo "redis-server is not installed"; exit 1; }
	SOUK_TEST_REDIS=redis-server cargo test -p souk-local -p souk-redis --test end_to_end --test contract -- --test-threads 2

## The contract of a store and the end-to-end tests on a SQL Server. Empties the database of SOUK_TEST_SQLSERVER_URL, which is
## sqlserver://user:password@host:port/database?…; refuses one with a shop that no test made.
test-sqlserver:
	@test -n "$$SOUK_TEST_SQLSERVER_URL" || { echo "SOUK_TEST_SQLSERVER_URL is not set"; exit 1; }
	cargo test -p souk-conformance --test sqlserver --test sqlserver_schema --no-fail-fast -- --test-threads 2
	cargo test -p souk-local --test end_to_end --no-fail-fast -- --test-threads 2

## Installs Microsoft's SignalR client under target/, in the versions of tests/signalr/package-lock.json.
signalr-client:
	@command -v npm >/dev/null || { echo "npm is not installed"; exit 1; }
	mkdir -p target/signalr
	cp tests/signalr/package.json tests/signalr/package-lock.json tests/signalr/client.mjs target/signalr/
	npm ci --no-audit --no-fund --ignore-scripts --prefix target/signalr

## That client against the shop; Node must be 20 or newer.
test-signalr: signalr-client
	cargo test -p souk-local --test end_to_end -- signalr_client:: --ignored --test-threads 2

## Format, lints, unused or unsound dependencies.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check licenses bans sources; else echo "SKIPPED cargo deny: not installed (cargo install cargo-deny)"; fi
	@if command -v cargo-machete >/dev/null; then cargo machete; else echo "SKIPPED cargo machete: not installed (cargo install cargo-machete)"; fi

## Speed: orders, cached reads, commit to frame; each against a baseline of the same run. STORE=sqlserver measures the store on
## the SQL Server of SOUK_TEST_SQLSERVER_URL, whose database is emptied.
bench:
	cargo build --release -p souk-local -p souk-tools
	target/release/bench --souk target/release/souk --store $(STORE) $(ARGS)

## Plays invoices against a running shop and checks its books.
replay:
	cargo run --release -p souk-tools --bin replay -- --orders $(ORDERS) $(ARGS)

## Writes docs/openapi.json as the shop serves it.
openapi:
	SOUK_UPDATE=1 cargo test --quiet -p souk-local --test end_to_end the_open_api_document

## Checks template.yaml with cfn-lint (a Python package).
lint-template:
	@if command -v cfn-lint >/dev/null; then cfn-lint template.yaml; else echo "SKIPPED cfn-lint: not installed (pip install cfn-lint)"; fi
