# Every verb of the project. Only Python and make are needed; the rest is installed into .venv folders here.
PYTHON ?= python3
DATA ?= ../shared/data/faces
SCENES ?= ../shared/data/scenes
CLIPS ?= ../shared/data/clips
RUN ?= runs/read
MODEL ?= deepfake
SOURCES ?= runs/data
BASELINES = serenity meso4 tiny_ladeda mobilenet mobilenet_v2
BOTH = $(DATA) $(SOURCES)
CLONES ?=
RECIPES = float32,float16,dynamic,int8,int8-io,int16x8
WEB = edge_detect/serve/web
PAGE = edge_detect/serve/static/index.html
BESIDE = $(addprefix --beside ,$(dir $(wildcard $(DATA)/labels.csv)))

.NOTPARALLEL:
.PHONY: help demo test lint format type data model fit further release nano face baselines evaluate clips judged photos soak age recipes legacy tfjs load web wheel parity page-figures clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/ready ## score two portraits and manipulated versions of them, with the base install
	.venv/bin/python -m training.demo demo
	.venv/bin/edge-detect scan --exit-zero demo

test: .venv-dev/ready ## install what the tests need and run all checks
	@$(MAKE) web || echo "the page is not built, for the reason above: its tests will be skipped"
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy
	.venv-dev/bin/python -m pytest

lint: .venv-dev/ready ## ruff
	.venv-dev/bin/ruff check .

format: .venv-dev/ready ## ruff, changing files
	.venv-dev/bin/ruff format .
	.venv-dev/bin/ruff check --fix .

type: .venv-dev/ready ## mypy, strict
	.venv-dev/bin/mypy

data: .venv-dev/ready ## rebuild the public training pictures, beside those in DATA where there are any
	.venv-dev/bin/python -m training.sources build all --out $(SOURCES) $(addprefix --clones ,$(CLONES)) $(BESIDE) \
		|| test $$? -eq 1 # some are left out, and the others checked
	.venv-dev/bin/python -m training.sources check $(SOURCES) $(BESIDE)

model: fit further release nano evaluate ## reproduce the released model from the data: train, convert, calibrate, evaluate

fit: .venv-dev/ready ## train the recipe into runs/edge; goes on where it was interrupted
	.venv-dev/bin/python -m training fit training/recipes/edge.toml --data $(DATA) --out runs/edge --resume

further: .venv-dev/ready ## train on with what `make data` built, too, into runs/read; goes on where it was interrupted
	.venv-dev/bin/python -m training experiment training/recipes/experiments/longer.toml --out runs/longer \
		--data $(DATA) $(BOTH:%=--train %) --report docs/experiments.md
	test -f runs/mean/best.keras || .venv-dev/bin/python -m training average runs/longer/*/best.keras \
		--version 0.2.0 --out runs/mean
	.venv-dev/bin/python -m training fit training/recipes/further.toml $(BOTH:%=--data %) --out runs/further --resume
	.venv-dev/bin/python -m training fit training/recipes/whole.toml $(BOTH:%=--data %) --out runs/whole --resume
	.venv-dev/bin/python -m training fit training/recipes/framed.toml $(BOTH:%=--data %) --out runs/framed --resume
	.venv-dev/bin/python -m training experiment training/recipes/experiments/settled.toml --out runs/settling \
		--data $(DATA) $(BOTH:%=--train %) --report docs/experiments.md
	test -f runs/settled/best.keras || .venv-dev/bin/python -m training average runs/settling/*/best.keras \
		--version 0.5.1 --out runs/settled
	.venv-dev/bin/python -m training experiment training/recipes/experiments/gentle.toml --out runs/gentle \
		--data $(DATA) $(BOTH:%=--train %) --report docs/experiments.md
	.venv-dev/bin/python -m training fit training/recipes/broader.toml $(BOTH:%=--data %) --out runs/broader --resume
	.venv-dev/bin/python -m training fit training/recipes/galleries.toml $(BOTH:%=--data %) --out runs/galleries --resume
	test -f runs/gathered/best.keras || .venv-dev/bin/python -m training average runs/broader/best.keras \
		runs/galleries/best.keras --version 0.8.1 --out runs/gathered
	.venv-dev/bin/python -m training fit training/recipes/composites.toml $(BOTH:%=--data %) --out runs/composites --resume
	test -f runs/joined/best.keras || .venv-dev/bin/python -m training average runs/gathered/best.keras \
		runs/composites/best.keras --version 0.9.1 --out runs/joined
	.venv-dev/bin/python -m training fit training/recipes/wider.toml $(BOTH:%=--data %) --out runs/wider --resume
	test -f runs/united/best.keras || .venv-dev/bin/python -m training average runs/joined/best.keras \
		runs/wider/best.keras --version 0.10.1 --out runs/united
	.venv-dev/bin/python -m training fit training/recipes/finer.toml $(BOTH:%=--data %) --out runs/finer --resume
	test -f runs/merged/best.keras || .venv-dev/bin/python -m training average runs/united/best.keras runs/finer/best.keras \
		runs/finer/best.keras --version 0.11.1 --out runs/merged
	.venv-dev/bin/python -m training fit training/recipes/filmed.toml $(BOTH:%=--data %) --out runs/filmed --resume
	test -f runs/combined/best.keras || .venv-dev/bin/python -m training average runs/merged/best.keras runs/filmed/best.keras \
		--version 0.12.1 --out runs/combined
	.venv-dev/bin/python -m training fit training/recipes/shares.toml $(BOTH:%=--data %) --out runs/shares --resume
	test -f runs/balanced/best.keras || .venv-dev/bin/python -m training average runs/combined/best.keras \
		runs/combined/best.keras runs/shares/best.keras --version 0.13.1 --out runs/balanced
	.venv-dev/bin/python -m training fit training/recipes/generators.toml $(BOTH:%=--data %) --out runs/generators --resume
	test -f runs/blended/best.keras || .venv-dev/bin/python -m training average runs/combined/best.keras \
		runs/combined/best.keras runs/balanced/best.keras runs/generators/best.keras --version 0.14.1 --out runs/blended
	set -e; for run in gentle/gentle-1 broader gathered joined united merged combined balanced blended; do \
		.venv-dev/bin/python -m training release runs/$$run --out models/deepfake; \
	done # for the curves of these runs
	test -f runs/read/best.keras || .venv-dev/bin/python -m training reading runs/blended/best.keras --data $(DATA) \
		--version 0.14.2 --patches-only --out runs/read

