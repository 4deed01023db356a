PYTHON ?= $(shell for p in python3.11 python3.12 python3.13; do $$p -c "" 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
DEMO ?= runs/demo
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -q -rs -n auto --maxprocesses 2 --dist worksteal

.PHONY: demo test test-all lint setup

demo: setup
	$(BIN)/python train.py --model vgg_wgan --dataset dead_leaves --workdir $(DEMO) --overwrite \
	  --steps 450 --set warmup_steps=430 --set generator.filters=32 --set validate_every=100
	$(BIN)/python evaluate.py $(DEMO) --baselines --limit 500
	@echo
	@echo "Picture: $(DEMO)/figures/completions.png   Table: $(DEMO)/results.json and above"
	@echo "Model for serving: $(DEMO)/saved_model/1"

test: setup lint
	$(PYTEST) -m "not slow"

test-all: setup lint
	$(PYTEST)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

setup: $(VENV)/installed

$(VENV)/installed: requirements.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.txt
	touch $@
