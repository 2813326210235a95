# make demo    set everything up, record a small run, replay it, look at it
# make test    set everything up, run the tests (some six minutes on two cores, stopped after 25)
# make lint    ruff, mypy --strict, the compiler's warnings
# make soak    the long repetitions, which take many hours
# make bench   native, record, replay and strace side by side, as ratios
# make clean   remove everything that the others made
#
# Everything is installed into .venv.  PYTHON=python3.12 chooses another interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo test lint soak bench clean FORCE

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check
PACKAGES := formats tracee recorder replayer tools
# What tests/kernels builds into a kernel is compiled there.
C_SOURCES := $(shell find tracee tests -name '*.c' ! -name '_native.c' ! -path 'tests/kernels/*' | sort)
NATIVE := $(shell find tracee -name '*.[ch]' ! -name '_native.c') tracee/native_build.py

demo: $(VENV)/.installed
	@bash tests/demo.sh $(VENV)/bin/redrive

test: $(VENV)/.developer-installed
	@bash tests/install/apt-packages.sh
	@timeout --foreground --signal=INT --kill-after=60 1500 $(VENV)/bin/python -m pytest -n 2 --dist worksteal $(PYTEST)

soak: $(VENV)/.developer-installed
	@bash tests/install/apt-packages.sh soak-apt-packages.txt
	@$(VENV)/bin/python -m pytest -m soak $(PYTEST)

bench: $(VENV)/.installed
	@$(COMPILE)
	@$(VENV)/bin/python -m tests.bench

lint: $(VENV)/.developer-installed
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy $(PACKAGES:%=-p redrive.%) | sed 's#^build/__editable__[^/]*/redrive/##'
	@$(CC) -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -Itracee/native -Itests/programs $(C_SOURCES)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis tracee/_native.*so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created: tests/install/venv.sh
	@bash tests/install/venv.sh $(PYTHON) $(VENV)
	@$(PIP) --upgrade pip 'setuptools>=64' wheel cffi
	@touch $@

# Strict editable mode links every file by name, so a file that is added or removed needs a new install, an edited one does not.
$(VENV)/.file-names: FORCE | $(VENV)/.created
	@find $(PACKAGES) -name '*.py' | sort > $@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

INSTALL_INPUTS := setup.cfg setup.py pyproject.toml $(NATIVE) $(VENV)/.file-names
INSTALL = echo "redrive: installing into $(VENV)" >&2; rm -rf build/__editable__.*; \
	$(PIP) --no-build-isolation --config-settings editable_mode=strict -e
# As pip does with what it copies; under PYTHONDONTWRITEBYTECODE each start would compile everything anew.
COMPILE = $(VENV)/bin/python -m compileall -q build/__editable__.*

$(VENV)/.installed: $(INSTALL_INPUTS)
	@$(INSTALL) .
	@$(COMPILE)
	@touch $@

$(VENV)/.developer-installed: $(INSTALL_INPUTS)
	@$(INSTALL) '.[test,lint]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed
