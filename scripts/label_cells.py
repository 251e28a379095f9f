"""Label cells: by the given column, a reference, a table of markers and clusters, side by side; one of them is used.

Cells are read some at a time. Markers of labels are found on a sketch of the cells where there are very many.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from degsteps.basics.errors import ConfigError
from degsteps.cells import clusters, labels, marker_table, markers, reference, transfer
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.neighbours import sketch
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_table, read_text_table, write_frame, write_table

#: Markers of labels are found on so many cells at most, drawn at random within labels.
_PROFILED = 50_000
#: Drawn as dots: the best markers of each label, where none are given.
_DOTS_PER_LABEL = 3


def main(
    counts: Input,
    cells: Input,
    labels_table: Output,
    markers_table: Output,
    confusion_table: Output,
    verdicts: Output,
    dots: Output,
    auc: Output,
    left_out: Output,
    label_column: str | None,
    reference_label: str | None,
    resolution: float | None,
    seed: int,
    space: OptionalInput = None,
    reference_cells: OptionalInput = None,
    marker_genes: OptionalInput = None,
    threads: int = 1,
) -> dict:
    """Write labels of every cell read; all but the given ones are of kept cells only."""
    facts: dict = {}
    with CountsReader(counts) as stored, threadpool_limits(1):
        obs, var = stored.obs(), stored.var()
        symbols = var["symbol"] if "symbol" in var.columns else pd.Series([None] * len(var), index=var.index)
        kept = (read_table(cells)["verdict"].reindex(obs.index.astype(str)) == "kept").to_numpy()
        table = pd.DataFrame("", index=pd.Index(obs.index.astype(str), name="cell"), columns=["given", "mapped"])
        table["mapped_probability"], table["by_markers"], table["cluster"] = np.nan, "", ""
        if label_column is not None:
            table["given"] = _given(obs, label_column)
        if reference_cells is not None:
            model, table_left_out, facts["reference"] = _model(
                reference_cells, reference_label, var.index, symbols, seed
            )
        else:
            model, table_left_out = (
                None,
                pd.DataFrame(
                    columns=["cells", "unassigned", "called", "share", "told"], index=pd.Index([], name="label")
                ),
            )
        if resolution is not None:
            codes = _clusters(space, table.index[kept], resolution, seed)
            table.loc[kept, "cluster"] = codes.astype(str)
            facts["clusters"] = np.bincount(codes).tolist()
        given_markers, scores, weights, matched = None, None, None, None
        if marker_genes is not None:
            given_markers = marker_table.require_markers(read_text_table(marker_genes).reset_index(), str(marker_genes))
            mean, spread = _moments(stored, kept)
            weights, matched = marker_table.marker_weights(given_markers, var.index, symbols, spread)
        of_cells = [
            (begin + here, *_looked_at(values, model, weights))
            for begin, here, values in _kept_values(stored, kept)
            if model is not None or weights is not None
        ]
        if model is not None:
            places = np.concatenate([where for where, _, _ in of_cells])
            mapped = pd.concat([found for _, found, _ in of_cells])
            for name in ("mapped", "mapped_probability"):
                table.iloc[places, table.columns.get_loc(name)] = mapped[name].to_numpy()
            facts["reference"] |= _of_mapped(mapped)
        if weights is not None:
            own = np.concatenate([found for _, _, found in of_cells]) - mean @ weights
            scores = pd.DataFrame(own, columns=matched.index).loc[:, matched.index[matched["matched"] > 0]]
            numbers = table["cluster"][kept].astype(int).to_numpy() if resolution is not None else None
            table.loc[kept, "by_markers"] = marker_table.labels_by_markers(scores, numbers)
            facts["markers"] = matched.to_dict("index")
        table["used"] = labels.used_labels(table)
        used = table["used"].where(kept, "")
        profiles, facts["profiled"] = _profiles(stored, used, var.index, seed)
    top = markers.top_markers(profiles)
    checked = pd.DataFrame(index=pd.Index([], name="label"))
    if scores is not None:
        checked = marker_table.marker_verdicts(scores, used[kept].to_numpy(), matched)
        checked = checked.join(
            marker_table.expressed_markers(weights, list(matched.index), profiles.percent, profiles.percent_rest)
        )
    names = pd.Series([name if isinstance(name, str) and name else "" for name in symbols], index=var.index)
    top.insert(1, "symbol", names.reindex(top["gene"]).to_numpy())
    shown = _shown_genes(top, given_markers, var.index, names)
    drawn = markers.dots(profiles, shown)
    drawn.insert(0, "symbol", names.reindex(drawn.index).to_numpy())
    write_table(table, labels_table)
    write_table(top, markers_table)
    write_table(labels.confusion(table[kept]), confusion_table)
    write_table(checked, verdicts)
    write_table(drawn, dots)
    write_frame(profiles.auc, auc)
    write_table(table_left_out, left_out)
    return facts | {
        "sources": [name for name in (*labels.SOURCES, "cluster") if (table[name] != "").any()],
        "used": used[used != ""].value_counts().sort_index().to_dict(),
        "without_label": int((used[kept] == "").sum()),
        "agreement": {name: labels.agreement(table[kept], name) for name in ("mapped", "by_markers")},
        "verdicts": checked["verdict"].to_dict() if len(checked) else {},
    }


def _given(obs: pd.DataFrame, column: str) -> np.ndarray:
    if column not in obs.columns:
        raise ConfigError(
            f"cells.label_column: the cells have no column '{column}'. Their columns are {', '.join(obs.columns)}."
        )
    given = obs[column].astype(object)
    return given.where(given.notna(), "").astype(str).str.strip().to_numpy()


def _model(path, label_column, ids, symbols, seed):
    import anndata

    reference.require_no_pickle(path)
    if label_column is None:
        raise ConfigError("cells.label.reference_label: name the column of the reference that holds its labels.")
    values, names, own_ids, own_symbols, facts = reference.reference_cells(
        anndata.read_h5ad(path), label_column, path, seed
    )
    pairs = transfer.shared_genes(ids, symbols, own_ids, own_symbols)
    values = values[:, pairs.to_numpy()]
    model, told = transfer.train(values, names), transfer.labels_left_out(values, names, seed)
    facts |= {"shared_genes": len(pairs), "genes_used": len(model.genes), "not_told": list(told.index[~told["told"]])}
    # The model counts genes among the shared ones; the cells have all of theirs.
    return transfer.of_genes(model, pairs.index.to_numpy()), told, facts


def _clusters(space, names, resolution, seed):
    import anndata

    stored = anndata.read_h5ad(space)
    # In order of the ids, as the space was made: communities depend on the order in which cells are visited.
    order = np.argsort(stored.obs_names.to_numpy(dtype=str), kind="stable")
    of_sketch = order[stored.obs["in_sketch"].to_numpy()[order]]
    graph = sparse.csr_matrix(stored.obsp["neighbours"])[of_sketch][:, of_sketch]
    codes = np.full(len(order), -1)
    codes[of_sketch] = clusters.leiden(graph, resolution, seed)
    of_cell = codes[stored.obs["represented_by"].to_numpy()]
    return pd.Series(of_cell, index=stored.obs_names).loc[names].to_numpy()


def _kept_values(stored, kept):
    """Yield the number of the first cell of a block, which of its cells are kept, and their log values."""
    for begin, block in stored.blocks():
        here = np.flatnonzero(kept[begin : begin + block.shape[0]])
        if len(here):
            yield begin, here, reference.log_per_ten_thousand(block[here])


def _moments(stored, kept):
    """Return mean and standard deviation of the log values of all genes."""
    total = square = np.zeros(stored.shape[1])
    for _, _, values in _kept_values(stored, kept):
        total = total + np.asarray(values.sum(axis=0)).ravel()
        square = square + np.asarray(values.power(2).sum(axis=0)).ravel()
    n = max(int(kept.sum()), 1)
    mean = total / n
    variance = square / n - mean**2
    return mean, np.sqrt(np.where(variance > 1e-12 * np.maximum(square / n, 1e-300), variance, 0.0))


def _looked_at(values, model, weights):
    mapped = None if model is None else transfer.predict(model, values)
    scores = None if weights is None else np.asarray((values @ weights).todense())
    return mapped, scores


def _of_mapped(mapped):
    """Return why cells are unassigned, by the label that they are nearest to."""
    unassigned = mapped["mapped"] == transfer.UNASSIGNED
    by_label = unassigned.groupby(mapped["best"]).mean()
    unsure = unassigned & (mapped["mapped_probability"] < transfer.LEAST_PROBABILITY)
    return {
        "unassigned": int(unassigned.sum()),
        "unassigned_by_probability": int(unsure.sum()),
        "unassigned_share": {str(name): float(share) for name, share in by_label.items()},
    }


def _profiles(stored, used, genes, seed):
    """Return profiles of labels, and the number of cells that they rest on."""
    named = np.flatnonzero((used != "").to_numpy())
    # Drawn in the order of the ids, so that the same cells are drawn whatever the order of captures.
    named = named[np.argsort(used.index.to_numpy(dtype=str)[named], kind="stable")]
    chosen = sketch(pd.factorize(used.iloc[named], sort=True)[0], seed, most=_PROFILED, size=_PROFILED)
    wanted = np.zeros(len(used), dtype=bool)
    wanted[named if chosen is None else named[chosen]] = True
    parts, places = [sparse.csr_matrix((0, len(genes)))], []
    for begin, here, values in _kept_values(stored, wanted):
        parts.append(values)
        places.append(begin + here)
    some = np.concatenate(places) if places else np.empty(0, dtype=int)
    order = np.argsort(used.index.to_numpy(dtype=str)[some], kind="stable")
    values = sparse.vstack(parts, format="csr")[order]
    return markers.LabelProfiles(values, used.iloc[some[order]], genes), len(some)


def _shown_genes(top, given, ids, names):
    """Return the genes of the dot plot: given markers that are known, else the best of each label."""
    if given is None:
        return list(dict.fromkeys(top.loc[top["rank"] <= _DOTS_PER_LABEL, "gene"]))
    of_symbol = {name: gene for gene, name in reversed(list(names.items())) if name}
    known = [name if name in ids else of_symbol.get(name) for name in given.loc[given["direction"] > 0, "gene"]]
    return list(dict.fromkeys(gene for gene in known if gene is not None))


if __name__ == "__main__":
    run(main)