release: .venv-dev/ready ## convert the model trained in RUN, fit its calibration and thresholds: models/MODEL
	.venv-dev/bin/python -m training release $(RUN) --out models/$(MODEL)
	.venv-dev/bin/python -m convert models/$(MODEL)/$(MODEL).keras --to float16,int8 --calibrate 100 \
		--data $(DATA) --out models/$(MODEL)
	.venv-dev/bin/python -m training calibrate models/$(MODEL)/$(MODEL)-*.tflite --data $(DATA)

nano: .venv-dev/ready ## the smaller sibling, begun close to the larger one and taught by it: models/deepfake-nano
	test -f runs/shrunk/best.keras || .venv-dev/bin/python -m training shrink runs/settled/best.keras --data $(DATA) \
		--widths 32,48,96 --name deepfake-nano --out runs/shrunk
	.venv-dev/bin/python -m training fit training/recipes/edge-nano.toml $(BOTH:%=--data %) --out runs/nano --resume
	.venv-dev/bin/python -m training fit training/recipes/edge-nano-broader.toml $(BOTH:%=--data %) --out runs/nano-broader \
		--resume
	set -e; for run in nano nano-broader; do \
		.venv-dev/bin/python -m training release runs/$$run --out models/deepfake-nano; \
	done # for the curves of these runs
	test -f runs/nano-read/best.keras || .venv-dev/bin/python -m training reading runs/nano-broader/best.keras \
		--data $(DATA) --version 0.3.1 --out runs/nano-read
	$(MAKE) release RUN=runs/nano-read MODEL=deepfake-nano

face: .venv-dev/ready ## reproduce the released face finder: train, convert, choose its threshold, evaluate
	.venv-dev/bin/python -m training fit training/recipes/finder.toml --data $(DATA) --scenes $(SCENES) \
		--out runs/finder --resume
	.venv-dev/bin/python -m training release runs/finder --out models/face
	.venv-dev/bin/python -m convert models/face/face.keras --to float32,int8 --data $(SCENES) --out models/face
	.venv-dev/bin/python -m training calibrate models/face/face-*.tflite --data $(SCENES)
	.venv-dev/bin/python -m training evaluate models/face/face-*.tflite --data $(SCENES) --out models/face

baselines: .venv-dev/ready ## train and convert the networks to compare with, on the same data by the same loop
	set -e; for name in $(BASELINES); do \
		.venv-dev/bin/python -m training fit training/recipes/$$name.toml --data $(DATA) --out runs/$$name --resume; \
		.venv-dev/bin/python -m convert runs/$$name/best.keras --to int8 --data $(DATA) --out runs/$$name; \
		.venv-dev/bin/python -m training calibrate runs/$$name/$$name-int8.tflite --data $(DATA); \
	done

