# Everything runs in an environment of its own, made at the first start, or in an activated one that has
# every pinned distribution. Another interpreter: make check PYTHON=/path/to/python3.11
PYTHON ?= python3
COLINK = $(PYTHON) -m deploy
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url $(UPGRADE)

NPM = --ignore-scripts --no-audit --no-fund
# Who is to be thanked with money stands in the packages themselves; a lock carries no address.
WITHOUT_FUNDING = const fs = require("fs"), name = "package-lock.json", lock = JSON.parse(fs.readFileSync(name)); \
	for (const one of Object.values(lock.packages)) delete one.funding; \
	fs.writeFileSync(name, JSON.stringify(lock, null, 2) + "\n")

.DEFAULT_GOAL := help
.PHONY: help check test demo lock lock-node proto reference clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

check: ## lint, format, types, import contracts, rules of the house (seconds)
	@$(COLINK) test --tier static

test: ## every tier of the tests
	@$(COLINK) test

demo: ## a whole federation on this machine
	@$(COLINK) demo

lock: ## pin requirements/*.in into requirements/*.lock (needs uv; UPGRADE=--upgrade takes newer ones)
	$(LOCK) --output-file requirements/base.lock requirements/base.in
	$(LOCK) --constraint requirements/base.lock --output-file requirements/test.lock requirements/test.in
	$(LOCK) --constraint requirements/test.lock --output-file requirements/benchmarks.lock requirements/benchmarks.in

lock-node: ## pin requirements/node/package.json into its lock (needs Node)
	cd requirements/node && npm install --package-lock-only --omit-lockfile-registry-resolved $(NPM)
	cd requirements/node && node -e '$(WITHOUT_FUNDING)'

proto: ## generate accord/wire from proto/ (in an activated environment with the test requirements)
	$(PYTHON) proto/generate.py

reference: ## write docs/reference from the code (in an activated environment with the test requirements)
	$(PYTHON) -m docs.generate

clean: ## remove what the tools made: environments, caches, builds
	rm -rf .colink .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
