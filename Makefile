# What one does with the workbook; bare `make` lists it. Another Python: make PYTHON=python3.12 report
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

.DEFAULT_GOAL := help
.PHONY: help report test install lab notebooks lint benchmark

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1 | \2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

report: $(INSTALLED) ## run the six notebooks on the sample shop and write its report
	@$(BIN)/workbook run --name sample

test: $(INSTALLED) ## run every test: the package's, the notebooks' and the examples in docstrings
	$(BIN)/python -m pytest -n auto --dist worksteal lib tests
	$(BIN)/python -m pytest --nbval --nbval-current-env notebooks

install: $(INSTALLED) ## make .venv and install what the workbook needs; once, until requirements change

lab: $(INSTALLED) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

notebooks: $(INSTALLED) ## run the notebooks in place on the sample, so that their committed outputs are true again
	WORKBOOK_UNATTENDED=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

lint: $(INSTALLED) ## check style and form of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

benchmark: $(INSTALLED) ## measure the workbook beside its rivals
	$(BIN)/python tests/benchmarks/run.py
	@echo "Apart, since they take long or need more: truth.py, next_year.py, choice.py, features.py, assign.py,"
	@echo "cold_start.py, refits.py, honesty.py, looks.py, lifetime.py, forecasts.py, drift.py, excel.py in tests/benchmarks;"
	@echo "each says at its top what it measures. The README lists them."

$(INSTALLED): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no '$(PYTHON)'. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12 report"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The workbook needs Python 3.11 or newer; \
	$(PYTHON) is %d.%d. Name a newer one: make PYTHON=python3.12 report" % sys.version_info[:2])'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	@echo "Installing into .venv; this takes some minutes the first time."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	-@$(BIN)/python -m compileall -qq -j 0 lib .venv
	@touch $@
