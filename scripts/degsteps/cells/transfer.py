"""Labels of a reference carried over to cells: multinomial logistic regression, and two ways to say "none of these".

A model always has an answer. A cell stays unassigned if its best label has a probability below 0.5, or if it expresses
the markers of that label less than almost all cells that carry it in the reference.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import DataError

UNASSIGNED = "unassigned"
#: Strength of the penalty (scikit-learn's C), on scaled values.
_C = 0.01
LEAST_PROBABILITY = 0.5
_N_MARKERS = 30
_PERCENTILE = 5
_DIGITS = 9
_LEAST_GENES = 500
_LARGEST_VALUE = 10.0
#: What is trained on, at most: more cells of a label, or more genes, change little and cost memory.
_CELLS_PER_LABEL = 1000
_MOST_GENES = 3000
_TRIED_GENES = 1000  # for each label left out
#: A label with fewer cells says too little about itself to have a percentile.
_LEAST_CELLS = 3

#: What :func:`labels_left_out` says of no reference.
NOTHING_LEFT_OUT = pd.DataFrame(
    columns=["cells", "unassigned", "called", "share", "told"], index=pd.Index([], name="label")
).astype({"told": bool})


@dataclass(frozen=True)
class Model:
    """What is known of the labels of a reference.

    Attributes
    ----------
    genes : columns of the values that are looked at, (genes,)
    labels : ndarray of str, (labels,)
    mean, spread : ndarray, (genes,)
        Of the reference's log values.
    coefficients, intercepts : ndarray, (labels, genes) and (labels,)
    markers : ndarray of int, (labels, 30)
        Places among the genes: those whose mean is furthest above that of every other label.
    floors : ndarray, (labels,)
        What 95 % of the label's own cells exceed by the mean of their scaled markers.
    """

    genes: np.ndarray
    labels: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    markers: np.ndarray
    floors: np.ndarray

    def scaled(self, values: sparse.spmatrix) -> np.ndarray:
        """Return values of these genes as deviations from the reference, cells x genes, dense."""
        dense = np.asarray(values[:, self.genes].todense(), dtype=float)
        return np.clip((dense - self.mean) / self.spread, -_LARGEST_VALUE, _LARGEST_VALUE)


def shared_genes(own: pd.Index, own_symbols: pd.Series, reference: pd.Index, reference_symbols: pd.Series) -> pd.Series:
    """Pair the genes of a reference with ours, by id or by symbol, whichever finds more.

    Parameters
    ----------
    own, reference : gene ids.
    own_symbols, reference_symbols : symbols in the same order; may be missing.

    Returns
    -------
    Series
        Place among the reference's genes, by place among ours. Names that occur twice on a side are left out.

    Raises
    ------
    DataError
        if fewer than 500 genes are shared.
    """
    ways = []
    for names in (own, pd.Index(own_symbols)):
        for others in (reference, pd.Index(reference_symbols)):
            mine, theirs = _unique_places(names), _unique_places(others)
            both = mine.index.intersection(theirs.index, sort=False)
            ways.append(pd.Series(theirs[both].to_numpy(), index=mine[both].to_numpy()).sort_index())
    best = max(ways, key=len)
    if len(best) < _LEAST_GENES:
        folded = len({str(n).casefold() for n in own_symbols} & {str(n).casefold() for n in reference_symbols})
        species = " Symbols are the same but for upper and lower case: is it another species?" if folded > 500 else ""
        examples = ", ".join(map(str, own[:2])), ", ".join(map(str, reference[:2]))
        raise DataError(
            f"cells.label.reference: shares {len(best)} genes with the counts, and {_LEAST_GENES} are needed. Genes "
            f"are called {examples[0]} here and {examples[1]} there.{species} Give a reference of the same species "
            "with ids or symbols (var column 'symbol') of the same kind."
        )
    return best


def _unique_places(names: pd.Index) -> pd.Series:
    """Return the place of each name that occurs once; ids of Ensembl without their version."""
    text = pd.Series(names.astype(object))
    known = text.notna() & (text.astype(str) != "")
    text = text[known].astype(str).str.replace(r"^(ENS[A-Z]*G\d+)\.\d+$", r"\1", regex=True)
    once = ~text.duplicated(keep=False)
    return pd.Series(text.index[once].to_numpy(), index=text[once].to_numpy())


def training_cells(labels: np.ndarray, seed: int, most: int = _CELLS_PER_LABEL) -> np.ndarray:
    """Return the places of cells to train on: all of a label, or a random ``most`` of them, in order."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        cells = np.flatnonzero(labels == label)
        chosen.append(cells if len(cells) <= most else rng.choice(cells, most, replace=False))
    return np.sort(np.concatenate(chosen))


