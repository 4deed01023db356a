PYTHON ?= $(shell for p in python3.11 python3.12 python3.13; do $$p -c "" 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
DEMO ?= runs/demo
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -q -rs -n auto --maxprocesses 2 --dist worksteal

.PHONY: demo test test-all lint setup

# Those that fill all holes at once, of one data set: a density model takes minutes, photographs their own data.
PUBLISHED = $(filter-out pretrained/photos%,$(dir $(wildcard pretrained/*_l2/weights.npz pretrained/*gan/weights.npz)))

demo: setup
	@echo "A photograph from which two wires and a date, painted over, are to go:"
	$(BIN)/python inpaint.py docs/painted.png --mask-color ff00ff --output runs/painted_inpainted.png --overwrite
ifneq ($(PUBLISHED),)
	@printf "\nPublished weights fill holes in 200 test images of CIFAR-10, which is downloaded at first use:\n"
	-$(BIN)/python evaluate.py $(PUBLISHED) --baselines --limit 200
endif
	@printf "\nA small model learns to fill holes in dead leaves, pictures drawn from a seed, in 3 minutes, at the\nend against a critic, so that its fills are sharp:\n"
	$(BIN)/python train.py --model vgg_wgan --dataset dead_leaves --workdir $(DEMO) --overwrite \
	  --steps 700 --set warmup_steps=430 --set generator.filters=32 --set critic.filters=16 \
	  --set validate_every=90
	@printf "\nWhat it has learnt, beside the classical methods:\n"
	$(BIN)/python evaluate.py $(DEMO) --baselines --limit 500
	@echo
	@echo "Photograph: docs/painted.png, filled: runs/painted_inpainted.png"
	@echo "Picture: $(DEMO)/figures/dead_leaves-test-center-first500/completions.png   Table: above"
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
