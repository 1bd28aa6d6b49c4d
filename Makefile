# Every task of the project. `make` alone lists them.
#
# Nothing is presupposed but Python 3.10 to 3.13 with venv and pip, and a package index: tools come from the locks in
# requirements/ into .venv (and .venv-demo for PyAirbyte). pip installs them because it obeys whatever index, proxy and
# certificates this machine's pip is configured with; uv would need the same settings a second time.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo authorize probe sync push report dbt dbt-test test test-unit test-long test-image image-size wheel-test release-check spec-forms acceptance soak node-jose \
	audit lint fix runners papers emulator bench image lock clean
SHELL := /bin/bash
unexport PYTHONDONTWRITEBYTECODE  # compile a module once, not in each of the processes that a test run starts

PYTHON ?= python3
BIN := .venv/bin
CHECKED := airbyte_rdstation emulator source-rdstation-crm source-rdstation-conversas destination-rdstation-crm \
	integration_tests tests benchmarks demo release conftest.py
DBT := DBT_SEND_ANONYMOUS_USAGE_STATS=false DBT_TARGET_PATH=../build/dbt/target DBT_LOG_PATH=../build/dbt/logs ../.venv-dbt/bin/dbt
BENCHED := bare cdk dlt singer  # benchmarks/alternatives, by the environment they run in
CONNECTORS := $(shell sed -nE 's/^((source|destination)-[a-z-]+) = .*/\1/p' pyproject.toml)

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## From nothing to data: an emulated RD Station account, two syncs by each API into demo/*.duckdb
	@$(MAKE) --silent -j2 .venv-demo/.installed .venv/.installed
	@$(BIN)/python -m demo.demo

authorize: .venv/.installed ## Authorize a connection to RD Station CRM and write its configuration (ARGS="--help")
	@$(BIN)/rdstation-authorize $(ARGS)

probe: .venv/.installed ## Ask a real account what the documents leave open: CONFIG=path.json [ARGS="--write --report probe.json"]
	@$(if $(CONFIG),,echo 'Say which configuration to use: make probe CONFIG=path.json' >&2; exit 2)
	@$(BIN)/python -m airbyte_rdstation.probe.run --config "$(CONFIG)" $(ARGS)

# Connectors rotate RD Station's single-use refresh tokens: CONFIG is rewritten with the newest ones.
sync: $(if $(CONFIG),.venv/.installed .venv-demo/.installed) ## Read a real account: CONFIG=path.json [DB=path.duckdb] [STREAMS=deals,contacts]
	@$(if $(CONFIG),,echo 'Say which configuration to use: make sync CONFIG=path.json (its shape: README.md)' >&2; exit 2)
	@.venv-demo/bin/python -m demo.sync "$(CONFIG)" $(if $(DB),--db "$(DB)") $(if $(STREAMS),--streams "$(STREAMS)")

push: .venv/.installed ## Write a DuckDB table into a real account: CONFIG=path.json DB=path.duckdb TABLE=name [KEY=column] [MODE=append_dedup]
	@$(if $(and $(CONFIG),$(DB),$(TABLE)),,echo 'Say what to push: make push CONFIG=path.json DB=path.duckdb TABLE=name (README.md shows the configuration)' >&2; exit 2)
	@$(BIN)/python -m demo.push "$(CONFIG)" --db "$(DB)" --table "$(TABLE)" $(if $(KEY),--key "$(KEY)") $(if $(MODE),--mode "$(MODE)")

report: .venv/.installed ## Draw a page with the sales team's figures: DB="path.duckdb [another.duckdb]" [OUT=path.html]
	@$(if $(DB),,echo 'Say whose figures: make report DB=path.duckdb (several files of one account: DB="a.duckdb b.duckdb")' >&2; exit 2)
	@$(BIN)/python -m demo.report $(DB) $(if $(OUT),--out "$(OUT)")

