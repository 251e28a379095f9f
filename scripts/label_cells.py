"""Label cells: by the given column, a reference, a table of markers and clusters, side by side; one of them is used.

Cells are read some at a time. Markers of labels are found on a sketch of the cells where there are very many.
"""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from degsteps.basics.errors import ConfigError
from degsteps.cells import labelling, labels, marker_table, markers, reference, transfer
from degsteps.cells.counts_file import CountsReader
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_table, read_text_table, write_frame, write_table


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
) -> dict:
    """Write labels of every cell read; all but the given ones are of kept cells only.

    ``left_out`` says for each label of the reference what its cells would be called if it lacked them.
    """
    facts: dict = {}
    with CountsReader(counts) as stored, threadpool_limits(1):
        obs, var = stored.obs(), stored.var()
        names = pd.Index(obs.index.astype(str), name="cell")
        symbols = var["symbol"].astype(object) if "symbol" in var.columns else pd.Series("", index=var.index)
        symbols = symbols.where(symbols.notna(), "").astype(str)
        kept = (read_table(cells)["verdict"].reindex(names) == "kept").to_numpy()
        table = pd.DataFrame({"given": "", "mapped": "", "mapped_probability": np.nan}, index=names)
        table["by_markers"] = table["cluster"] = ""
        if label_column is not None:
            table["given"] = labelling.given_labels(obs, label_column)
        model = weights = given_markers = scores = None
        told = transfer.NOTHING_LEFT_OUT
        if reference_cells is not None:
            model, told, facts["reference"] = _model(reference_cells, reference_label, symbols, seed)
        if resolution is not None:
            codes = labelling.cluster_codes(anndata.read_h5ad(space), resolution, seed).loc[names[kept]].to_numpy()
            table.loc[kept, "cluster"] = codes.astype(str)
            facts["clusters"] = np.bincount(codes).tolist()
        if marker_genes is not None:
            given_markers = marker_table.require_markers(read_text_table(marker_genes).reset_index(), str(marker_genes))
            mean, spread = labelling.log_moments(stored, kept)
            weights, matched = marker_table.marker_weights(given_markers, var.index, symbols, spread)
            facts["markers"] = matched.to_dict("index")
        mapped, raw_scores = [], []
        for _, values in labelling.log_blocks(stored, kept) if model is not None or weights is not None else ():
            if model is not None:
                mapped.append(transfer.predict(model, values))
            if weights is not None:
                raw_scores.append(np.asarray((values @ weights).todense()))
        if mapped:
            found = pd.concat(mapped).set_index(names[kept])
            for name in ("mapped", "mapped_probability"):
                table.loc[kept, name] = found[name]
            facts["reference"] |= labelling.rejection_facts(found)
        if raw_scores:
            scores = pd.DataFrame(np.concatenate(raw_scores) - mean @ weights, columns=matched.index)
            scores = scores.loc[:, matched["matched"] > 0]
            of_cluster = codes if resolution is not None else None
            table.loc[kept, "by_markers"] = marker_table.labels_by_markers(scores, of_cluster)
        table["used"] = labels.used_labels(table)
        used = table["used"].where(kept, "")
        profiles, facts["profiled"] = labelling.label_profiles(stored, used, var.index, seed)
    checked = pd.DataFrame(columns=["verdict"], index=pd.Index([], name="label"))
    if scores is not None:
        checked = marker_table.marker_verdicts(scores, used[kept].to_numpy(), matched)
        checked = checked.join(
            marker_table.expressed_markers(weights, list(matched.index), profiles.percent, profiles.percent_rest)
        )
    top = markers.top_markers(profiles)
    drawn = markers.dots(profiles, labelling.dot_genes(top, given_markers, symbols))
    top.insert(1, "symbol", symbols.reindex(top["gene"]).to_numpy())
    drawn.insert(0, "symbol", symbols.reindex(drawn.index).to_numpy())
    write_table(table, labels_table)
    write_table(top, markers_table)
    write_table(labels.confusion(table[kept]), confusion_table)
    write_table(checked, verdicts)
    write_table(drawn, dots)
    write_frame(profiles.auc, auc)
    write_table(told, left_out)
    return facts | {
        "sources": [name for name in (*labels.SOURCES, "cluster") if (table[name] != "").any()],
        "used": used[used != ""].value_counts().sort_index().to_dict(),
        "without_label": int((used[kept] == "").sum()),
        "agreement": {name: labels.agreement(table[kept], name) for name in ("mapped", "by_markers")},
        "verdicts": checked["verdict"].to_dict(),
    }


def _model(path: Path, label_column: str | None, symbols: pd.Series, seed: int):
    """Return a model of the reference's labels, what is told of labels that it would lack, and facts."""
    reference.require_no_pickle(path)
    if label_column is None:
        raise ConfigError("cells.label.reference_label: name the column of the reference that holds its labels.")
    data = anndata.read_h5ad(path)
    values, names, own_ids, own_symbols, facts = reference.reference_cells(data, label_column, path, seed)
    pairs = transfer.shared_genes(symbols.index, symbols, own_ids, own_symbols)
    values = values[:, pairs.to_numpy()]
    model, told = transfer.train(values, names), transfer.labels_left_out(values, names, seed)
    facts |= {"shared_genes": len(pairs), "genes_used": len(model.genes), "not_told": list(told.index[~told["told"]])}
    # The model counts genes among the shared ones; the cells have all of theirs.
    return transfer.of_genes(model, pairs.index.to_numpy()), told, facts


if __name__ == "__main__":
    run(main)
