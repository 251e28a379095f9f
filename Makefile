# The few commands of daily use. `make demo` and `make test` install what they need into .venv first.
PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
COMMA := ,
SPACE := $(subst ,, )
SNAKEMAKE := $(BIN)/snakemake

# Says what is wrong with the Python at hand, and the cure: Debian and Ubuntu have what makes environments in a package of its own.
define require_python
	@$(PYTHON) -c 'import sys; from importlib.util import find_spec; sys.exit( \
	  sys.version_info < (3, 11) and "degsteps needs Python 3.11 or newer: make PYTHON=/path/to/python3.12 ..." \
	  or not find_spec("ensurepip") and "$(PYTHON): ensurepip is missing, so it can make no environment. Install it (Debian, Ubuntu: apt-get install python3-venv, or that of its version, such as python3.12-venv), and call make again.")'
endef

# Installs a lock file into .venv, and says every five seconds that it still does.
define install
	@echo "Installs $< into $(VENV): a minute or two."
	@(while sleep 5; do echo "  still installing"; done) & beat=$$!; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; status=$$?; \
	  kill $$beat; exit $$status
	@touch $@
endef

# Stops a target that was called without one of its variables. Those of the environment do not count: COLUMNS is there.
needs = $(if $(and $(filter command,$(origin $(1))),$(strip $($(1)))),,$(error $(1) is missing. Give it: make $@ $(2)))

.PHONY: help demo figure gallery cells cells-evidence all test agreement lint format docs check init import verify seal package compare replay plan blind unblind published bench lock clean-demo test-long fuzz test-all test-slurm test-conda pictures slurm schedulers conda-pins
.DEFAULT_GOAL := help

help:  ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: envs/core.lock.txt
	$(require_python)
	$(PYTHON) -m venv $(VENV)
	$(install)

$(VENV)/.dev: envs/dev.lock.txt $(VENV)/.run
	$(install)

# Executors for schedulers, on top of .run.
$(VENV)/.slurm $(VENV)/.schedulers: $(VENV)/.%: envs/%.lock.txt $(VENV)/.run
	$(install)

demo: $(VENV)/.run  ## airway study: counts to annotated tables, figures and a report
	$(SNAKEMAKE) --cores $(CORES) airway

cells: $(VENV)/.run  ## single cells of eight donors (simulated): cells to labels, sums by donor and tables by cell type
	$(SNAKEMAKE) --cores $(CORES) cells --config 'analyses=[config/analyses/cells.yaml]'

all: $(VENV)/.run  ## every analysis listed in config/config.yaml
	$(SNAKEMAKE) --cores $(CORES)

check: $(VENV)/.run  ## check configuration, sheets and counts; run nothing
	@$(BIN)/python scripts/check_analyses.py --cores $(CORES)

init: $(VENV)/.run  ## start your own analysis: make init COUNTS=counts.tsv SAMPLES=samples.tsv [NAME=mystudy], or CELLS=cells.h5ad
	@$(BIN)/python scripts/init_analysis.py $(if $(CELLS),--cells "$(CELLS)" $(if $(DONORS),--donors "$(DONORS)"),--counts "$(COUNTS)" --samples "$(SAMPLES)") $(if $(NAME),--name "$(NAME)") --add

import: $(VENV)/.run  ## another workflow's configuration: make import FROM="nf-core --samples ... --contrasts ... --counts ..."
	$(call needs,FROM,FROM="nf-core --help")@$(BIN)/python scripts/import_config.py $(if $(NAME),--name "$(NAME)") $(FROM)

verify: $(VENV)/.run  ## hash results again and walk their graph: make verify RESULTS=results/airway/1.0 [DIGEST=of the seal] [SIGNERS=list]
	$(call needs,RESULTS,RESULTS=results/airway/1.0)@$(BIN)/python scripts/verify_results.py "$(RESULTS)" $(if $(DIGEST),--digest "$(DIGEST)") $(if $(SIGNERS),--signers "$(SIGNERS)")

seal: $(VENV)/.run  ## refuse all later changes of a version, and print one digest: make seal RESULTS=results/airway/1.0 [KEY=of ssh]
	$(call needs,RESULTS,RESULTS=results/airway/1.0)@$(BIN)/python scripts/seal_version.py "$(RESULTS)" $(if $(KEY),--key "$(KEY)")

package: $(VENV)/.run  ## one zip for somebody else: report, spreadsheet, tables, figures, methods, checksums: make package NAME=airway
	$(call needs,NAME,NAME=airway)@$(BIN)/python scripts/package_version.py "$(NAME)" $(if $(INTO),--into "$(INTO)")

compare: $(VENV)/.run  ## which genes moved, and why: make compare A=results/airway/1.0 B=results/airway/1.1 [INTO=folder]
	$(call needs,A,A=results/airway/1.0 B=results/airway/1.1)$(call needs,B,A=$(A) B=results/airway/1.1)@$(BIN)/python scripts/compare_versions.py "$(A)" "$(B)" --into "$(or $(INTO),results/comparison)"

replay: $(VENV)/.run  ## repeat one recorded step elsewhere and compare: make replay RECORD=results/.../x.record.json
	$(call needs,RECORD,RECORD=results/airway/1.0/07_test/fit_model.record.json)@$(BIN)/python scripts/replay_step.py "$(RECORD)"

