"""Sex of each sample from its counts, beside what the sample sheet says.

Nothing here drops a sample or changes a label. It takes genes of the Y chromosome by their symbols: where the gene
table has none, or the species has no such genes, nothing is told.
"""

import numpy as np
import pandas as pd

from degsteps.basics.words import counted, listed, verb
from degsteps.inputs.sheet import sex_of

#: Genes of the Y chromosome outside of the pseudoautosomal regions that are expressed in nearly every male tissue, each
#: with its sister gene on the X, by symbol in capitals. Both read the same promoter's job in the same cell, so their
#: ratio depends on neither depth nor tissue much. EIF2S3Y is the rodents' (primates have lost it).
GAMETOLOGS = {
    "RPS4Y1": "RPS4X", "DDX3Y": "DDX3X", "UTY": "KDM6A", "KDM5D": "KDM5C", "EIF1AY": "EIF1AX", "USP9Y": "USP9X",
    "ZFY": "ZFX", "TXLNGY": "TXLNG", "EIF2S3Y": "EIF2S3X",
}  # fmt: skip
#: Share of Y in the reads of all pairs from which it is there, and up to which it is not. Males have 0.1 to 0.4;
#: mismapped reads give females 0.001 at most. In between lies a mixture of two samples.
Y_PRESENT, Y_ABSENT = 0.03, 0.005
#: Reads of XIST per read of the X genes above from which it is expressed, and up to which it is not. Females have 0.01
#: to 0.3, males 0.0001 at most.
XIST_PRESENT, XIST_ABSENT = 0.002, 0.0005
#: Reads of the pairs below which the absence of Y (of XIST) means nothing: at the thresholds, 5 would be expected.
MIN_READS, MIN_READS_FOR_XIST = 200, 2500
#: Reads of Y (of XIST) below which they are no trace of a second sample: in shallow samples one stray read is a share.
MIN_TRACE = 5


def sex_table(
    counts: pd.DataFrame,
    annotation: pd.DataFrame,
    in_sheet: pd.Series | None = None,
    subjects: pd.Series | None = None,
) -> pd.DataFrame:
    """Tell the sex of each sample from its counts.

    Parameters
    ----------
    counts : reads of every gene, before any filter.
    annotation : by gene; `symbol` and `chrom` where they are known. Without symbols the ids are taken as symbols.
    in_sheet : levels of the sheet's column, by sample.
    subjects : persons by sample.

    Returns
    -------
    DataFrame
        by sample: `in_sheet` (as it stands there), `inferred` (female, male, both, neither, too_few_reads; blank if no
        gene tells), `agrees` (blank if either side says nothing), `y_reads`, `x_reads`, `xist_reads`, `y_share`,
        `xist_ratio`, and `subject` if persons are known.
    """
    genes = _genes_by_symbol(counts.index, annotation)
    pairs = [(y, x) for y, x in GAMETOLOGS.items() if y in genes and x in genes]
    y_reads = counts.loc[[gene for y, _ in pairs for gene in genes[y]]].sum()
    x_reads = counts.loc[[gene for _, x in pairs for gene in genes[x]]].sum()
    xist_reads = counts.loc[genes["XIST"]].sum() if "XIST" in genes else None
    table = pd.DataFrame({"in_sheet": "", "inferred": ""}, index=counts.columns).rename_axis("sample")
    if in_sheet is not None:
        table["in_sheet"] = in_sheet.reindex(counts.columns).fillna("")
    table["y_reads"], table["x_reads"] = y_reads, x_reads
    table["xist_reads"] = np.nan if xist_reads is None else xist_reads
    both = y_reads + x_reads
    table["y_share"] = (y_reads / both.where(both > 0)).round(6)
    table["xist_ratio"] = (table["xist_reads"] / x_reads.where(x_reads > 0)).astype(float).round(6)
    if pairs:
        table["inferred"] = [
            _sex(*numbers)
            for numbers in zip(table["y_share"], table["xist_ratio"], both, y_reads, table["xist_reads"], strict=True)
        ]
    of_sheet = table["in_sheet"].map(lambda level: sex_of(level) or "")
    said = table["inferred"].isin(["female", "male"]) & (of_sheet != "")
    agrees = np.where(of_sheet == table["inferred"], "true", "false")
    table.insert(2, "agrees", np.where(said, agrees, ""))
    if subjects is not None:
        table["subject"] = subjects.reindex(counts.columns)
    table.attrs["n_pairs"] = len(pairs)
    return table


