# The project's commands. `make` alone lists them. Needs Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 1
DATA ?= .data
MINUTES ?= 10
SEED ?= 1
TRIAL ?= trial
STACKS ?= local kubernetes
PARTS ?= mixes cold http growth workers
ROUNDS ?= 3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo up test test-fast fuzz coverage check format generate lock bench bench-kubernetes chaos chaos-mutations clean kind cluster-up cluster-load cluster-down

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/local.stamp ## run real circuits through API, Redis and runner, and print their counts
	@$(BIN)/quantum-tasks demo

up: $(VENV)/local.stamp ## serve until ended: PORT=8000 WORKERS=1 DATA=.data
	@$(BIN)/quantum-tasks up --port $(PORT) --workers $(WORKERS) --data $(DATA)

kind: ## have it on a kind cluster: PORT=8000 KIND_CLUSTER=qt; needs docker, kind, kubectl, helm
	@PORT=$(PORT) k8s/kind.sh

# The end-to-end tests want the machine for themselves; the others run beside each other, file by file.
BESIDE := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/dev.stamp ## run every test; slow tiers run after fast ones
	@status=0; set -x; \
	$(BIN)/pytest $(BESIDE) tests/unit tests/integration || status=$$?; \
	$(BIN)/pytest $(wildcard tests/e2e/test_*.py) tests/e2e/kubernetes && exit $$status

test-fast: $(VENV)/dev.stamp ## run the unit tests
	$(BIN)/pytest $(BESIDE) tests/unit

fuzz: $(VENV)/dev.stamp ## programs that nobody would write, for a while: MINUTES=60 SEED=1 TRIAL=trial (or engines)
	PYTHONPATH=tests $(BIN)/python -m fuzz.run --minutes $(MINUTES) --seed $(SEED) --trial $(TRIAL)

coverage: $(VENV)/dev.stamp ## what the unit and integration tests reach, in every process that they start
	$(BIN)/pytest $(BESIDE) --cov --cov-report=term tests/unit tests/integration

check: $(VENV)/dev.stamp ## lint, types, layers, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## rewrite the sources as `make check` wants them
	$(BIN)/ruff check --fix-only --exit-zero .
	$(BIN)/ruff format .

generate: $(VENV)/dev.stamp ## write what is made from the sources: the CRD, docs/openqasm.md, the chart's README (needs go)
	PYTHONPATH=tests $(BIN)/python -m support.openqasm_page >docs/openqasm.md
	$(BIN)/python -m quantum_tasks.crd >k8s/crd.yaml
	cp k8s/crd.yaml helm/quantum-tasks/files/crd.yaml
	@if command -v go >/dev/null; then \
	  "$$(tests/cluster/helm-docs.sh)" --log-level error --chart-search-root helm --sort-values-order file; \
	else echo "there is no go: the chart's README stays as it is" >&2; fi

lock: $(VENV)/dev.stamp ## pin the dependencies anew, by hash
	PATH=$(BIN):$$PATH sh locks/compile.sh

bench: $(VENV)/dev.stamp ## measure beside the usual design, 15 minutes: PARTS="mixes cold http growth workers" ROUNDS=3
	$(BIN)/python -m benchmarks --parts $(PARTS) --rounds $(ROUNDS) $(if $(KUBERNETES),--kubernetes $(KUBERNETES))

bench-kubernetes: $(VENV)/dev.stamp ## measure Jobs and tasks on a cluster that has the images: KUBERNETES=figures.json
	$(BIN)/python -m benchmarks.on_kubernetes $(if $(KUBERNETES),--json $(KUBERNETES))

chaos: $(VENV)/dev.stamp ## faults and clients for a while, then the verdict: MINUTES=10 SEED=1 STACKS="local kubernetes"
	@for stack in $(STACKS); do \
	  PYTHONPATH=tests $(BIN)/python -m chaos.run --stack $$stack --minutes $(MINUTES) --seed $(SEED) || exit; done

chaos-mutations: $(VENV)/dev.stamp ## take out what the promises rest on, and see that chaos finds it: STACKS=...
	@for stack in $(STACKS); do \
	  PYTHONPATH=tests $(BIN)/python -m chaos.mutations --stack $$stack --seed $(SEED) || exit; done

cluster-up: ## have a kind cluster, and print its kubeconfig's path: NAME=quantum-tasks WORKERS=0 (more nodes)
	@tests/cluster/cluster.sh up

cluster-load: ## copy images into every node of the cluster: IMAGES="..."
	@tests/cluster/cluster.sh load $(IMAGES)

cluster-down: ## remove the cluster and all that was made for it
	@tests/cluster/cluster.sh down

clean: ## remove what the commands above made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage*

# A stamp is younger than the lock and the project file that it was made from.
$(VENV)/%.stamp: locks/%.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) from locks/$*.txt (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/build.txt -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Quantum Tasks needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
