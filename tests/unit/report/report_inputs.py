"""A small finished analysis on disk, with names that try to be markup, formulas and dates."""

import runpy
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from degsteps.tables import read_json, write_json, write_matrix, write_table
from tests.conftest import REPO

SCRIPT_SAMPLE = "<script>alert(1)</script>"
CLOSING_NAME = "</script><img src=x onerror=alert(2)><!-- *bold* _it_"
LEVELS = ("NA", 'hi & "<b>2</b>"')
#: Symbols that spreadsheets take for dates, numbers, formulas or links.
SYMBOLS = ("SEPT1", "MARCH1", "1-Mar", "2E10", "=cmd()", "+1", "@SUM(A1)", "http://x.org", "007", "TRUE")
CONTRASTS = {
    "hi_vs_na": {"factor": "dose", "test": LEVELS[1], "reference": "NA"},
    "a.second-contrast_with_a_name_that_is_too_long_for_a_sheet": {
        "factor": "dose",
        "test": "NA",
        "reference": LEVELS[1],
    },
}
SAMPLES = (SCRIPT_SAMPLE, "8042381", "A-1", "naïve β", "=HYPERLINK(1)", "s6")
N_GENES = 60
#: What only the gene explorer reads.
EXPLORED = ("counts", "factors", "of_samples")
N_DROPPED_GENES = 7


@dataclass
class Study:
    """Paths by the names that the steps give them, and the two settings that are not files."""

    folder: Path
    settings: dict
    paths: dict
    workflow_versions: dict

    @property
    def report(self) -> Path:
        """Where the report lies."""
        return self.folder / "10_report"

    def inputs(self, *names: str) -> dict:
        """Return some of the paths, as a step's arguments, with the results of all stages."""
        steps = self.folder / "steps.json"
        write_json([read_json(path) for path in self.paths["records"]], steps)
        return {"results": self.results, "steps": steps} | {name: self.paths[name] for name in names}

    @property
    def explored(self) -> dict:
        """What only the gene explorer reads, as arguments of the step that writes the page."""
        return {name: self.paths[name] for name in EXPLORED if name in self.paths}

    @property
    def results(self) -> list[Path]:
        """Tables and figures of all stages."""
        own = {"records", "accountability", "contrasts", "verdicts", *EXPLORED}
        paths = [path if isinstance(path, list) else [path] for name, path in self.paths.items() if name not in own]
        return [path for some in paths for path in some]


