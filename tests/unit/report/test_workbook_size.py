"""A spreadsheet of many contrasts can be mailed."""

import numpy as np
import pandas as pd
import pytest

from degsteps.report import result_sheets
from degsteps.report.workbook import write_workbook
from degsteps.sections.results import Results
from degsteps.test.section_tests import TEST

N_GENES, N_CONTRASTS, N_SAMPLES = 14_000, 13, 109
RECORD = {"step": "a", "outputs": {}, "inputs": {}, "python": "3", "platform": "x", "packages": {}, "facts": {}}


def tables(rng):
    """Return contrasts that call a third of the genes in turn with ones that call hardly any; no number repeats."""
    for number in range(N_CONTRASTS):
        genes = rng.permutation(N_GENES)
        pvalue = np.sort(rng.uniform(size=N_GENES) ** (4 if number % 2 else 1.3))
        padj = np.minimum.accumulate((pvalue * N_GENES / np.arange(1, N_GENES + 1))[::-1])[::-1]
        columns = {
            "symbol": [f"GENE{gene}" for gene in genes],
            "name": [f"product {gene} of a family" for gene in genes],
        }
        columns |= {name: rng.lognormal(5, 2, N_GENES) for name in ("base_mean", "mean_a", "mean_b")}
        columns |= {name: rng.normal(size=N_GENES) for name in ("log2_fold_change", "lfc_se", "stat", "lfc_shrunken")}
        columns |= {"pvalue": pvalue, "padj": padj, "na_reason": ""}
        index = pd.Index([f"ENSG{gene:011d}" for gene in genes], name="gene")
        yield f"contrast_{number}", pd.DataFrame(columns, index=index)


@pytest.mark.long
def test_13_contrasts_of_14000_genes_and_109_samples_have_less_than_10_mb(tmp_path):
    rng = np.random.default_rng(1)
    contrasts = dict(tables(rng))
    test = {"alpha": 0.05, "min_log2_fold_change": 0, "engine": "degsteps", "adjustment": "bh", "cooks_filter": True}
    test |= {"independent_filtering": True}
    test |= {"contrasts": {name: {"factor": "a", "test": "b", "reference": "c"} for name in contrasts}}
    settings = {"name": "x", "version": "1", "title": "t", "report": {"workbook_rows": 1000}, "test": test}
    settings |= {"design": {"formula": "~ a", "covariates": {}, "factors": {}}}
    settings |= {"batch": {"columns": []}, "qc": {"color_by": []}}
    samples = pd.DataFrame(index=pd.Index([f"s{number}" for number in range(N_SAMPLES)], name="sample"))
    own = {"ingest/samples.tsv": samples, "ingest/sample_account.tsv": samples.assign(status="kept")}
    own |= {"qc/libraries.tsv": samples.assign(size_factor=1.0)}
    results = Results(settings=settings, records=[RECORD], design={}, contrasts=contrasts, tables=own)
    called = result_sheets.genes_with_counts(results, N_SAMPLES)
    counts = pd.DataFrame(rng.lognormal(5, 2, (len(called), N_SAMPLES)), index=called, columns=samples.index)
    further = [result_sheets.all_genes_sheet(results), result_sheets.counts_sheet(results, counts)]
    path, small = tmp_path / "workbook.xlsx", pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="x"))
    summaries = {"accountability": small, "verdicts": small, "summary": small}
    write_workbook(path, results, **summaries, further=further, sections=[TEST])
    assert len(called) * N_SAMPLES > 400_000
    assert path.stat().st_size < 10_000_000