# Without a name, the demo's files.
DBT_FILES := $(if $(V2)$(V1)$(CONVERSAS),V2 V1 CONVERSAS)
dbt: .venv-dbt/.installed ## Build the dbt package on the demo's files, or V2=path.duckdb V1=… CONVERSAS=… (ARGS="--vars '{rdstation_api: v1}'")
	@$(if $(DBT_FILES),,test -s demo/rdstation-conversas.duckdb || { echo 'Run `make demo` first, or name your own files: make dbt V2=path.duckdb' >&2; exit 2; };) \
		mkdir -p build/dbt && $(foreach name,$(DBT_FILES),RDSTATION_$(name)="$(if $($(name)),$$(realpath -e "$($(name))"))" && export RDSTATION_$(name) && ) \
		cd dbt && $(DBT) build --profiles-dir . $(ARGS) && echo 'The tables are in build/dbt/rdstation.duckdb.'

# Most tests wait for a delayed or failing server, so several run side by side.
UNIT_TESTS := tests $(wildcard */unit_tests)
SIDE_BY_SIDE := --dist worksteal --durations=10
test: .venv/.installed ## Run the tests; ARGS="-k keyset" narrows them
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -n 10 $(SIDE_BY_SIDE) -m 'not long and not image and not wheel and not dbt'
endif

test-unit: .venv/.installed ## Run the tests that start no process: under half a minute
	@$(BIN)/python -m pytest -n 2 $(UNIT_TESTS) $(ARGS)

test-long: .venv/.installed ## Run what `make test` leaves out: full numbers, minutes each, and properties on new examples
ifdef ARGS
	@$(BIN)/python -m pytest -m long --hypothesis-profile long $(ARGS)
else
	@$(BIN)/python -m pytest -n 2 $(SIDE_BY_SIDE) --hypothesis-profile long $(UNIT_TESTS)
	@$(BIN)/python -m pytest -m 'long and not alone' integration_tests
	@$(BIN)/python -m pytest -m 'long and alone' integration_tests
endif

soak: .venv/.installed ## Two hours of an account's life in some minutes, both ways, with faults and kills (ARGS="--help")
	@$(BIN)/python -m soak $(ARGS)

wheel-test: .venv/.installed .venv-demo/.installed .venv-wheel/.installed ## Run the built wheel under PyAirbyte: sources into DuckDB, and on into the destination
	@$(BIN)/python -m pytest -n 2 -m wheel $(ARGS) integration_tests/test_wheel.py integration_tests/test_round_trip.py integration_tests/test_runners.py integration_tests/test_sync.py

runners: .venv/.installed .venv-demo/.installed .venv-runners/.installed ## Run the recipes with the runners they are for, which keep no tokens
	@$(BIN)/python -m pytest -m wheel $(ARGS) integration_tests/test_runners.py

dbt-test: .venv/.installed .venv-dbt/.installed ## Build the dbt package on an emulated account, twice, and parse it for each warehouse
	@$(BIN)/python -m pytest -m dbt $(ARGS) integration_tests/test_dbt.py integration_tests/test_questions.py

spec-forms: .venv/.installed ## Draw the connectors' configuration forms into build/spec-forms, and those that the pages show (needs npm and Chromium)
	@$(BIN)/python tests/spec_forms/render.py

node-jose: .venv/.installed ## Decrypt pages that the vendor's own library encrypts now (needs node and npm)
	@source-rdstation-conversas/unit_tests/vectors/node_jose/round_trip.sh "$(CURDIR)/$(BIN)/python"

papers: .venv/.installed ## Write what papers and catalogs say of the streams, the pages for assistants, and docs/api/unknowns.md
	@$(BIN)/python integration_tests/papers.py

lint: .venv/.installed ## Check layout, rules and types
	@$(BIN)/ruff format --check --quiet . || { echo 'Layout differs (listed by `ruff format --check`): run `make fix`.' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy $(wildcard $(CHECKED))

fix: .venv/.installed ## Repair layout and what ruff can repair
	@$(BIN)/ruff check --fix --quiet . ; status=$$? ; $(BIN)/ruff format --quiet . && exit $$status

emulator: .venv/.installed ## Run the emulator of RD Station by hand; it prints the configuration to use (ARGS="--help")
	@$(BIN)/python -m emulator $(ARGS)

bench: ## Measure speed, requests, pace and memory beside the alternatives, into docs/benchmarks.md and the README (ONLY=a,c: neither)
	@$(MAKE) --silent .venv/.installed $(BENCHED:%=.venv-bench/%/.installed)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only "$(ONLY)")

