# What one does with this repository; `make` alone lists it. Needs Python 3.11 or newer, and nothing else.
.DEFAULT_GOAL := help
.PHONY: help run run-web test test-fast bench reset assets images messages lint
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; asked only when the virtualenv has to be made.
PYTHON = $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
MANAGE = .venv/bin/python manage.py
PYTEST = .venv/bin/python -m pytest

help:
	@awk -F ': *[^#]*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: .venv/installed ## start everything and print where it is (Ctrl-C stops it)
	@exec $(MANAGE) up

run-web: .venv/installed ## show a cluster that is there: MINIKWEB_KUBECONFIG=~/.kube/config make run-web
	@exec $(MANAGE) web

test: .venv/installed-dev ## run every check of CI; what needs Docker or Chromium only where they are
	@$(PYTEST)
	@if .venv/bin/python -m tests.needs postgresql; then MINIKWEB_TEST_DATABASE=postgresql \
		$(PYTEST) -n auto tests/store tests/apiserver tests/controllers tests/scheduler; fi

test-fast: .venv/installed-dev ## run the tests that need no Docker, no browser and no cluster, on all cores: about two minutes
	@$(PYTEST) -q -n auto -m "not docker and not browser and not kubectl and not helm and not cluster"

bench: .venv/installed-dev ## measure, beside plain Docker in the same run
	@.venv/bin/python -m benchmarks

reset: .venv/installed ## remove this installation's containers, networks, volumes and data, and nothing else
	@$(MANAGE) reset

assets: .venv/installed ## install the browser's libraries and build static/dist
	@$(MANAGE) assets

images: .venv/installed ## build the images that pods of the demo and of the lessons use
	@$(MANAGE) images

messages: .venv/installed ## collect the texts to translate and compile the translations
	@$(MANAGE) messages

lint: .venv/installed-dev ## check the style and the import contracts
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports --no-logo

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Minikweb needs Python 3.11 or newer: install it, then type the same command again." >&2; exit 1; }
	@echo "Making the virtualenv with $(PYTHON)…"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "This Python makes no virtualenv: install its venv package (on Debian and Ubuntu: apt install python3-venv), then type the same command again." >&2; exit 1; }

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing Minikweb's packages (about 100 MB, once)…"
	@.venv/bin/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements.txt requirements-dev.txt requirements-tools.txt | .venv/installed
	@echo "Installing what the tests need…"
	@.venv/bin/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@.venv/bin/python -m pip install --disable-pip-version-check --no-deps -r requirements-tools.txt
	@touch $@
