"""Groups of genes whose share of a cell's counts tells of its state: mitochondrial, ribosomal, haemoglobin.

Genes are told by their symbols, or by a list that is given. Symbols are written differently: ``MT-ND1`` (human),
``mt-Nd1`` (mouse, zebrafish), ``mt:ND1`` (fly), ``ND1`` (many mammals in Ensembl), ``nduo-1`` (worm).
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from degsteps.basics.errors import ConfigError

GROUPS = ("mito", "ribo", "haemoglobin")

#: The thirteen proteins of the mitochondrial genome of animals, without prefix, as Ensembl and RefSeq name them.
_MITOCHONDRIAL_PROTEINS = (
    "ATP6|ATP8|CO[X]?[123]|COX?(?:I|II|III)|CYTB|ND[1-6]|ND4L|MT-?(?:ATP[68]|CO[123]|CYB|ND[1-6]|ND4L)"
)
_PATTERNS = {
    # Tried in this order; the first that fits any gene counts.
    "mito": (
        r"^MT[-:_.]",
        rf"^(?:{_MITOCHONDRIAL_PROTEINS})$",
        r"^(?:nduo-[1-6]|ndfl-4|ctc-[123]|ctb-1|atp-6)$",
    ),
    # Proteins of the ribosome with their paralogues; kinases (RPS6KA1) and pseudogenes (RPL7P1) are none.
    "ribo": (r"^(?:RP[LS]\d+[AXYL]?\d*(?:L\d?)?|RPLP[0-2]|RPSA|FAU|UBA52)$", r"^rp[ls]-\d+(?:\.\d+)?$"),
    # HBEGF, HBP1 and HBS1L are none.
    "haemoglobin": (
        r"^HB(?:A[12]?|B|D|E1|G[12]|M|Q1[AB]?|Z|A-[AX]\d?|B-(?:B[ST]|B[12H]\d?|Y))$",
        r"^hb[ab]e\d(?:\.\d)?$",
    ),
}


@dataclass(frozen=True)
class GeneGroups:
    """Which genes belong to which group.

    Attributes
    ----------
    masks : dict of bool arrays, (genes,)
        By group.
    rules : dict of str
        By group: the pattern that found them, ``list``, or blank where nothing was found.
    """

    masks: dict[str, np.ndarray]
    rules: dict[str, str]

    def numbers(self) -> dict[str, int]:
        """Return the number of genes of each group."""
        return {name: int(mask.sum()) for name, mask in self.masks.items()}


def gene_groups(
    genes: Iterable[str],
    symbols: Iterable[str | None] | None = None,
    patterns: dict[str, str | None] | None = None,
    lists: dict[str, Collection[str]] | None = None,
) -> GeneGroups:
    """Find the genes of each group.

    Parameters
    ----------
    genes
        Ids, in the order of the counts.
    symbols
        Their symbols, of the same length; those that are missing are replaced by the id.
    patterns
        Regular expressions by group, matched from the beginning without regard to case, instead of the built-in ones.
    lists
        Ids or symbols by group, instead of any pattern.

    Raises
    ------
    ConfigError
        If a group is unknown, or a pattern is no regular expression.
    """
    genes = [str(gene) for gene in genes]
    names = list(genes) if symbols is None else [_text(s) or g for s, g in zip(symbols, genes, strict=True)]
    patterns, lists = {k: v for k, v in (patterns or {}).items() if v}, lists or {}
    unknown = sorted((set(patterns) | set(lists)) - set(GROUPS))
    if unknown:
        raise ConfigError(f"cells: quality: {unknown[0]!r} is no group of genes. Choose {', '.join(GROUPS)}.")
    masks, rules = {}, {}
    for group in GROUPS:
        if group in lists:
            wanted = set(lists[group])
            masks[group] = np.array([g in wanted or n in wanted for g, n in zip(genes, names, strict=True)], dtype=bool)
            rules[group] = "list" if masks[group].any() else ""
            continue
        tried = (patterns[group],) if group in patterns else _PATTERNS[group]
        masks[group], rules[group] = _first_that_fits(names, tried, group)
    return GeneGroups(masks, rules)


def none_found(groups: GeneGroups, genes: Iterable[str], symbols: Iterable[str | None] | None = None) -> str:
    """Return what to say if no mitochondrial gene was found; blank if there are some."""
    if groups.masks["mito"].any():
        return ""
    genes = [str(gene) for gene in genes]
    names = genes if symbols is None else [_text(s) or g for s, g in zip(symbols, genes, strict=True)]
    seen = [names[i] for i in sorted({0, len(names) // 2, len(names) - 1})] if names else []
    return (
        f"No mitochondrial gene was found among {len(names):,} names such as {', '.join(seen)}, so no cell is "
        "judged by its mitochondrial share. Give gene symbols (var column 'symbol'), a pattern (quality.mito) or a "
        "list of genes."
    )


def _first_that_fits(names: list[str], patterns: Iterable[str], group: str) -> tuple[np.ndarray, str]:
    for pattern in patterns:
        try:
            # A given pattern may ask for case itself, "(?-i:...)".
            wanted = re.compile(pattern, flags=re.IGNORECASE)
        except re.error as error:
            raise ConfigError(
                f"cells: quality: {group}: {pattern!r} is no regular expression ({error}). Write e.g. '^MT-'."
            ) from None
        mask = np.array([wanted.match(name) is not None for name in names], dtype=bool)
        if mask.any():
            return mask, pattern
    return np.zeros(len(names), dtype=bool), ""


def _text(value: object) -> str:
    """Return a symbol, blank where it is missing (None, NaN)."""
    return "" if value is None or value != value else str(value).strip()
