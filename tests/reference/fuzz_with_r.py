"""Random designs by degsteps and by the R that is found: calls, p-values and fold changes, and why they differ.

    python tests/reference/fuzz_with_r.py [--cases 200] [--seed 1] [--markdown docs/fuzz_with_r.md]

Needs R with DESeq2 (1.44 or later for tests against bounds), limma and edgeR 4, and takes half an hour. ``--rscript``
is the command that runs R, if it is not ``Rscript``; ``--inside`` is what R calls the folder of the cases
(``--folder``), where it lives in another root; ``--library`` a library of R that holds apeglm and ashr.

A case is drawn from its number and the seed: 4 to 60 samples in two to four groups, batches, a covariate, an
interaction, libraries of unequal depth, outlying counts, genes without counts, dispersions with and without a trend;
tests of a coefficient, of a difference, against bounds, of a smaller design; trends of every kind; every shrinkage.
The same cases go to the engines ``voom`` (some with weights of samples) and ``edger_ql`` (as edgeR 4 and 3, robust and
not), which R computes with the same effective library sizes.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

#: Alternatives under our names and R's; none for the plain test.
ALTERNATIVES = {
    "two_sided": "",
    "greater_abs": "greaterAbs",
    "greater_abs_2014": "greaterAbs2014",
    "less_abs": "lessAbs",
    "greater": "greater",
    "less": "less",
}
#: What a gene may differ by and still be the same: p-values relatively, fold changes on the log2 scale.
P_TOLERANCE = 1e-4
LFC_TOLERANCE = 1e-3
#: Differences of shrunken fold changes; ashr's follow from where R's search for weights stops.
SHRUNKEN_TOLERANCE = {"normal": 1e-3, "apeglm": 1e-3, "ashr": 0.02}
#: The same, relatively and on the log2 scale, for other engines.
ENGINE_TOLERANCES = {"voom": 1e-4, "edger_ql": 1e-3}
ENGINE_REASONS = {
    "fold change": "the same p-value; edgeR's fit with a prior count stops up to 0.01 (log2) short of the optimum",
    "prior": "edgeR 4's prior rests on a gene with such a deviance as is described below, in the same fit (within 5 %)",
    "deviate": "p below 1e-4 against a bound: normal deviates of t, which limma approximates far out (within 2 %)",
}
REASONS = {
    "refit": "R fits the gene again by `optim`, which stops early, or gives up where the likelihood is flat",
    "dispersion": "R's search for the dispersion stops elsewhere: the likelihood is flat there",
    "tail": "a dispersion that differs by less than 1e-5, which a p-value far in the tail magnifies",
    "tiny": "p below 1e-290",
    "of others": "same p-value; the adjustment is over others that differ",
}


@dataclass
class Case:
    """One random study and what is asked of it."""

    number: int
    counts: pd.DataFrame
    samples: pd.DataFrame
    options: dict

    @property
    def name(self) -> str:
        """Its files' name."""
        return f"case{self.number:03d}"