def train(values: sparse.spmatrix, labels: np.ndarray, most_genes: int = _MOST_GENES) -> Model:
    """Learn the labels of a reference.

    Parameters
    ----------
    values : log values, cells x genes.
    labels : ndarray of str, (cells,)
        None missing; at least two different ones.
    most_genes : those that differ most between labels are looked at.
    """
    from sklearn.linear_model import LogisticRegression

    values, labels = values.tocsr(), np.asarray(labels, dtype=str)
    names, codes = np.unique(labels, return_inverse=True)
    genes = _telling_genes(values, codes, most_genes)
    dense = np.asarray(values[:, genes].todense(), dtype=float)
    mean, spread = dense.mean(axis=0), dense.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = np.clip((dense - mean) / spread, -_LARGEST_VALUE, _LARGEST_VALUE)
    fitted = LogisticRegression(C=_C, max_iter=1000).fit(scaled, codes)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(names) == 2:  # scikit-learn has one row for two classes
        coefficients, intercepts = np.vstack([-coefficients, coefficients]) / 2, np.r_[-intercepts, intercepts] / 2
    # Above every other label, not above their mean: what tells a label from its nearest neighbour is what it lacks
    # when it is taken for it.
    of_label = np.array([dense[codes == code].mean(axis=0) for code in range(len(names))])
    highest = np.array([np.delete(of_label, code, axis=0).max(axis=0) for code in range(len(names))])
    markers = np.argsort(-(of_label - highest), axis=1, kind="stable")[:, :_N_MARKERS]
    own = _marker_means(scaled, markers, codes)
    floors = np.array(
        [
            np.percentile(own[codes == code], _PERCENTILE) if (codes == code).sum() >= _LEAST_CELLS else -np.inf
            for code in range(len(names))
        ]
    )
    return Model(genes, names, mean, spread, coefficients, intercepts, markers, floors)


def of_genes(model: Model, genes: np.ndarray) -> Model:
    """Return a model of some genes as one of all: ``genes`` are their places among all."""
    return replace(model, genes=np.asarray(genes)[model.genes])


def predict(model: Model, values: sparse.spmatrix) -> pd.DataFrame:
    """Give cells a label of the reference, or none.

    Returns
    -------
    DataFrame
        By cell: mapped (a label, or ``unassigned``), mapped_probability (of the best label), best (that label).
    """
    scaled = model.scaled(values.tocsr())
    scores = scaled @ model.coefficients.T + model.intercepts
    scores -= scores.max(axis=1, keepdims=True)
    likely = np.exp(scores)
    likely /= likely.sum(axis=1, keepdims=True)
    best = likely.argmax(axis=1)
    # Rounded: the last digits of a product depend on which other cells are in the block.
    probability = np.round(likely[np.arange(len(best)), best], _DIGITS)
    rejected = (probability < LEAST_PROBABILITY) | (_marker_means(scaled, model.markers, best) < model.floors[best])
    named = model.labels[best].astype(object)
    return pd.DataFrame(
        {"mapped": np.where(rejected, UNASSIGNED, named), "mapped_probability": probability, "best": named}
    )


def labels_left_out(values: sparse.spmatrix, labels: np.ndarray, seed: int) -> pd.DataFrame:
    """Say what cells of each label become where the reference lacks it: unassigned, or a near neighbour.

    Each label in turn is taken out of a reference of 1,000 genes and at most 200 cells a label; fewer with more than
    nine labels, so that the time does not grow with their square.

    Returns
    -------
    DataFrame
        By label: cells, unassigned (share of its cells), called (the label that most others get), share (of its cells
        that get it), told (whether at least half are unassigned).
    """
    n_labels = len(np.unique(labels))
    chosen = training_cells(labels, seed, most=int(np.clip(1800 // n_labels, 25, 200)))
    values, labels = values.tocsr()[chosen], np.asarray(labels, dtype=str)[chosen]
    names, rows = np.unique(labels), []
    for name in names if len(names) > 2 else []:
        out = labels == name
        mapped = predict(train(values[~out], labels[~out], _TRIED_GENES), values[out])["mapped"]
        counted = mapped[mapped != UNASSIGNED].value_counts()
        unassigned = float((mapped == UNASSIGNED).mean())
        called = min(counted.index[counted == counted.max()]) if len(counted) else ""
        share = float(counted.max() / len(mapped)) if len(counted) else 0.0
        rows.append((name, int(out.sum()), unassigned, called, share, unassigned >= 0.5))
    table = pd.DataFrame(rows, columns=["label", *NOTHING_LEFT_OUT.columns]).set_index("label")
    return table.astype({"told": bool})


def _telling_genes(values: sparse.csr_matrix, codes: np.ndarray, most: int) -> np.ndarray:
    """Return the genes that differ most between labels, in order; those that are constant tell nothing."""
    n_cells, n_labels = len(codes), int(codes.max()) + 1
    size = np.bincount(codes, minlength=n_labels)
    indicator = sparse.csr_matrix((np.ones(n_cells), (codes, np.arange(n_cells))), shape=(n_labels, n_cells))
    mean = np.asarray((indicator @ values).todense(), dtype=float) / size[:, None]
    overall = size @ mean / n_cells
    square = np.asarray(values.astype(float).power(2).sum(axis=0)).ravel()
    total = square - n_cells * overall**2
    between = (size[:, None] * (mean - overall) ** 2).sum(axis=0)
    varies = total > 1e-9 * np.maximum(square, 1e-300)
    told = np.divide(between, total, out=np.zeros_like(total), where=varies)
    kept = np.flatnonzero(varies)
    return np.sort(kept[np.argsort(-told[kept], kind="stable")[:most]])


def _marker_means(scaled: np.ndarray, markers: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the mean of the markers of its own label, by cell."""
    means = np.empty(len(scaled))
    for code in np.unique(codes):
        cells = np.flatnonzero(codes == code)
        means[cells] = scaled[np.ix_(cells, markers[code])].mean(axis=1)
    return means