# `--strict`: an index that does not know the packages proves nothing.
audit: .venv-audit/.installed ## Look for known weaknesses of what is installed with a connector; asks PyPI
	@.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/runtime.txt

release-check: .venv/.installed .venv-release/.installed .venv-demo/.installed image ## Build a release into dist/ and check it; publishes nothing [REPOSITORY_URL=https://…]
	@$(BIN)/python -m release.check

acceptance: .venv/.installed ## Run Airbyte's standard tests with Airbyte's own command, against the emulator
	@for connector in $(CONNECTORS); do \
		echo "== airbyte-cdk connector test ./$$connector" && \
		$(BIN)/airbyte-cdk connector test "./$$connector" || exit 1; \
	done

image: ## Build the connectors' images, if an engine for them is here [PLATFORM=linux/arm64]
	@bash .ci/images build

test-image: .venv/.installed ## Run the built images as Airbyte does; needs `make image`
	@[ -s build/images ] || { echo 'No images are here: run `make image` first.' >&2; exit 1; }
	@$(BIN)/python -m pytest -m image $(ARGS) integration_tests/test_image.py

image-size: .venv/.installed ## Print size and start-up time of the built images; needs `make image`
	@$(BIN)/python -m benchmarks.image_size

# Universal (one file for Python 3.10 to 3.13 and every platform), hashed, naming no index host.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-python-downloads --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' $(ARGS)
LOCKS := $(wildcard requirements/*.txt benchmarks/requirements/*.txt)
lock: .venv/.installed ## Bring requirements/ up to date with pyproject.toml (ARGS=--upgrade: and with the index)
	@old=$$(mktemp -d) && cp -p $(LOCKS) "$$old" && \
	export UV_SYSTEM_CERTS=1 $${REQUESTS_CA_BUNDLE:+SSL_CERT_FILE="$${SSL_CERT_FILE:-$$REQUESTS_CA_BUNDLE}"} && \
	$(COMPILE) pyproject.toml -o requirements/runtime.txt && \
	$(COMPILE) --group pyproject.toml:build --constraints requirements/runtime.txt -o requirements/build.txt && \
	$(COMPILE) pyproject.toml --group dev --constraints requirements/runtime.txt -o requirements/dev.txt && \
	$(COMPILE) --group pyproject.toml:demo -o requirements/demo.txt && \
	$(COMPILE) --group pyproject.toml:dbt -o requirements/dbt.txt && \
	$(COMPILE) --group pyproject.toml:audit -o requirements/audit.txt && \
	$(COMPILE) --group pyproject.toml:runners -o requirements/runners.txt && \
	$(COMPILE) --group pyproject.toml:release -o requirements/release.txt && \
	for name in $(BENCHED); do \
		$(COMPILE) --group "pyproject.toml:bench-$$name" --constraints requirements/runtime.txt \
			-o "benchmarks/requirements/$$name.txt" || exit 1; \
	done && \
	for lock in $(LOCKS); do cmp -s "$$lock" "$$old/$${lock##*/}" && touch -r "$$old/$${lock##*/}" "$$lock"; done; \
	rm -rf "$$old"  # a lock that is the same keeps its date, and so the environments made from it

clean: ## Remove everything these tasks made, environments included
	@rm -rf .venv .venv-demo .venv-dbt .venv-wheel .venv-bench .venv-audit .venv-release .venv-runners .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist \
		demo/*.duckdb* demo/report.html demo/.work \
		$(foreach connector,$(CONNECTORS),$(connector)/.tmp $(connector)/build $(connector)/.pytest_cache)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Environments. A stamp says that one is complete; it is older than what it was made from when that changes. ---

# $(call python_below,MINOR,CANDIDATES): the first candidate that runs and is Python 3.10 or newer, below 3.MINOR.
python_below = for python in $(2); do \
	"$$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, $(1)))' 2>/dev/null && break; python=; done

# pip obeys PIP_CERT, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and its own settings; before 24.2 it knows neither
# SSL_CERT_FILE nor the system's store of certificates, so it is shown them.
SYSTEM_CA = $(firstword $(SSL_CERT_FILE) $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
	/etc/ssl/ca-bundle.pem))
show_pip_the_ca = if [ -z "$$PIP_CERT$$REQUESTS_CA_BUNDLE$$CURL_CA_BUNDLE" ] && [ -n "$(SYSTEM_CA)" ] \
	&& ! "$$pip" config list 2>/dev/null | grep -q 'cert='; then export PIP_CERT="$(SYSTEM_CA)"; fi

# $(call install_lock,VENV,LOCK): `$$python` -> VENV holding exactly LOCK.
install_lock = echo "Installing $(2) into $(1) with $$("$$python" --version) ..." && \
	"$$python" -m venv --clear $(1) && pip=$(1)/bin/pip && $(show_pip_the_ca) && \
	"$$pip" install -qq --no-input --disable-pip-version-check --no-deps --require-hashes -r $(2)

.venv/.locked: requirements/dev.txt
	@$(call python_below,14,"$(PYTHON)"); \
	if [ -z "$$python" ]; then echo 'This project needs Python 3.10 to 3.13, and "$(PYTHON)" is' \
		"$$("$(PYTHON)" --version 2>/dev/null || echo 'no Python that runs'). Name another: make PYTHON=python3.12" >&2; exit 1; fi; \
	$(call install_lock,.venv,requirements/dev.txt)
	@touch $@

.venv/.installed: .venv/.locked pyproject.toml
	@$(BIN)/pip install -qq --no-input --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

.venv-demo/.installed: requirements/demo.txt
	@$(call python_below,13,"$(PYTHON)" python3.12 python3.11 python3.10); \
	if [ -z "$$python" ]; then echo 'PyAirbyte needs Python 3.10 to 3.12 (it does not run on 3.13), and neither' \
		'"$(PYTHON)" nor python3.12, python3.11 or python3.10 is that. Name one, as in: make demo PYTHON=/path/to/python3.12' >&2; \
		exit 1; fi; \
	$(call install_lock,.venv-demo,requirements/demo.txt)
	@touch $@

.venv-dbt/.installed: requirements/dbt.txt
	@$(call python_below,14,"$(PYTHON)"); \
	$(call install_lock,.venv-dbt,requirements/dbt.txt)
	@touch $@

# What a user installs: the wheel, and the very versions that requirements/runtime.txt names.
SHIPPED := $(shell find airbyte_rdstation $(foreach connector,$(CONNECTORS),$(connector)/$(subst -,_,$(connector))) \
	-type f -not -name '*.pyc' 2>/dev/null)

.venv-wheel/.locked: requirements/runtime.txt .venv/.locked
	@python=$(BIN)/python; $(call install_lock,.venv-wheel,requirements/runtime.txt)
	@touch $@

.venv-wheel/.installed: .venv-wheel/.locked .venv/.installed pyproject.toml README.md $(SHIPPED)
	@rm -rf build/wheel
	@$(BIN)/pip wheel -qq --disable-pip-version-check --no-index --no-deps --no-build-isolation --wheel-dir build/wheel .
	@.venv-wheel/bin/pip install -qq --no-input --disable-pip-version-check --no-index --no-deps --force-reinstall build/wheel/*.whl
	@touch $@

.venv-audit/.installed: requirements/audit.txt .venv/.locked
	@python=$(BIN)/python; $(call install_lock,.venv-audit,requirements/audit.txt)
	@touch $@

.venv-release/.installed: requirements/release.txt .venv/.locked
	@python=$(BIN)/python; $(call install_lock,.venv-release,requirements/release.txt)
	@touch $@

.venv-runners/.installed: requirements/runners.txt .venv/.locked
	@python=$(BIN)/python; $(call install_lock,.venv-runners,requirements/runners.txt)
	@touch $@

.venv-bench/%/.installed: benchmarks/requirements/%.txt
	@$(call python_below,14,"$(PYTHON)"); \
	$(call install_lock,.venv-bench/$*,$<)
	@touch $@
