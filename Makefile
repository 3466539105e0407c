# `make run` and `make test` need nothing but Rust.

# Arguments for the program: make run ARGS="--data /tmp/shop --reset"
ARGS ?=
# Invoices and options for the replay: make replay ORDERS=orders.csv.gz ARGS="--limit 500"
ORDERS ?=
# What bench measures: embedded or sqlserver.
STORE ?= embedded
# Requests that test-api makes up for each operation, beside the systematic ones.
CASES ?= 10

.PHONY: run test test-redis test-kills test-sqlserver test-webhook-example signalr-client test-signalr web-client test-web check bench bench-cold replay openapi routes \
	aws-tools lint-template watch test-lambda package deploy new-function test-new-function linters lint-deployment api-linter lint-api api-tester test-api

## Starts the whole system; Ctrl-C stops it.
run:
	cargo run --release -p souk-local --bin souk -- $(ARGS)

## Every test, on the embedded parts.
test:
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; else cargo test --workspace --no-fail-fast; fi

## The adapters' and the end-to-end tests again, each with a private redis-server, and those of a Redis that speaks TLS.
test-redis:
	@command -v redis-server >/dev/null || { echo "redis-server is not installed"; exit 1; }
	SOUK_TEST_REDIS=redis-server cargo test -p souk-local -p souk-redis -p souk-platform --test end_to_end --test contract --test trigger -- --test-threads 2
	cargo test -p souk-local --test end_to_end -- tls:: --ignored --test-threads 2

## Two hundred kills of the process at random points, on the embedded Redis and on a redis-server that survives them. Each takes some
## four minutes; SOUK_TEST_KILLS says how many, SOUK_TEST_SEED repeats a run.
test-kills: export SOUK_TEST_KILLS ?= 200
test-kills:
	cargo test -p souk-local --test end_to_end -- killing:: --nocapture
	@command -v redis-server >/dev/null || { echo "SKIPPED the kills with redis-server: it is not installed"; exit 0; }; \
	SOUK_TEST_REDIS=redis-server cargo test -p souk-local --test end_to_end -- killing:: --nocapture

## The contract of a store and the end-to-end tests on a SQL Server. Empties the database of SOUK_TEST_SQLSERVER_URL, which is
## sqlserver://user:password@host:port/database?…; refuses one with a shop that no test made.
test-sqlserver:
	@test -n "$$SOUK_TEST_SQLSERVER_URL" || { echo "SOUK_TEST_SQLSERVER_URL is not set"; exit 1; }
	cargo test -p souk-conformance --test sqlserver --test sqlserver_schema --no-fail-fast -- --test-threads 2
	cargo test -p souk-local --test end_to_end --no-fail-fast -- --test-threads 2

## What docs/webhooks.md shows to receivers, against the shop.
test-webhook-example:
	@command -v python3 >/dev/null || { echo "python3 is not installed"; exit 1; }
	cargo test -p souk-local --test end_to_end -- webhooks::the_example --ignored

## Installs Microsoft's SignalR client under target/, in the versions of tests/signalr/package-lock.json.
signalr-client:
	@command -v npm >/dev/null || { echo "npm is not installed"; exit 1; }
	mkdir -p target/signalr
	cp tests/signalr/package.json tests/signalr/package-lock.json tests/signalr/client.mjs target/signalr/
	npm ci --no-audit --no-fund --ignore-scripts --prefix target/signalr

## That client against the shop; Node must be 20 or newer.
test-signalr: signalr-client
	cargo test -p souk-local --test end_to_end -- signalr_client:: --ignored --test-threads 2

## Copies web/realtime to target/ and installs there what builds and tests it, in the versions of its package-lock.json.
web-client:
	@command -v npm >/dev/null || { echo "npm is not installed"; exit 1; }
	mkdir -p target/web
	rm -rf target/web/src target/web/test target/web/dist
	cp -r web/realtime/package.json web/realtime/package-lock.json web/realtime/tsconfig.json web/realtime/src web/realtime/test target/web/
	npm ci --no-audit --no-fund --ignore-scripts --prefix target/web