evaluate: .venv-dev/ready ## write the figures of the shipped files into metrics.json and the model card
	.venv-dev/bin/python -m training evaluate $(wildcard models/deepfake/*.tflite models/deepfake-nano/*-int8.tflite \
		$(foreach name,$(BASELINES),runs/$(name)/*-int8.tflite)) \
		--data $(DATA) --out models/deepfake --readme README.md --together sdfd+pollinations
	.venv-dev/bin/python -m training evaluate models/deepfake-nano/*.tflite \
		--data $(DATA) --out models/deepfake-nano --together sdfd+pollinations

clips: .venv-dev/ready ## write how whole videos score into the model card
	.venv-dev/bin/python -m training clips models/deepfake/deepfake-int8.tflite --data $(CLIPS) --out models/deepfake/README.md

judged: .venv-dev/ready ## write how the sources that are judged by only score into the model card
	.venv-dev/bin/python -m training judged models/deepfake/deepfake-int8.tflite --data $(SOURCES) \
		--out models/deepfake/README.md

photos: .venv-dev/ready ## write what finding the face costs the score into the finder's card
	.venv-dev/bin/python -m training.sources originals ciplab genphotos omi sdfd --crops $(DATA) \
		--clones $(or $(CLONES),$(SOURCES)/clones) --out runs/originals
	.venv-dev/bin/python -m training photos models/deepfake/deepfake-int8.tflite --crops $(DATA) \
		--photos runs/originals --out models/face/README.md

soak: .venv-dev/ready ## watch 200,000 frames: memory, threads and open files must stay as they are
	EDGE_DETECT_SOAK_FRAMES=200000 .venv-dev/bin/python -m pytest -rP --timeout 5000 tests/test_soak.py

age: .venv-dev/ready ## write how old frames are when they are judged on a busy core into docs/raspberry-pi.md
	PYTHONPATH=. .venv-dev/bin/python tests/age.py docs/raspberry-pi.md

recipes: .venv-dev/ready ## convert the released model and two trained baselines by every recipe; the table in docs/convert.md
	set -e; for model in models/deepfake/deepfake.keras $(wildcard runs/serenity/best.keras runs/mobilenet_v2/best.keras); do \
		.venv-dev/bin/python -m convert $$model --to $(RECIPES) --data $(DATA) --out runs/recipes --max-flips 0.1; \
	done
	.venv-dev/bin/python -m convert.table runs/recipes/*.tflite --into docs/convert.md

legacy: .venv-legacy/ready ## an environment with tflite-runtime 2.14, in which `convert` tries its models, too

tfjs: convert/node/node_modules/.package-lock.json ## TensorFlow.js, in which `convert --to tfjs` tries its models

load: .venv-dev/ready ## write into docs/serve.md what HTTP costs, alone and when a thousand post at once
	.venv-dev/bin/python -m training.demo runs/load
	.venv-dev/bin/python -m edge_detect.serve.load runs/load/hopper-original.png --into docs/serve.md

web: $(PAGE) ## build the page that `edge-detect serve` gives; needs Node.js 20 and npm

wheel: web ## a wheel with the page in it, in dist/
	.venv-dev/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .

parity: web ## score the parity set in Python and in the browser, and print how far they are apart
	.venv-dev/bin/python tests/parity.py

page-figures: web ## measure and photograph the page, and write that into README.md and docs/
	.venv-dev/bin/python tests/page_figures.py

clean: ## remove environments and build products (runs/ stays)
	rm -rf .venv .venv-dev .venv-legacy build dist demo convert/node/node_modules
	rm -rf $(WEB)/node_modules $(WEB)/graphs edge_detect/serve/static

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --editable '.[demo]'
	touch $@

.venv-dev/ready: pyproject.toml
	$(PYTHON) -m venv .venv-dev
	.venv-dev/bin/python -m pip install --quiet --editable '.[dev]'
	touch $@

LEGACY_PYTHON ?= $(or $(shell command -v python3.11 || command -v python3.10),$(PYTHON))
.venv-legacy/ready: Makefile
	$(LEGACY_PYTHON) -m venv .venv-legacy
	.venv-legacy/bin/python -m pip install --quiet 'tflite-runtime==2.14.0' 'numpy<2'
	touch $@

convert/node/node_modules/.package-lock.json: convert/node/package-lock.json
	npm ci --prefix convert/node --no-audit --no-fund --ignore-scripts

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	npm ci --prefix $(WEB) --no-audit --no-fund --ignore-scripts

$(WEB)/graphs/ready: .venv-dev/ready convert/page.py convert/tfjs.py $(wildcard models/*/*.keras models/*/*-float*.tflite)
	.venv-dev/bin/python -m convert.page $(WEB)/graphs
	touch $@

$(PAGE): $(WEB)/node_modules/.package-lock.json $(WEB)/graphs/ready $(wildcard models/*/*-int8.tflite) \
		$(wildcard $(WEB)/*.html $(WEB)/*.ts $(WEB)/src/* $(WEB)/src/style/* $(WEB)/vite/* $(WEB)/public/*)
	npm run build --prefix $(WEB)
