"""Drop genes with too few counts to be tested, and say of every gene why it stays or goes.

``cpm``: at least ``min_cpm`` counts per million in at least as many samples as the smallest group has, of all groups
that contrasts compare.
``filter_by_expr``: edgeR's rule (Chen, Lun & Smyth 2016, F1000Research 5:1438). Lists of the user win over the rule.
"""

from degsteps.filter import rules
from degsteps.filter.groups import compared_groups, smallest_group
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_gene_list, read_matrix, read_samples, write_matrix, write_table


def main(
    counts: Input,
    samples: Input,
    filtered: Output,
    genes: Output,
    method: str,
    groups: dict,
    min_cpm: float,
    min_samples: int | None,
    min_count: float,
    min_total_count: float,
    keep_list: OptionalInput = None,
    drop_list: OptionalInput = None,
) -> dict:
    """Filter genes; the facts name the rule with the numbers that it used."""
    matrix = read_matrix(counts)
    compared = compared_groups(read_samples(samples).loc[matrix.columns], groups)
    settings = {"method": method, "min_cpm": min_cpm, "min_samples": min_samples}
    settings |= {"min_count": min_count, "min_total_count": min_total_count}
    table = rules.filter_genes(matrix, compared, settings)
    keep, drop = read_gene_list(keep_list), read_gene_list(drop_list)
    table, unknown = rules.apply_gene_lists(table, keep=keep, drop=drop)
    rules.require_listed({"keep": keep, "drop": drop}, unknown)
    write_matrix(rules.require_genes(matrix.loc[table["kept"]]), filtered)
    write_table(table, genes)
    rule = {"method": method, "factors": list(compared.columns)}
    if method != "none":
        rule |= dict(zip(("group", "level", "smallest_group"), smallest_group(compared), strict=True))
    if method == "cpm":
        rule |= {"min_cpm": min_cpm, "min_samples": min_samples or rule["smallest_group"]}
    kept = int(table["kept"].sum())
    facts = {"genes_kept": kept, "genes_dropped": len(table) - kept, "listed_but_unknown": unknown}
    return rule | facts | rules.reads_of_rule(matrix, table)


if __name__ == "__main__":
    run(main)