## The browser client: its types against docs/, its parts in Node, and all of it in headless Chromium against the shop. Node must be
## 20 or newer; CHROMIUM names a Chromium that is not found by itself.
test-web: web-client
	npm run --silent build --prefix target/web
	npm test --silent --prefix target/web
	cargo test -p souk-local --test end_to_end -- web_client:: web_types:: --ignored --test-threads 2

## Format, lints, unused or unsound dependencies.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check licenses bans sources; else echo "SKIPPED cargo deny: not installed (cargo install cargo-deny)"; fi
	@if command -v cargo-machete >/dev/null; then cargo machete; else echo "SKIPPED cargo machete: not installed (cargo install cargo-machete)"; fi

## Speed: orders, cached reads, commit to frame, event lag; each against a baseline of the same run. STORE=sqlserver measures the store on
## the SQL Server of SOUK_TEST_SQLSERVER_URL, whose database is emptied.
bench:
	cargo build --release -p souk-local -p souk-tools
	target/release/bench --souk target/release/souk --store $(STORE) $(ARGS)

FUNCTIONS = $(foreach context,$(wildcard functions/*),-p souk-$(notdir $(context)))
# On arm64, where functions run, code calls code, and the kernel hands a program what the processor can do. On x86_64 code goes through a
# table of addresses that is filled in at each start, unless it is told not to (the linker's `now` keeps what cannot be written after the
# start as it is), and asks the processor, ten times, which a virtual machine answers after 7 µs each, unless it is told (v3: AVX2).
bench-cold: export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS = -Crelro-level=partial -Clink-arg=-Wl,-z,now -Ctarget-cpu=x86-64-v3

## Cold starts: each function as Lambda starts it, beside a shop on embedded parts, against a function that does nothing; writes the tables
## of docs/performance.md. ARGS="--functions log-in,connect --rounds 21" looks at some and leaves the document alone.
bench-cold:
	env -u CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS cargo build --release -p souk-local -p souk-tools
	cargo build --profile deploy $(FUNCTIONS) --bins
	rm -rf target/cold && mkdir -p target/cold && find target/deploy -maxdepth 1 -type f -executable -exec cp -t target/cold {} +
	cargo build --profile deploy $(FUNCTIONS) -p souk-lambda --bins --example empty-function --features souk-environment/sqlite
	target/release/bench-cold $(if $(ARGS),$(ARGS),--document docs/performance.md)

## Plays invoices against a running shop and checks its books.
replay:
	cargo run --release -p souk-tools --bin replay -- --orders $(ORDERS) $(ARGS)

## Writes docs/openapi.json as the shop serves it.
openapi:
	SOUK_UPDATE=1 cargo test --quiet -p souk-local --test end_to_end the_open_api_document

## Writes CargoLambda.toml, the routes of `cargo lambda watch`, as template.yaml has them.
routes:
	SOUK_UPDATE=1 cargo test --quiet -p souk-local --test end_to_end cargo_lambda_finds

## Installs cfn-lint, SAM and cargo-lambda under target/, in the versions of tools/requirements.txt.
aws-tools:
	@command -v python3 >/dev/null || { echo "python3 is not installed"; exit 1; }
	test -x target/aws-tools/bin/python || python3 -m venv target/aws-tools
	target/aws-tools/bin/pip install --quiet --requirement tools/requirements.txt

## Checks template.yaml: cfn-lint, SAM's own validation, and every reference in what SAM makes of it. Needs no account.
lint-template: aws-tools
	target/aws-tools/bin/cfn-lint template.yaml
	AWS_DEFAULT_REGION=eu-west-2 SAM_CLI_TELEMETRY=0 target/aws-tools/bin/sam validate --lint
	target/aws-tools/bin/python tools/check_template.py target/template.json
	target/aws-tools/bin/cfn-lint target/template.json

## The functions one by one on this machine: `cargo lambda watch` with the environment of a shop that runs beside it.
watch: aws-tools
	cargo build -p souk-local --bin souk
	PATH="$$PWD/target/aws-tools/bin:$$PATH" target/aws-tools/bin/python tools/lambda_watch.py target/debug/souk $(ARGS)

## A function of each kind under the real cargo-lambda; ARGS=all takes every function.
test-lambda: aws-tools
	cargo build -p souk-local --bin souk
	PATH="$$PWD/target/aws-tools/bin:$$PATH" target/aws-tools/bin/python tests/lambda/run.py target/debug/souk $(ARGS)

## All functions for AWS, in one build; prints the size of each zip, and fails when one is above 4 MB or carries what it does not use. Wants
## the target aarch64-unknown-linux-gnu of rustup. Only the functions: what else is built with them would choose features for them.
package: aws-tools
	PATH="$$PWD/target/aws-tools/bin:$$PATH" cargo lambda build --profile deploy --arm64 $(foreach context,$(wildcard functions/*),-p souk-$(notdir $(context)))
	target/aws-tools/bin/python tools/zip_functions.py

## Deploys what `make package` built. The first time it asks for the parameters of template.yaml and keeps the answers in samconfig.toml;
## ARGS=--guided asks again.
deploy: package
	SAM_CLI_TELEMETRY=0 target/aws-tools/bin/sam deploy $(if $(wildcard samconfig.toml),,--guided) --capabilities CAPABILITY_IAM --template-file template.yaml $(ARGS)

## Installs what checks docker-compose.yml, the workflow and the Python under target/, in the versions of tools/linters.txt.
linters:
	@command -v python3 >/dev/null || { echo "python3 is not installed"; exit 1; }
	test -x target/linters/bin/python || python3 -m venv target/linters
	target/linters/bin/pip install --quiet --requirement tools/linters.txt

## Checks docker-compose.yml and the workflow of GitHub Actions against their schemas, has Compose read its file, and lints the Python
## of tools/ and tests/.
lint-deployment: linters
	target/linters/bin/ruff format --check --quiet tools tests
	target/linters/bin/ruff check --quiet tools tests
	target/linters/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	target/linters/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@if docker compose version >/dev/null 2>&1; then docker compose config --quiet && echo "docker compose config: ok"; else echo "SKIPPED docker compose config: no Compose client"; fi

## Makes the files of a new function: NAME=archive-product CONTEXT=catalog ROUTE="POST /api/v1/products/{id}/archive", or STREAMS=order
## for a consumer.
new-function:
	@python3 tools/new_function.py "$(NAME)" "$(CONTEXT)" "$(ROUTE)" --streams "$(STREAMS)"

## That, in a copy of the tree: what it makes compiles.
test-new-function: aws-tools
	target/aws-tools/bin/python tests/new_function/run.py

## Installs the linter of OpenAPI documents under target/, in the version of tests/api/package-lock.json.
api-linter:
	@command -v npm >/dev/null || { echo "npm is not installed"; exit 1; }
	mkdir -p target/redocly
	cp tests/api/package.json tests/api/package-lock.json target/redocly/
	npm ci --silent --no-audit --no-fund --ignore-scripts --prefix target/redocly

## Checks docs/openapi.json with a linter that did not write it.
lint-api: api-linter
	REDOCLY_TELEMETRY=off target/redocly/node_modules/.bin/redocly lint --config tests/api/redocly.yaml docs/openapi.json

## Installs Schemathesis under target/, in the version of tests/api/requirements.txt.
api-tester:
	@command -v python3 >/dev/null || { echo "python3 is not installed"; exit 1; }
	test -x target/schemathesis/bin/python || python3 -m venv target/schemathesis
	target/schemathesis/bin/pip install --quiet --requirement tests/api/requirements.txt

## Sends the running shop what its OpenAPI document allows and much that it does not: no 5xx, no status and no body that is not
## documented. make test-api CASES=100 looks longer.
test-api: api-tester
	cargo build -p souk-local --bin souk
	target/schemathesis/bin/python tests/api/run.py target/debug/souk $(CASES)
