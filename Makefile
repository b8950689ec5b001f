# Thin calls of the tools themselves; nobody needs make to use the project. Pipes get progress as it is made.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUNBUFFERED := 1
# Also where the environment says otherwise: without its bytecode Python takes up to a third longer for the checks.
unexport PYTHONDONTWRITEBYTECODE
SHELL := /bin/bash
# Molecule's: `make prove` asks for others.
SCENARIOS ?= default certificates
.DEFAULT_GOAL := help
.PHONY: help up down check test prove env lock lint types unit slow docs sanity build image molecule e2e absent beside

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

up:  ## bring up the lab and measure traffic through it
	@setup/bootstrap lab
	ansible-playbook site.yml
	ansible-playbook playbooks/verify.yml
	@echo 'The front: https://hosp.example.test at 198.18.0.5 (nurse:nurse, .lab/ca.pem)   the balancer: http://198.18.0.5:8404   take it down: make down'
	@echo 'The audit trail: https://hosp.example.test/audit (admin:admin)'

down:  ## take the lab down; nothing is left of it but .venv
	@setup/bootstrap lab
	@# Of a scenario the network is the last to go.
	! lab/hosts/podman network ls --quiet | grep -q ^steadyfront- || molecule destroy --all
	ansible-playbook playbooks/lab_down.yml

check: env  ## the fast checks, without containers
	@$(MAKE) --no-print-directory -j2 -Otarget lint types unit

test: env  ## each promise proved once, by counting
	@setup/bootstrap lab
	@$(MAKE) --no-print-directory -j3 -Otarget lint types unit image
	@$(MAKE) --no-print-directory absent
	@$(MAKE) --no-print-directory -j2 e2e beside
	@tail -n 1 .lab/e2e.log

prove: env down  ## each promise proved at full size, and a line for each
	@tests/prove

env:  ## the virtual environment .venv
	@setup/bootstrap env

lock:  ## requirements.lock anew, from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --group dev pyproject.toml -o requirements.lock

lint:
	ruff check .
	ruff format --check .
	yamllint .
	antsibull-changelog lint
	@$(MAKE) --no-print-directory .lab/ansible-lint

# What has changed since the last time, and all where that is not known: it takes a minute and a half.
.lab/ansible-lint: .ansible-lint requirements.lock \
$(wildcard $(shell git ls-files --cached --others --exclude-standard '*.yml' ':!changelogs' ':!lab'))
	mkdir -p $(@D)
	ansible-lint $(if $(filter .ansible-lint requirements.lock,$?),,$?)
	touch $@

types:
	mypy lab lambdas plugins/module_utils plugins/plugin_utils

unit:
	pytest -n 2 -m 'not slow' --junitxml=.lab/unit.xml tests/unit

slow:
	pytest -n 2 --dist loadfile -m slow --junitxml=.lab/slow.xml tests/unit

# Made while the checks run, for site.yml and Molecule: of a clean machine it takes as long as they do.
image:
	lab/hosts/image trixie packages

sanity:
	setup/sanity

# Of the collections on this machine, those that this one is built on: references to others are faults.
docs:
	ANSIBLE_COLLECTIONS_SCAN_SYS_PATH=false ANSIBLE_COLLECTIONS_PATH=.venv/collections \
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all .

build:
	ansible-galaxy collection build --force --output-path .lab .

molecule:
	@setup/bootstrap lab
	@$(MAKE) --no-print-directory -j2 -Otarget $(SCENARIOS:%=molecule-%)

molecule-%:
	@# Molecule's last words do not name the tests that failed.
	mkdir -p .lab && set -o pipefail && molecule test --scenario-name $* | tee .lab/$@.log || \
	{ grep -A2 FAILED .lab/$@.log; exit 1; }

e2e:
	ansible-playbook site.yml --check --diff
	ansible-playbook site.yml
	set -o pipefail && pytest -n 2 --durations=15 --junitxml=.lab/e2e.xml tests/e2e | tee .lab/e2e.log

# No lab: the first run of site.yml is part of the proof. The hosts' images stay.
absent:
	ansible-playbook playbooks/lab_down.yml --skip-tags images

# What needs no lab, while the lab's tests leave the machine half idle. They measure, so it has the lower priority.
beside:
	@nice -n 19 $(MAKE) --no-print-directory -k -j1 -Otarget slow sanity docs build molecule