def _genes_by_symbol(genes: pd.Index, annotation: pd.DataFrame) -> dict[str, list[str]]:
    """Return the gene ids of the symbols that are looked for, in capitals; mouse's Ddx3y is DDX3Y here."""
    names = {"XIST", *GAMETOLOGS, *GAMETOLOGS.values()}
    symbols = annotation["symbol"].reindex(genes) if "symbol" in annotation else pd.Series(genes, index=genes)
    symbols = symbols.fillna("").astype(str).str.upper()
    chrom = annotation["chrom"].reindex(genes).fillna("").astype(str) if "chrom" in annotation else None
    genes_of: dict[str, list[str]] = {}
    for gene, symbol in symbols[symbols.isin(names)].items():
        expected = "Y" if symbol in GAMETOLOGS else "X"
        where = "" if chrom is None else chrom[gene].upper().removeprefix("CHR")
        # ENSG..._PAR_Y repeats a gene of the X; a gene of that name elsewhere is another gene.
        if where in ("", expected) and not str(gene).endswith("_PAR_Y"):
            genes_of.setdefault(symbol, []).append(gene)
    return genes_of


def _sex(y_share: float, xist_ratio: float, reads: int, y_reads: int, xist_reads: float) -> str:
    has_y, has_xist = y_share >= Y_PRESENT, xist_ratio >= XIST_PRESENT
    if reads < MIN_READS:
        return "too_few_reads"
    if has_y or (y_share > Y_ABSENT and y_reads >= MIN_TRACE):
        # XIST beside Y, or a trace of Y: two samples in one tube, or XXY.
        return "both" if not has_y or (xist_ratio > XIST_ABSENT and xist_reads >= MIN_TRACE) else "male"
    if has_xist or np.isnan(xist_ratio) or reads < MIN_READS_FOR_XIST:
        return "female"
    return "neither"


def sex_verdict(table: pd.DataFrame) -> tuple[str, str, str]:
    """Say whether sheet and counts agree: `status`, `finding`, `advice`."""
    told = table[table["inferred"].isin(["female", "male"])]
    if (table["inferred"] == "").all():
        return (
            "warn",
            "The sex of no sample can be told: the genes of the Y chromosome are not among the genes by their symbols.",
            "Name a gene table with symbols (annotate.genes). Species without them (birds, flies) have no such check.",
        )
    numbers = told["inferred"].value_counts()
    finding = f"By XIST and genes of the Y chromosome, {numbers.get('female', 0)} of {counted(len(table), 'sample')} "
    finding += f"{verb(numbers.get('female', 0), 'is', 'are')} female and {numbers.get('male', 0)} male"
    wrong = table[table["agrees"] == "false"]
    divided = _divided_subjects(told)
    unclear = table[~table.index.isin(told.index)]
    words = {
        "both": "signs of both, as of a mixture", "neither": "no sign of either", "too_few_reads": "too few reads"
    }  # fmt: skip
    notes = [f"{sample}: {words[inferred]}" for sample, inferred in unclear["inferred"].items()]
    tail = f" Unclear: {listed(notes, quote=False)}." if notes else ""
    advice = []
    if len(wrong):
        cases = [f"{name} ({row['in_sheet']} in the sheet, {row['inferred']} here)" for name, row in wrong.iterrows()]
        finding += f"; {counted(len(wrong), 'sample')} {verb(len(wrong), 'contradicts', 'contradict')} the sheet: "
        finding += listed(cases, quote=False)
        advice.append(
            "A sample may have been swapped, or the sheet is wrong: check it against the source before any result is "
            "used. Two contradictions of opposite sex are often one swap."
        )
    if divided:
        finding += f"; samples of one subject differ: {listed(divided, quote=False)}"
        advice.append("Samples of one subject cannot differ in sex: one of them is another's.")
    if not len(wrong) and (table["agrees"] == "true").any():
        finding += f", as the sheet says of {counted(int((table['agrees'] == 'true').sum()), 'sample')}"
    if len(unclear):
        advice.append(
            "Y and XIST together are found in mixtures and in XXY, neither of them in tumours and cell lines that have "
            "lost one; sex cannot be told there."
        )
    status = "bad" if len(wrong) or divided else "warn" if len(unclear) else "ok"
    return status, f"{finding}.{tail}", " ".join(advice)


def _divided_subjects(told: pd.DataFrame) -> list[str]:
    if "subject" not in told:
        return []
    subjects = []
    for subject, part in told[told["subject"].fillna("") != ""].groupby("subject", sort=False):
        if part["inferred"].nunique() > 1:
            subjects.append(f"{subject} ({', '.join(f'{name} {sex}' for name, sex in part['inferred'].items())})")
    return subjects
