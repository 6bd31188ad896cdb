# The one door to this project's tools: `make` or `make help` lists them.
# Every target may be repeated; what is done already is not done again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
STAMPS := .venv/stamps
# A stamp's name holds the hash of what it stands for: when that changes, the stamp is missing.
hash = $(shell cat $(1) 2>/dev/null | sha256sum | cut -c1-16)
MESSAGES := $(wildcard mydocker/locale/*/LC_MESSAGES/*.po)
BASE := $(STAMPS)/base-$(call hash,requirements/base.txt pyproject.toml)
DEV := $(STAMPS)/dev-$(call hash,requirements/dev.txt pyproject.toml)
TYPEFACE := $(STAMPS)/typeface-$(call hash,package-lock.json scripts/copy-typeface scripts/typeface.css)
# What is measured beside us. It lies apart, and never in the service's own environment.
PEERS := var/peers/installed-$(call hash,$(addprefix bench/peers/,requirements.txt package-lock.json))
SPOKEN := $(STAMPS)/messages-$(call hash,$(MESSAGES) /dev/null)
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
# Only what the image has decides how its software is locked; no setting of this machine may.
LOCK = env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_CONSTRAINT UV_NO_CONFIG=1 $(BIN)/uv pip \
	compile --quiet --generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

##@ To use

.PHONY: run
run: install ## Install what is missing, then start the service; Ctrl-C stops it
	@exec $(BIN)/mydocker up

.PHONY: install
install: system $(BASE) $(SPOKEN) $(TYPEFACE) ## Packages, engine, users, software, first image (as root)
	@scripts/build-images --only jupyterlab-python

##@ To work on it

.PHONY: test
test: install-dev check ## All checks, then all tests; ARGS="tests/domain -k idle" for some
	@$(if $(ARGS),,scripts/with-postgres $(BIN)/python -m pytest -q tests/store tests/loops)
	@$(BIN)/python -m pytest -ra $(ARGS)

.PHONY: check
check: $(DEV) ## What CI runs before the tests: format, lint, types, rooms, templates, translations
	@scripts/check

.PHONY: format
format: $(DEV) ## Lay out the code as `make check` wants it
	@$(BIN)/ruff check --quiet --fix-only --exit-zero .
	@$(BIN)/ruff format .

.PHONY: bench
bench: install-dev ## Measure against the goals: a table, and var/bench.json; ONLY="names" for some
	@if [ -e $(PEERS) ]; then scripts/build-images --only jupyterhub-singleuser; fi
	@$(BIN)/python -m bench $(if $(ONLY),--only "$(ONLY)")

.PHONY: bench-peers
bench-peers: install-dev $(PEERS) ## Measure JupyterHub and us in turns; ARGS="--burst 100"
	@scripts/build-images --only jupyterhub-singleuser
	@$(if $(filter bench,$(MAKECMDGOALS)),,$(BIN)/python -m bench.peers $(ARGS))

.PHONY: docs
docs: $(DEV) $(SPOKEN) ## Build the documentation into docs/_build/html
	@scripts/build-docs

.PHONY: translations
translations: $(DEV) ## Collect the sentences of code and templates into mydocker/locale
	@mkdir -p mydocker/locale/fr/LC_MESSAGES
	@cd mydocker && PYTHONPATH=.. ../$(BIN)/python -m django makemessages --locale fr \
		--no-obsolete --no-wrap --add-location file --verbosity 0
	@msgfmt --check --statistics --output-file /dev/null mydocker/locale/fr/LC_MESSAGES/django.po

.PHONY: migrations
migrations: $(DEV) ## Write the migrations that the models lack
	@scripts/with-scratch-data $(BIN)/python -m django makemigrations \
		--settings mydocker.django_settings

.PHONY: catalogue
catalogue: system ## Build every image of the catalogue that is missing or changed
	@scripts/build-images

.PHONY: locks
locks: $(DEV) ## Lock the software of project and images; UPGRADE=1 takes the newest
	@$(LOCK) --universal --python-version 3.11.2 requirements/base.in -o requirements/base.txt
	@$(LOCK) --universal --python-version 3.11.2 requirements/dev.in -o requirements/dev.txt
	@# With extras: pip wants what an extra asks for pinned under that very name.
	@$(LOCK) --universal --no-strip-extras --python-version 3.11.2 bench/peers/requirements.in \
		-o bench/peers/requirements.txt
	@for list in catalogue/*/*.in bench/peers/images/*/*.in; do \
		$(LOCK) --python-platform linux --python-version 3.11.2 "$$list" -o "$${list%.in}.txt"; \
	done
	@if command -v npm >/dev/null; then \
		npm $(if $(UPGRADE),update,install) --silent --package-lock-only --ignore-scripts \
			--omit-lockfile-registry-resolved --no-audit --no-fund --prefix bench/peers; \
	else echo "bench/peers/package-lock.json stays as it is: no npm"; fi

.PHONY: typeface
typeface: $(TYPEFACE) ## Take the typeface's files from its npm package; without npm, do without it

##@ Pieces of the above

.PHONY: install-dev
install-dev: system-dev $(DEV) $(SPOKEN) $(TYPEFACE) ## All that tests need: packages, software, every image
	@scripts/build-images

.PHONY: system
system: ## Debian packages, Docker Engine, system users
	@scripts/install-debian

.PHONY: system-dev
system-dev: ## The same, and the packages that tests need
	@scripts/install-debian --dev

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- stamps ---

$(TYPEFACE): | $(BASE)
	@if command -v npm >/dev/null; then \
		npm ci --silent --no-audit --no-fund --ignore-scripts && scripts/copy-typeface && \
		mkdir -p $(STAMPS) && touch $@; \
	else echo "The typeface needs npm (apt-get install npm); pages use the system's until then"; fi

$(BASE): | system
	@scripts/make-venv
	@echo "Installing Python packages (requirements/base.txt)"
	@$(PIP) --require-hashes -r requirements/base.txt
	@$(PIP) --no-deps --no-build-isolation \
		--config-settings editable_mode=compat --editable .
	@mkdir -p $(STAMPS) && touch $@

$(DEV):
	@scripts/make-venv
	@echo "Installing Python packages (requirements/dev.txt)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation \
		--config-settings editable_mode=compat --editable .
	@mkdir -p $(STAMPS) && touch $(BASE) $@

# Node.js comes with npm from PyPI, newer than Debian's.
$(PEERS): | $(DEV)
	@echo "Installing JupyterHub, DockerSpawner and configurable-http-proxy into var/peers"
	@rm -rf var/peers && mkdir -p var/peers
	@"$$(scripts/make-venv --find)" -m venv var/peers/venv
	@var/peers/venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check \
		--require-hashes -r bench/peers/requirements.txt
	@cp bench/peers/package.json bench/peers/package-lock.json var/peers
	@PATH="$$PWD/var/peers/venv/bin:$$PATH" npm ci --silent --no-audit --no-fund \
		--ignore-scripts --prefix var/peers
	@touch $@

$(SPOKEN): | $(BASE)
	@for po in $(MESSAGES); do msgfmt --check-format -o "$${po%.po}.mo" "$$po"; done
	@mkdir -p $(STAMPS) && touch $@