def draw_case(number: int, seed: int) -> Case:
    """Draw a case; the same number and seed give the same one."""
    random = np.random.default_rng([seed, number])
    n_groups = int(random.choice([2, 2, 2, 3, 4]))
    n_samples = int(np.clip(np.exp(random.uniform(np.log(4), np.log(60))), n_groups + 2, 60))
    group = (
        np.sort(random.permutation(np.arange(n_samples) % n_groups))
        if random.random() < 0.7
        else np.sort(np.concatenate([np.arange(n_groups), random.integers(0, n_groups, n_samples - n_groups)]))
    )
    columns = {"group": np.array(list("ABCD"))[group]}
    terms, effects = ["group"], np.zeros(n_samples)
    spare = n_samples - n_groups
    if spare >= 4 and random.random() < 0.5:
        n_batches = 2 if spare < 8 else int(random.integers(2, 4))
        batch = np.arange(n_samples) % n_batches
        columns["batch"] = np.array(list("xyz"))[batch]
        terms.insert(0, "batch")
        spare -= n_batches - 1
    if spare >= 4 and random.random() < 0.3:
        columns["age"] = np.round(random.normal(0, 1, n_samples), 3)
        columns["age"] -= columns["age"].mean()
        terms.insert(0, "age")
    interacts = "batch" in columns and n_samples >= 6 * n_groups and random.random() < 0.3
    samples = pd.DataFrame(columns, index=[f"s{k}" for k in range(n_samples)])
    n_genes = int(random.integers(300, 600))
    base = np.exp(random.normal(random.uniform(2, 5), random.uniform(1, 2), n_genes))
    trend = random.random() < 0.7
    dispersion = (random.uniform(0.01, 0.3) + (random.uniform(0.5, 4) / base if trend else 0)) * np.exp(
        random.normal(0, random.uniform(0.2, 0.9), n_genes)
    )
    change = np.where(random.random((n_genes, n_groups)) < 0.25, random.normal(0, 1.2, (n_genes, n_groups)), 0.0)
    effects = change[:, group]
    if "batch" in columns:
        effects = effects + random.normal(0, 0.4, (n_genes, 3))[:, batch]
    if "age" in columns:
        effects = effects + random.normal(0, 0.3, (n_genes, 1)) * columns["age"]
    depth = np.exp(random.normal(0, random.choice([0.1, 0.3, 1.0]), n_samples))
    mean = np.minimum(base[:, None] * np.exp(effects) * depth, 1e6)
    values = random.negative_binomial(1 / dispersion[:, None], 1 / (1 + dispersion[:, None] * mean))
    if random.random() < 0.4:
        for gene in random.choice(n_genes, n_genes // 20, replace=False):
            values[gene, random.integers(n_samples)] += int(base[gene] * random.uniform(5, 50)) + 50
    if random.random() < 0.3:
        for gene in random.choice(n_genes, n_genes // 10, replace=False):
            values[gene, group == random.integers(n_groups)] = 0
    counts = pd.DataFrame(values, [f"g{k}" for k in range(n_genes)], samples.index)
    counts = counts[counts.sum(axis=1) > 0] if random.random() < 0.5 else counts
    formula = "~ " + " + ".join(terms) + (" + batch:group" if interacts else "")
    has_common = (counts > 0).all(axis=1).sum() > 20
    options = {
        "formula": formula,
        "reduced": "",
        "alternative": "two_sided",
        "lfc_null": 0.0,
        "fit_type": str(random.choice(["parametric"] * 4 + ["local", "mean"])),
        "size_factors": "poscounts" if not has_common or random.random() < 0.1 else "ratio",
        "shrinkage": str(random.choice(["none", "normal", "apeglm", "apeglm", "ashr"])),
        "difference": n_groups > 2 and not interacts and random.random() < 0.4,
    }
    kind = random.random()
    if kind < 0.2 and not interacts:
        others = [term for term in terms if term != "group"]
        options["reduced"] = "~ " + (" + ".join(others) or "1")
    elif kind < 0.5:
        options["alternative"] = str(random.choice(list(ALTERNATIVES)[1:]))
        options["lfc_null"] = float(random.choice([0.25, 0.5, 1.0]))
    if options["difference"] or (options["shrinkage"] == "normal" and interacts):
        options["shrinkage"] = "none"
    # The coefficients of the groups are the last ones but for those of an interaction.
    n_main = 1 + ("age" in columns) + (len(set(columns.get("batch", ["x"]))) - 1) + n_groups - 1
    n_all = n_main + ((len(set(columns["batch"])) - 1) * (n_groups - 1) if interacts else 0)
    weights = np.zeros(n_all)
    weights[-1] = 1.0
    if options["difference"]:
        weights[-2] = -1.0
    options["weights"] = weights
    # Drawn apart, so that what stands above stays what it was.
    other = np.random.default_rng([seed, number, 1])
    options |= {"sample_weights": other.random() < 0.3, "legacy": other.random() < 0.25, "robust": other.random() < 0.4}
    return Case(number, counts, samples, options)


def write_cases(cases: list[Case], folder: Path) -> None:
    """Write what R reads."""
    rows = []
    for case in cases:
        case.counts.to_csv(folder / f"{case.name}.counts.tsv", sep="\t")
        case.samples.to_csv(folder / f"{case.name}.samples.tsv", sep="\t")
        options = case.options
        rows.append(
            {
                "case": case.name,
                **{
                    key: options[key]
                    for key in ("formula", "reduced", "fit_type", "size_factors", "shrinkage", "lfc_null")
                },
                **{key: options[key] for key in ("sample_weights", "legacy", "robust")},
                "alternative": ALTERNATIVES[options["alternative"]],
                "weights": ",".join(f"{weight:g}" for weight in options["weights"]),
            }
        )
    pd.DataFrame(rows).to_csv(folder / "cases.tsv", sep="\t", index=False)


def analysed(case: Case, design: pd.DataFrame) -> tuple[pd.DataFrame, object]:
    """Our table of a case, in R's columns, and the fit."""
    from degsteps.engines.adaptive_shrinkage import shrink_estimates
    from degsteps.engines.deseq import estimation, testing
    from degsteps.engines.deseq.shrinkage import shrink_lfc
    from degsteps.normalize.size_factors import size_factors

    options, counts = case.options, case.counts
    factors = size_factors(counts, method=options["size_factors"])
    fit = estimation.fit_model(counts, design, factors, fit_type=options["fit_type"])
    weights = options["weights"]
    if options["reduced"]:
        kept = [name for name in design if not name.startswith("group")]
        result = testing.likelihood_ratio_test(fit, counts, design[kept], weights, alpha=0.05)
    else:
        bound = {"lfc_null": options["lfc_null"], "alternative": options["alternative"]}
        result = testing.wald_test(fit, weights, alpha=0.05, **bound)
    table = result.rename(columns={"log2_fold_change": "lfc", "lfc_se": "se"})
    if options["shrinkage"] == "ashr":
        table["shrunken"] = shrink_estimates(table["lfc"], table["se"])[0]["lfc_shrunken"]
    elif options["shrinkage"] != "none":
        table["shrunken"] = shrink_lfc(fit, counts, weights, options["shrinkage"])["lfc_shrunken"]
    return table.join(fit.genes["dispersion"]), fit


def analysed_by(engine: str, case: Case, design: pd.DataFrame) -> pd.DataFrame:
    """Our table of a case by another engine: `lfc`, `pvalue`, and `all_zero`."""
    from degsteps.engines import registry
    from degsteps.engines.interface import Contrast, FitData, FitSettings, QuasiLikelihood, TableSettings
    from degsteps.normalize.size_factors import size_factors

    options, counts = case.options, case.counts
    module = registry.ENGINES[engine].load()
    factors = size_factors(counts, method=options["size_factors"])
    weighted = pd.Series(counts.columns, counts.columns) if engine == "voom" and options["sample_weights"] else None
    quasi = QuasiLikelihood(legacy=bool(options["legacy"]), robust=bool(options["robust"]))
    fitted = module.fit(FitData(counts, design, factors, weighted=weighted), FitSettings(quasi_likelihood=quasi))
    reduced = design[[name for name in design if not name.startswith("group")]] if options["reduced"] else None
    alternative = {"two_sided": "greater_abs", "greater_abs_2014": "greater_abs"}.get(
        options["alternative"], options["alternative"]
    )
    contrast = Contrast(options["weights"], reduced, options["lfc_null"], alternative)
    table, _ = module.contrast_table(fitted, counts, contrast, TableSettings(0.05, False, False))
    return table.rename(columns={"log2_fold_change": "lfc"})


def compare_engine(engine: str, case: Case, folder: Path) -> dict | None:
    """Compare a case by another engine with R; None where R has no such test."""
    from degsteps.engines.multiple_testing import adjust_bh

    if not (folder / f"{case.name}.{engine}.tsv").exists():
        refusal = folder / f"{case.name}.{engine}.error.txt"
        return {"case": case.number, "refused": refusal.read_text().strip()[:90]} if refusal.exists() else None
    theirs = pd.read_csv(folder / f"{case.name}.{engine}.tsv", sep="\t", index_col=0)
    design = pd.read_csv(folder / f"{case.name}.design.tsv", sep="\t", index_col=0)
    ours = analysed_by(engine, case, design.rename(columns={"(Intercept)": "Intercept"}))
    # R tests genes without counts too, which are never called.
    known = case.counts.any(axis=1) & theirs["pvalue"].notna()
    ours, theirs = ours[known], theirs.loc[ours.index][known]
    p, q = ours["pvalue"], theirs["pvalue"]
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = (p / q - 1).abs().where(p != q, 0.0)
    of_change = (ours["lfc"] - theirs["lfc"]).abs()
    called, theirs_called = (adjust_bh(x.to_numpy()) < 0.05 for x in (p, q))
    tolerance = ENGINE_TOLERANCES[engine]
    reasons = pd.Series("", ours.index)
    reasons[(gap > tolerance) | (of_change > tolerance)] = "unexplained"
    beyond = reasons != ""
    if engine == "edger_ql":
        reasons[beyond & (gap <= tolerance) & (of_change < 1e-2)] = "fold change"
        is_far = (p < 1e-4) & (q < 1e-4) & (gap < 2e-2) & (of_change <= tolerance)
        reasons[beyond & is_far & (case.options["lfc_null"] > 0)] = "deviate"
        if not case.options["legacy"] and (folder / f"{case.name}.deviances.txt").exists():
            reasons[beyond & (gap > tolerance) & (gap < 5e-2) & (of_change <= tolerance)] = "prior"
    return {
        "case": case.number,
        "genes": len(ours),
        "calls": int(called.sum()),
        "calls_r": int(theirs_called.sum()),
        "other_calls": int((called != theirs_called).sum()),
        "reasons": Counter(reasons[beyond]),
        "p": float(gap.max()),
        "lfc": float(of_change.max()),
    }


def compare(case: Case, folder: Path) -> dict:
    """Compare a case with R; genes that differ are counted by reason."""
    if (folder / f"{case.name}.error.txt").exists() or not (folder / f"{case.name}.r.tsv").exists():
        words = (folder / f"{case.name}.error.txt").read_text().split(":", 1)[-1].strip().splitlines()
        return {"case": case.number, "refused": words[0][:90] if words else "no answer"}
    theirs = pd.read_csv(folder / f"{case.name}.r.tsv", sep="\t", index_col=0)
    design = pd.read_csv(folder / f"{case.name}.design.tsv", sep="\t", index_col=0)
    design = design.rename(columns={"(Intercept)": "Intercept"})
    ours, fit = analysed(case, design)
    theirs = theirs.loc[ours.index]
    p, q = ours["pvalue"], theirs["pvalue"]
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = (p / q - 1).abs().where(p.notna() & q.notna(), 0.0).where(p != q, 0.0)
    missing = p.isna() != q.isna()
    rich = theirs["base_mean"] >= 1
    of_change = (ours["lfc"] - theirs["lfc"]).abs().where(rich, 0.0).fillna(0.0)
    called, theirs_called = ours["padj"] < 0.05, theirs["padj"] < 0.05
    other_call = called != theirs_called
    differs = (gap > P_TOLERANCE) | missing | (of_change > LFC_TOLERANCE)
    reasons = pd.Series("", ours.index)
    reasons[other_call & ~differs] = "of others"
    disp = (ours["dispersion"] / theirs["dispersion"] - 1).abs()
    reasons[differs & (disp > 1e-5)] = "dispersion"
    reasons[differs & (theirs["iterations"] >= 100)] = "refit"
    reasons[differs & (reasons == "") & (p < 1e-290) & (q < 1e-290)] = "tiny"
    with np.errstate(divide="ignore"):
        magnified = -4.0 * np.log(p.clip(lower=1e-300)) * disp
    reasons[differs & (reasons == "") & ~missing & (gap <= magnified) & (of_change <= LFC_TOLERANCE)] = "tail"
    reasons[(differs | other_call) & (reasons == "")] = "unexplained"
    kind, prior = (folder / f"{case.name}.trend.txt").read_text().split()
    shrunken = np.nan
    if "shrunken" in ours and "shrunken" in theirs:
        shrunken = float((ours["shrunken"] - theirs["shrunken"]).abs().where(rich & (reasons == "")).max())
    return {
        "case": case.number,
        "samples": len(case.samples),
        "genes": len(ours),
        "calls": int(called.sum()),
        "calls_r": int(theirs_called.sum()),
        "other_calls": int(other_call.sum()),
        "trend": kind == fit.trend["kind"],
        "prior": abs(fit.trend["prior_variance"] / float(prior) - 1) if prior != "NA" else 0.0,
        "p": float(gap.where(reasons == "", 0.0).max()),
        "lfc": float(of_change.where(reasons == "", 0.0).max()),
        "shrunken": shrunken,
        "reasons": Counter(reasons[reasons != ""]),
        "reasons_of_calls": Counter(reasons[other_call]),
    }


def main() -> None:
    """Draw, let R answer, compare, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rscript", default="Rscript")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--inside")
    parser.add_argument("--library", default="")
    parser.add_argument("--keep-r", action="store_true", help="compare with what R wrote before")
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        cases = [draw_case(number, arguments.seed) for number in range(arguments.cases)]
        inside = arguments.inside or str(folder)
        if not arguments.keep_r:
            write_cases(cases, folder)
            (folder / "fuzz_with_r.R").write_bytes((HERE / "fuzz_with_r.R").read_bytes())
            command = [*shlex.split(arguments.rscript), f"{inside}/fuzz_with_r.R", inside]
            command += [arguments.library] if arguments.library else []
            subprocess.run(command, check=True)
        found = [compare(case, folder) for case in cases]
        by_engine = {
            engine: [(result, case) for case in cases if (result := compare_engine(engine, case, folder))]
            for engine in ENGINE_TOLERANCES
        }
        n_deviances = sum(int(path.read_text()) for path in folder.glob("case*.deviances.txt"))
        versions = (folder / "versions.txt").read_text().splitlines()
    text = page(found, cases, versions, arguments.seed) + engines_page(by_engine, n_deviances)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text)
    others = [result for results in by_engine.values() for result, _ in results]
    if any(result.get("reasons", {}).get("unexplained") for result in [*found, *others]):
        sys.exit(1)


def page(found: list[dict], cases: list[Case], versions: list[str], seed: int) -> str:
    """Return the report."""
    answered = [(result, case) for result, case in zip(found, cases, strict=True) if "refused" not in result]
    refused = [result for result in found if "refused" in result]
    rows = []
    kinds = {
        "all": lambda o: True,
        "Wald test of a coefficient": lambda o: not o["reduced"] and not o["difference"] and not o["lfc_null"],
        "difference of two coefficients": lambda o: o["difference"] and not o["reduced"],
        "against a bound, or one-sided": lambda o: o["lfc_null"] > 0,
        "likelihood-ratio test": lambda o: bool(o["reduced"]),
        "batches": lambda o: "batch" in o["formula"] and ":" not in o["formula"],
        "interaction": lambda o: ":" in o["formula"],
        "covariate": lambda o: "age" in o["formula"],
        "local trend": lambda o: o["fit_type"] == "local",
        "mean for a trend": lambda o: o["fit_type"] == "mean",
        "size factors by poscounts": lambda o: o["size_factors"] == "poscounts",
        **{f"shrinkage {name}": lambda o, name=name: o["shrinkage"] == name for name in SHRUNKEN_TOLERANCE},
    }
    for kind, applies in kinds.items():
        chosen = [result for result, case in answered if applies(case.options)]
        if not chosen:
            continue
        shrunken = [result["shrunken"] for result in chosen if not np.isnan(result["shrunken"])]
        cells = [
            kind,
            len(chosen),
            f"{sum(result['genes'] for result in chosen):,}",
            f"{sum(result['calls'] for result in chosen):,} : {sum(result['calls_r'] for result in chosen):,}",
            sum(result["other_calls"] == 0 for result in chosen),
            sum(sum(result["reasons"].values()) for result in chosen),
            f"{max(result['p'] for result in chosen):.0e}",
            f"{max(result['lfc'] for result in chosen):.0e}",
            f"{max(shrunken):.0e}" if shrunken else "-",
        ]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    of_genes, of_calls = Counter(), Counter()
    for result, _ in answered:
        of_genes.update(result["reasons"])
        of_calls.update(result["reasons_of_calls"])
    header = ["cases", "number", "genes", "calls, ours : R's", "cases with the same calls", "other genes"]
    header += ["p, relative", "log2 fold change", "shrunken"]
    lines = [
        "# Random designs, by degsteps and by R",
        "",
        f"Written by `tests/reference/fuzz_with_r.py --cases {len(cases)} --seed {seed}` with",
        f"{', '.join(versions)}. Do not edit.",
        "",
        "What is drawn stands at the top of that script. A gene is the same if its p-value is within 1e-4 of R's and",
        "its log2 fold change within 1e-3; the last three columns are the largest differences among these genes (fold",
        "changes where the mean is at least 1). `other genes` are all the others, with the reasons below.",
        "",
        f"| {' | '.join(header)} |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        "| reason | genes | of them called by one only |",
        "| --- | --- | --- |",
        *[
            f"| {REASONS.get(reason, reason)} | {count} | {of_calls[reason]} |"
            for reason, count in of_genes.most_common()
        ],
        "",
        f"Cases that R refuses: {len(refused)}." + "".join(f" Case {r['case']}: {r['refused']}." for r in refused),
    ]
    for result, _ in answered:
        if result["other_calls"]:
            why = ", ".join(f"{reason} {number}" for reason, number in result["reasons_of_calls"].items())
            lines += ["", f"Case {result['case']} has other calls: {result['calls']} : {result['calls_r']} ({why})."]
    return "\n".join(lines) + "\n"


def engines_page(by_engine: dict[str, list[tuple[dict, Case]]], n_deviances: int) -> str:
    """Return the part of the report on other engines."""
    kinds = {
        ("voom", "voom"): lambda o: not o["sample_weights"],
        ("voom", "voom, weights of samples"): lambda o: o["sample_weights"],
        ("edger_ql", "edger_ql, edgeR 4"): lambda o: not o["legacy"] and not o["robust"],
        ("edger_ql", "edger_ql, edgeR 4, robust"): lambda o: not o["legacy"] and o["robust"],
        ("edger_ql", "edger_ql, edgeR 3"): lambda o: o["legacy"] and not o["robust"],
        ("edger_ql", "edger_ql, edgeR 3, robust"): lambda o: o["legacy"] and o["robust"],
    }
    rows, refused, reasons = [], [], Counter()
    for (engine, kind), applies in kinds.items():
        answered = [result for result, case in by_engine[engine] if applies(case.options) and "refused" not in result]
        refused += [
            f"{kind}, case {r['case']}: {r['refused']}"
            for r, c in by_engine[engine]
            if applies(c.options) and "refused" in r
        ]
        if not answered:
            continue
        total = {name: sum(result[name] for result in answered) for name in ("genes", "calls", "calls_r")}
        of_kind = sum((result["reasons"] for result in answered), Counter())
        reasons += of_kind
        cells = [kind, len(answered), f"{total['genes']:,}", f"{total['calls']:,} : {total['calls_r']:,}"]
        cells += [sum(result["other_calls"] == 0 for result in answered), of_kind.total()]
        cells += [f"{max(result[name] for result in answered):.0e}" for name in ("p", "lfc")]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    header = ["engine", "cases", "genes", "calls, ours : R's", "cases with the same calls", "beyond"]
    header += ["p, relative", "log2 fold change"]
    bounds = [f"{ENGINE_TOLERANCES[engine]:.0e} ({engine})" for engine in by_engine]
    told = (
        "The same cases with the same effective library sizes. Contrasts of several coefficients and smaller "
        "designs under voom are compared with regressions of each gene by R's `lm.wfit`, which take the gene's "
        "own weights, as we do; limma's `contrasts.fit` does not. One-sided tests have no counterpart in edgeR "
        "and are left out there. "
        f"`beyond`: genes whose p-value differs relatively by more than {' or '.join(bounds)}, or whose log2 fold "
        "change does."
    )
    deviances = (
        f"In {n_deviances} genes edgeR keeps a deviance that is not that of its own fit (`glmFit`, compared with "
        "`nbinomDeviance` of its fitted values, for the design or the smaller one): a third of it in one gene, "
        "which moves the prior and with it the p-value of every gene of the case. There the deviance of R's own "
        "fit is taken, and of edgeR 3 what follows from it is computed again by R's `squeezeVar`. Which genes these "
        "are was not the same in two runs: it is where R's fit stops."
    )
    without = (
        "R tests genes with counts only against a bound: a gene without any has no distance from it, and `glmTreat` "
        "(edgeR 4.4) drops it from one vector and not from the others, so that every gene behind it gets the formula, "
        "of a narrow or a wide interval, that is another gene's. With such a gene in the fit 199 genes of three cases "
        "differ by up to four orders of magnitude in p; without it none does, though the fit is the same."
    )
    lines = [
        "",
        "## Other engines",
        "",
        *textwrap.wrap(told, 115),
        "",
        f"| {' | '.join(header)} |",
        f"|{' --- |' * len(header)}",
        *rows,
        "",
        "| reason | genes |",
        "| --- | --- |",
        *[f"| {ENGINE_REASONS.get(reason, reason)} | {number} |" for reason, number in reasons.most_common()],
        "",
        *textwrap.wrap(deviances, 115),
        "",
        *textwrap.wrap(without, 115),
    ]
    return "\n".join([*lines, *([""] if refused else []), *refused]) + "\n"


if __name__ == "__main__":
    main()