def small_png(width: int = 3, height: int = 2) -> bytes:
    """Return a grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


SMALL_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="640.5pt" height="320pt"><circle r="5"/></svg>'


def settings() -> dict:
    """Return a whole analysis, with every default filled in."""
    return {
        "name": "study",
        "file": "config/analyses/study.yaml",
        "title": f"Dose response {CLOSING_NAME}",
        "version": "1.0",
        "ingest": {"counts": "given/counts.tsv", "samples": "given/samples.tsv", "exclude_samples": {}},
        "design": {
            "formula": "~ site + age + dose",
            "factors": {"dose": {"reference": "NA", "levels": None}, "site": {"reference": "x", "levels": None}},
            "covariates": {"age": {"unit": "years", "center": True, "scale": False}},
            "sample_sets": {},
        },
        "filter": {"method": "cpm", "min_cpm": 0.5, "min_samples": None, "group": "dose"},
        "normalize": {"size_factors": "ratio", "control_genes": None, "tables": ["normalized", "cpm", "tmm_cpm"]},
        "batch": {"columns": ["site"], "method": "linear", "max_cramers_v": 0.5},
        "transform": {"method": "vst", "blind": True, "trend_genes": None},
        "qc": {"top_genes": 500, "color_by": ["dose", "age", "site"], "outlier_mad": 5},
        "test": {
            "contrasts": CONTRASTS,
            "alpha": 0.1,
            "further_alphas": [],
            "min_log2_fold_change": 1.0,
            "cooks_filter": True,
            "independent_filtering": True,
            "engine": "degsteps",
            "adjustment": "bh",
            "compatibility": "r",
            "shrinkage": "apeglm",
            "sensitivity": False,
            "power": None,
            "stage_wise": {},
            "influence": False,
        },
        "annotate": {"genes": "given/genes.tsv", "release": "Ensembl 110"},
        "report": {"labelled_genes": 5, "table_rows": 40, "workbook_rows": 1000},
    }


def result_table(seed: int) -> pd.DataFrame:
    """Return an annotated result table of 60 genes: 4 without p-value, 6 more without an adjusted one."""
    generator = np.random.default_rng(seed)
    genes = [f"ENSG{position:03d}" for position in range(N_GENES)]
    genes[3], genes[4] = "=1+1", "SEPT2"
    table = pd.DataFrame(index=pd.Index(genes, name="gene"))
    table["symbol"] = [SYMBOLS[i] if i < len(SYMBOLS) else f"SYM{i}" for i in range(N_GENES)]
    table["name"] = ["", CLOSING_NAME, *[f"protein {i}" for i in range(2, N_GENES)]]
    table["entrez_id"] = [str(1000 + i) for i in range(N_GENES)]
    table["base_mean"] = generator.lognormal(5, 2, N_GENES)
    table["log2_fold_change"] = np.round(generator.normal(0, 2, N_GENES), 6)
    table["lfc_se"] = 0.25
    table["stat"] = table["log2_fold_change"] / table["lfc_se"]
    table["pvalue"] = np.sort(generator.uniform(0, 1, N_GENES) ** 6)
    table["padj"] = np.minimum(table["pvalue"] * 2, 1)
    table["lfc_shrunken"] = table["log2_fold_change"] * 0.9
    table["mean_NA"] = table["base_mean"] * 0.8
    table["na_reason"] = ""
    table.iloc[50:56, table.columns.get_loc("na_reason")] = "low_mean"
    table.iloc[56:59, table.columns.get_loc("na_reason")] = "count_outlier"
    table.iloc[59:60, table.columns.get_loc("na_reason")] = "not_converged"
    table.loc[table.index[50:], "padj"] = np.nan
    table.loc[table.index[56:], "pvalue"] = np.nan
    table.iloc[0, table.columns.get_loc("pvalue")] = 0.0
    return table


def build(folder: Path) -> Study:
    """Write the results of a finished analysis below ``folder``, by the contracts between the steps."""
    stages = {name: folder / f"{number:02d}_{name}" for number, name in enumerate(_STAGES, start=1)}
    for stage in stages.values():
        stage.mkdir(parents=True)
    paths: dict = {}

    def put(name: str, table: pd.DataFrame, stage: str, file: str) -> None:
        paths[name] = stages[stage] / file
        write_table(table, paths[name])

    kept = list(SAMPLES)
    sheet = pd.DataFrame(
        {
            "dose": [LEVELS[i % 2] for i in range(6)],
            "site": ["x", "x", "x", "y&", "y&", "y&"],
            "age": ["31", "45", "52", "39", "60", "28"],
            "status": ["a", "b", "c", "d", "e", "f"],
            "date_of_birth": ["1980-01-01"] * 6,
        },
        index=pd.Index(kept, name="sample"),
    )
    put("samples", sheet, "ingest", "samples.tsv")
    put(
        "sample_account",
        pd.DataFrame(
            {
                "in_counts": [True] * 7 + [False],
                "in_sheet": [True] * 8,
                "status": ["kept"] * 6 + ["dropped"] * 2,
                "reason": [""] * 6 + ["excluded: RNA <b>degraded</b>", "not_in_counts"],
                "total_count": pd.array([10**6 + i for i in range(7)] + [None], dtype="Int64"),
            },
            index=pd.Index([*kept, "bad_one", "absent"], name="sample"),
        ),
        "ingest",
        "sample_account.tsv",
    )
    put(
        "gene_account",
        pd.DataFrame(
            {"n_rows": [3], "status": ["kept"], "reason": ["rows_summed"]}, index=pd.Index(["ENSG010"], name="gene")
        ),
        "ingest",
        "gene_account.tsv",
    )
    put(
        "sites",
        pd.DataFrame(
            {
                "counts": ["given/x.tsv", "given/y.tsv"],
                "format": ["table", "star"],
                "genes": [67, 70],
                "genes_shared": [67, 67],
                "genes_unshared": [0, 3],
                "samples": [3, 3],
                "total_count_median": [1_200_345, 900_000],
                "total_count_min": [1000, 10],
                "total_count_max": [2000, 20],
                "detected_genes_median": [50, 40],
                "samples_NA": [1, 2],
                f"samples_{LEVELS[1]}": [2, 1],
            },
            index=pd.Index(["x", "y&"], name="site"),
        ),
        "ingest",
        "sites.tsv",
    )
    tables = {name: result_table(seed) for seed, name in enumerate(CONTRASTS)}
    dropped = [f"DROP{i}" for i in range(N_DROPPED_GENES)]
    put(
        "genes",
        pd.DataFrame(
            {
                "kept": [True] * N_GENES + [False] * N_DROPPED_GENES,
                "reason": [""] * N_GENES + ["all_zero"] * 4 + ["below_min_cpm"] * 3,
                "total_count": 5,
            },
            index=pd.Index([*result_table(0).index, *dropped], name="gene"),
        ),
        "filter",
        "genes.tsv",
    )
    factors = pd.DataFrame({"library_size": 10**6, "size_factor": np.linspace(0.8, 1.25, 6)}, index=sheet.index)
    put("size_factors", factors, "normalize", "size_factors.tsv")
    counts = np.random.default_rng(5).poisson(np.geomspace(0.2, 5e4, N_GENES)[:, None], (N_GENES, 6))
    paths["counts"] = stages["ingest"] / "counts.parquet"
    write_matrix(pd.DataFrame(counts, index=result_table(0).index, columns=kept), paths["counts"])
    coefficients = ["Intercept", "site[T.y&]", "age", f"dose[T.{LEVELS[1]}]"]
    put("design", pd.DataFrame(1.0, index=sheet.index, columns=coefficients), "batch", "design.tsv")
    put(
        "association",
        pd.DataFrame(
            {
                "b": ["site"],
                "measure": ["cramers_v"],
                "value": [1 / 3],
                "n_samples": [6],
                "separable": [True],
                "verdict": ["ok"],
            },
            index=pd.Index(["dose"], name="a"),
        ),
        "batch",
        "association.tsv",
    )
    pairs = [(dose, site) for dose in LEVELS for site in ("x", "y&")]
    put(
        "crosstab",
        pd.DataFrame(
            {
                "level": [dose for dose, _ in pairs],
                "other_factor": "site",
                "other_level": [site for _, site in pairs],
                "n_samples": [2, 1, 1, 2],
            },
            index=pd.Index(["dose"] * 4, name="factor"),
        ),
        "batch",
        "crosstab.tsv",
    )
    paths["design_summary"] = stages["batch"] / "design.json"
    write_json(
        {
            "formula": "~ site + age + dose",
            "levels": {"site": ["x", "y&"], "dose": list(LEVELS)},
            "coefficients": coefficients,
            "rank": 4,
            "residual_df": 2,
        },
        paths["design_summary"],
    )
    paths["contrasts_json"] = stages["batch"] / "contrasts.json"
    write_json(
        {
            name: {
                **contrast,
                "weights": dict.fromkeys(coefficients, 0.0) | {coefficients[3]: 1.0 if position == 0 else -1.0},
                "at": {"site": "x", "age": 42.5} if position else {},
                "groups": dict.fromkeys(LEVELS, 3),
            }
            for position, (name, contrast) in enumerate(CONTRASTS.items())
        },
        paths["contrasts_json"],
    )
    put(
        "libraries",
        pd.DataFrame(
            {
                "library_size": range(10**6, 10**6 + 6),
                "detected_genes": 55,
                "size_factor": factors["size_factor"],
                "rle_median": 1 / 3,
                "flags": ["few reads", "", "", "", "", ""],
            },
            index=sheet.index,
        ),
        "qc",
        "libraries.tsv",
    )
    put(
        "quality_verdicts",
        pd.DataFrame(
            {
                "status": ["ok", "warn"],
                "finding": ["Sizes are alike.", f"Sample {SCRIPT_SAMPLE} is flagged."],
                "advice": ["", "Look for the cause."],
            },
            index=pd.Index(["library_sizes", "outliers"], name="check"),
        ),
        "qc",
        "verdicts.tsv",
    )
    counts = np.random.default_rng(5).poisson(np.geomspace(0.2, 5e4, N_GENES)[:, None], (N_GENES, 6))
    paths["counts"] = stages["ingest"] / "counts.parquet"
    write_matrix(pd.DataFrame(counts, index=result_table(0).index, columns=kept), paths["counts"])
    paths["factors"] = [paths["size_factors"]]
    scores = {f"PC{k}": np.linspace(-k, k, 6) for k in (1, 2, 3)}
    put("pca", pd.DataFrame({"values": "transformed", **scores}, index=sheet.index), "qc", "pca.tsv")
    pcs = pd.Index(list(scores), name="pc")
    put(
        "variance",
        pd.DataFrame({"values": "transformed", "fraction": [0.5, 0.3, 0.1]}, index=pcs),
        "qc",
        "variance.tsv",
    )
    between = np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0))) * 7
    put("distances", pd.DataFrame(between, index=sheet.index, columns=kept), "qc", "distances.tsv")
    merges = pd.DataFrame({"left": [4, 1, 0, 2, 9], "right": [5, 3, 6, 7, 8]}, index=pd.Index(range(5), name="merge"))
    put("clustering", merges, "qc", "clustering.tsv")
    paths["of_samples"] = [paths.pop(name) for name in ("pca", "variance", "distances", "clustering")]
    for name, table in tables.items():
        put(f"table {name}", table, "annotate", f"{name}.tsv")
    paths["contrast_tables"] = [paths.pop(f"table {name}") for name in tables]
    figures = [
        stages["qc"] / f"{stem}.{ending}" for stem in ("pca", "boxplots", "new_kind") for ending in ("png", "svg")
    ]
    figures += [stages["filter"] / "filter.png", stages["test"] / "dispersion.png"]
    of_contrasts = [
        stages["annotate"] / f"{name}.{kind}.png" for name in tables for kind in ("ma", "volcano", "pvalues")
    ]
    for path in figures + of_contrasts:
        path.write_bytes(small_png() if path.suffix == ".png" else SMALL_SVG.encode())
    paths |= {"compiled_contrasts": [paths.pop("contrasts_json")], "figures": figures, "contrast_figures": of_contrasts}
    paths |= {"set_figures": [stages["test"] / "sets" / "women" / "dispersion.png"]}
    paths |= {"overlap_figures": [stages["annotate"] / "overlap" / f"overlap.{ending}" for ending in ("png", "svg")]}
    for path in paths["set_figures"] + paths["overlap_figures"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small_png() if path.suffix == ".png" else SMALL_SVG.encode())
    paths["records"] = [_write_record(folder, stages, *entry) for entry in _records(stages, paths)]
    return Study(folder, settings(), paths, {"degsteps": "0.1.0", "snakemake": "9.9.9"})


_STAGES = ("ingest", "filter", "normalize", "batch", "transform", "qc", "test", "annotate", "enrich", "report")


def _records(stages: dict, paths: dict) -> list[tuple]:
    """Return step, stage, outputs and facts of each record."""
    first = {"rounded": False, "genes": 67}
    rule = {"method": "cpm", "group": "dose", "smallest_group": 3, "min_cpm": 0.5, "min_samples": 3}
    rule |= {"genes_kept": 60, "genes_dropped": 7, "listed_but_unknown": {"keep": [], "drop": ["NOPE"]}}
    entries = [
        ("ingest_counts", "ingest", [paths["samples"], paths["sample_account"]], first),
        ("filter_genes", "filter", [paths["genes"]], rule),
        (
            "estimate_size_factors",
            "normalize",
            [paths["size_factors"]],
            {"method": "ratio", "smallest": 0.8, "largest": 1.25},
        ),
        ("export_normalized", "normalize", [], {"table": "cpm", "use": "For people, never into a test."}),
        ("check_design", "batch", [paths["design"]], {}),
        ("adjust_transformed", "transform", [], {"method": "linear", "batches": ["site"]}),
        ("transform_counts", "transform", [], {"method": "vst", "blind": True, "trend_genes": 67}),
        ("fit_model", "test", [], {"engine": "degsteps", "trend": "parametric"}),
        (
            "annotate_genes",
            "annotate",
            [],
            {"source": "given/genes.tsv", "release": "Ensembl 110", "mapped_fraction_of_tested": 0.95},
        ),
    ]
    return entries + [("annotate_contrast", "annotate", [path], {}) for path in paths["contrast_tables"]]


def _write_record(folder: Path, stages: dict, step: str, stage: str, outputs: list[Path], facts: dict) -> Path:
    packages = {"numpy": "2.0.0", "pandas": "2.3.0"} | ({"scanpy": "1.11.5"} if step == "export_normalized" else {})
    described = [{"path": str(path), "sha256": "ab" * 32, "bytes": 12345} for path in outputs]
    given = [{"path": "given/<counts>.tsv", "sha256": "cd" * 32, "bytes": 99}] if stage == "ingest" else []
    path = stages[stage] / f"{step}{outputs[0].stem if outputs else ''}.record.json"
    content = {
        "step": step,
        "command": f"python scripts/{step}.py",
        "inputs": {"counts": given},
        "outputs": {"out": described},
        "params": {},
        "facts": facts,
        "python": "3.12.1",
        "platform": "Linux-x86_64",
        "packages": packages,
    }
    write_json(content, path)
    return path


def summarized(study: Study) -> Study:
    """Return the study with the tables that the report's first step writes."""
    outputs = {name: study.report / f"{name}.tsv" for name in ("accountability", "contrasts", "verdicts")}
    main = runpy.run_path(str(REPO / "scripts" / "summarize_results.py"))["main"]
    folder = study.report / "multiqc"
    folder.mkdir()
    names = {"general": "general", "library_sizes": "library_sizes", "components": "pca", "calls": "contrasts"}
    of_multiqc = {name: folder / f"{file}_mqc.json" for name, file in names.items()}
    main(**study.inputs(), **outputs, **of_multiqc, settings=study.settings)
    study.paths |= outputs
    return study
