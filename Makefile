# Each target sets itself up in .venv; a second run installs nothing. PYTHON may name another interpreter of 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
THEME ?= rain over the harbour
SONG ?= $(THEME)
OUT ?= songs
ARGS ?= -n auto --dist worksteal

.PHONY: song bot test check bench fix clean
.DEFAULT_GOAL := song

# One stamp per set of extras, renewed when the declared dependencies change.
$(VENV)/.ready-%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) ($*), once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".$(EXTRAS_$*)"
	@touch $@

EXTRAS_song :=
EXTRAS_bot := [discord]
EXTRAS_dev := [train,tune,queue,discord,postgres,redis,test]
EXTRAS_bench := [train,tune,queue,discord,postgres,redis,test,bench]

song: $(VENV)/.ready-song
	@$(BIN)/songwright song "$(SONG)" --out "$(OUT)"

bot: $(VENV)/.ready-bot
	@$(BIN)/songwright up

test: $(VENV)/.ready-dev
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.ready-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: $(VENV)/.ready-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.ready-bench
	@$(BIN)/python -m tests.bench.bench_decoding
	@$(BIN)/python -m tests.bench.bench_events
	@$(BIN)/python -m tests.bench.bench_song
	@$(BIN)/python -m tests.bench.bench_midi
	@$(BIN)/python -m tests.bench.bench_mutations
	@$(BIN)/python -m tests.bench.bench_bot
	@$(BIN)/python -m tests.bench.bench_load

clean:
	rm -rf $(VENV) build dist *.egg-info
