# How Dropdock is started and checked; `make help` lists the targets.
# PYTHON=/path/to/python3 chooses the interpreter, ARGS="…" is handed on to the program.

.DEFAULT_GOAL := help
export MAKECMDGOALS  # so that a sentence about what to type can name the target

PYTHON_HERE := .venv/bin/python
RUNTIME := sh packaging/environment.sh runtime
DEV := sh packaging/environment.sh dev
DESKTOP := sh packaging/environment.sh desktop

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

.PHONY: run
run: ## Start Dropdock on http://localhost:8080; its data is in ./data
	@$(RUNTIME) && exec $(PYTHON_HERE) main.py serve $(ARGS)

.PHONY: desktop
desktop: ## Start Dropdock in a window of its own; its data is in ./data
	@$(DESKTOP) && exec $(PYTHON_HERE) main.py open $(ARGS)

.PHONY: test
test: ## Check everything: format, lint, types, all tests, coverage
	@$(DEV) && exec $(PYTHON_HERE) tests/check.py

.PHONY: quick
quick: ## Check what is quick: no browser, no big packages
	@$(DEV) && exec $(PYTHON_HERE) tests/check.py --quick

.PHONY: test-long
test-long: ## Run the tests that take minutes
	@$(DEV) && exec $(PYTHON_HERE) -m pytest --long $(ARGS)

.PHONY: hooks
hooks: ## Run the quick checks before every git push
	@sh tests/hooks/install.sh

.PHONY: executable
executable: ## Build dist/dropdock: one file that needs no Python where it runs; PORTABLE=1: on older Linuxes too
ifdef PORTABLE
	@sh packaging/pyinstaller/portable.sh
else
	@$(DEV) && PYINSTALLER_CONFIG_DIR=build/pyinstaller exec $(PYTHON_HERE) -m PyInstaller $(FROZEN) packaging/pyinstaller/dropdock.spec
endif

FROZEN := --noconfirm --distpath dist --workpath build --log-level ERROR

.PHONY: lock
lock: ## Lock what pyproject.toml asks for; ARGS=--upgrade takes the newest of everything
	@$(DEV)
	@$(PYTHON_HERE) -m uv pip compile pyproject.toml $(LOCKED) $(ARGS) -o requirements.txt
	@$(PYTHON_HERE) -m uv pip compile pyproject.toml $(LOCKED) $(ARGS) --extra dev -o requirements-dev.txt
	@$(PYTHON_HERE) -m uv pip compile pyproject.toml $(LOCKED) $(ARGS) --extra desktop -o requirements-desktop.txt
	@$(PYTHON_HERE) -m uv pip compile pyproject.toml $(LOCKED) $(ARGS) --extra portable -o requirements-portable.txt
	@$(DEV) && exec $(PYTHON_HERE) packaging/release/third_party.py

# One lock for every system, and nothing in it that says where it was made.
LOCKED := --quiet --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: sbom
sbom: ## Write dist/sbom.cdx.json: what Dropdock is made of (CycloneDX)
	@$(DEV) && mkdir -p dist && exec $(PYTHON_HERE) -m cyclonedx_py $(SBOM) -o dist/sbom.cdx.json

SBOM := requirements requirements.txt --pyproject pyproject.toml --output-reproducible --of JSON

.PHONY: release
release: ## Check, commit and tag what is here as VERSION=1.2.3; packaging/README.md says how it is published
	@$(DEV) && exec $(PYTHON_HERE) packaging/release/release.py "$(VERSION)"

.PHONY: clean
clean: ## Remove everything that can be made again; ./data stays
	rm -rf .venv build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