figure: $(VENV)/.run  ## draw a figure again for a paper: make figure FILE=results/.../x.svg [WIDTH_MM=89] [FONT_PT=7] [DPI=300] [PALETTE=grey] [STYLE=paper] [FORMAT="svg pdf"] [GENES="TP53 MYC"] [INTO=figures]
	@$(BIN)/python scripts/redraw_figure.py "$(FILE)" $(if $(WIDTH_MM),--width-mm $(WIDTH_MM)) $(if $(FONT_PT),--font-pt $(FONT_PT)) $(if $(DPI),--dpi $(DPI)) $(if $(PALETTE),--palette $(PALETTE)) $(if $(STYLE),--style $(STYLE)) $(if $(FORMAT),--format $(FORMAT)) $(if $(GENES),--genes $(GENES)) $(if $(INTO),--into "$(INTO)")

gallery: $(VENV)/.run  ## docs/gallery.md from the demos' results: every figure at 89 mm
	$(BIN)/python docs/make_gallery.py

plan: $(VENV)/.run  ## lock the plan of an analysis, before unblinding: make plan NAME=airway
	$(call needs,NAME,NAME=airway)@$(BIN)/python scripts/lock_plan.py "config/analyses/$(NAME).yaml"

blind: $(VENV)/.run  ## permute labels of a sheet: make blind SHEET=s.tsv COLUMNS=arm WITHIN=site BLINDED=b.tsv KEY=/safe/key.json
	$(call needs,SHEET,SHEET=s.tsv)$(call needs,COLUMNS,COLUMNS=arm)$(call needs,WITHIN,WITHIN=site)$(call needs,BLINDED,BLINDED=b.tsv)$(call needs,KEY,KEY=/safe/key.json)@$(BIN)/python scripts/blind_samples.py "$(SHEET)" --columns $(COLUMNS) --within $(WITHIN) --blinded "$(BLINDED)" --key "$(KEY)"

unblind: $(VENV)/.run  ## run a blinded analysis with its key, after `make plan`: make unblind NAME=trial KEY=/safe/key.json (of each site: KEY="a.json b.json")
	$(call needs,NAME,NAME=trial KEY=/safe/key.json)$(call needs,KEY,NAME=$(NAME) KEY=/safe/key.json)$(SNAKEMAKE) --cores $(CORES) "$(NAME)" --config 'unblind={"$(NAME)": ["$(subst $(SPACE),"$(COMMA) ",$(strip $(KEY)))"]}'

published: $(VENV)/.run  ## rerun published analyses (minutes): drift report and JUnit XML in results/published
	$(BIN)/python scripts/rerun_published.py published/*.yaml --cores $(CORES)

test: $(VENV)/.dev  ## the tests (some minutes)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

test-long: $(VENV)/.dev  ## workflow tests that take half a minute and more each, as CI runs them
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder -m long

fuzz: $(VENV)/.dev  ## 5,000 random faults in given files, judged by another reader (minutes)
	$(BIN)/python -m pytest tests/fuzz -m ""

agreement: $(VENV)/.dev  ## our numbers and PyDESeq2's beside R's, set by set (minutes): docs/agreement_with_r.md
	$(BIN)/python tests/reference/compare_with_r.py --markdown docs/agreement_with_r.md

test-all: $(VENV)/.dev $(VENV)/.slurm $(VENV)/.schedulers  ## all tests, with those that install packages or start a cluster
	$(BIN)/python -m pytest -m "" -rs

test-slurm: $(VENV)/.dev $(VENV)/.slurm  ## the multi-site demo on an emulated Slurm cluster, with faults (as root)
	bash tests/deployment/install_slurm.sh
	$(BIN)/python -m pytest -m "" -rs -v tests/deployment/test_slurm.py

test-conda: $(VENV)/.dev  ## every conda environment's pins alone, with the scripts of its rules (without conda)
	$(BIN)/python -m pytest -m "" -rs tests/deployment/test_conda_environments.py

slurm: $(VENV)/.slurm  ## add the Slurm executor to .venv

schedulers: $(VENV)/.schedulers  ## add the executors for LSF, SGE, PBS and Kubernetes to .venv

conda-pins:  ## exact package lists for envs/*.yaml, solved by conda (needs the channels)
	bash envs/make_pins.sh

# InMoose is GPL: in an environment of its own, from the lock of the optional step that uses it.
$(VENV)/inmoose/.done: envs/combat_seq.lock.txt
	$(require_python)
	$(PYTHON) -m venv $(VENV)/inmoose
	$(VENV)/inmoose/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

cells-evidence: $(VENV)/.dev  ## what docs/single_cell.md claims, from runs: make cells-evidence [PIG=folder with counts.mtx.gz, genes.tsv, cells.tsv]
	$(BIN)/python benchmarks/cells_evidence.py --cores $(CORES) $(if $(PIG),--pig "$(PIG)")

bench: $(VENV)/.run $(VENV)/inmoose/.done  ## speed and memory beside PyDESeq2, R and others (half an hour; QUICK=1: minutes)
	$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick)
	$(if $(QUICK),,$(BIN)/python benchmarks/job_costs.py --cores $(CORES))

lint: $(VENV)/.dev  ## ruff, snakefmt, snakemake --lint, generated files up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(SNAKEMAKE) --lint
	$(BIN)/python scripts/write_config_docs.py --check
	$(BIN)/python scripts/write_source_list.py --check

format: $(VENV)/.dev  ## put code into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

docs: $(VENV)/.dev  ## write config/README.md from the schemas, rules/sources.txt from the files
	$(BIN)/python scripts/write_config_docs.py
	$(BIN)/python scripts/write_source_list.py

pictures: demo cells  ## the pictures of README.md from the demos (needs Chromium)
	$(BIN)/python docs/make_pictures.py

lock:  ## resolve envs/*.in into envs/*.lock.txt (needs uv)
	cd envs && for name in core dev combat_seq harmony slurm schedulers; do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header $$name.in -o $$name.lock.txt; done
