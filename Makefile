# Paraula. "make" alone lists what there is.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo "$$python" && break; done)
VENV := .venv/bin
EMBEDDED := $(VENV)/python -m embedded
COMPILE := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help run test lint types imports database pytest bench lock messages clean \
	python runtime tools measuring

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: runtime ## Start everything on this machine (PORT, PARAULA_DATA, DATABASE_URL, REDIS_URL)
	@$(EMBEDDED) run

test: tools ## Run every check and every test
	@$(EMBEDDED) check

lint: tools ## Check the style of code and templates
	@$(EMBEDDED) check lint

types: tools ## Check the types
	@$(EMBEDDED) check types

imports: tools ## Check who imports whom
	@$(EMBEDDED) check imports

database: tools ## Check migrations and deployment settings
	@$(EMBEDDED) check database

pytest: tools ## Run the tests; further arguments in ARGS="..."
	@$(EMBEDDED) check pytest --pytest="$(ARGS)"

bench: measuring ## Measure everything (BENCH_SIZE=small or full); see docs/performance.md
	@$(EMBEDDED) with-servers --durable -- $(VENV)/python -m bench

lock: ## Resolve the dependencies again (needs uv; ARGS=--upgrade for newer ones)
	$(COMPILE) $(ARGS) --extra embedded --output-file requirements/runtime.txt
	$(COMPILE) $(ARGS) --constraint requirements/runtime.txt \
		--output-file requirements/server.txt
	$(COMPILE) $(ARGS) --constraint requirements/runtime.txt \
		--extra embedded --group test --group lint --output-file requirements/test.txt
	$(COMPILE) $(ARGS) --constraint requirements/test.txt \
		--extra embedded --group test --group lint --group bench \
		--output-file requirements/bench.txt

messages: tools ## Bring the catalogues of translations up to date and compile them
	@$(VENV)/python -m tests.catalogues

clean: ## Remove caches and builds; data and environment stay
	@rm -rf build staticfiles .coverage .*_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

python:
	@test -n "$(PYTHON)" || { echo "paraula: Python 3.11 or later is needed and was not found." >&2; exit 1; }

runtime: python
	@"$(PYTHON)" -m embedded.install runtime

tools: python
	@"$(PYTHON)" -m embedded.install test

measuring: python
	@"$(PYTHON)" -m embedded.install bench
