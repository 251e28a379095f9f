"""Draw cells in two dimensions by label, donor, condition and capture, and how batches mix before and after."""

import anndata

from degsteps.cells.counts_file import CountsReader
from degsteps.cells.figures.embedding import embedding_plot
from degsteps.cells.figures.mixing import mixing_plot
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table

_METHODS = {"none": "none", "mnn": "mutual nearest neighbours", "harmony": "Harmony"}


def main(
    space: Input,
    counts: Input,
    labels: Input,
    mixing_table: Input,
    embedding_png: Output,
    embedding_svg: Output,
    mixing_png: Output,
    mixing_svg: Output,
    columns: list,
    method: str,
    look: dict | None = None,
) -> None:
    """Draw a panel for the label that is used, and one for each of the columns."""
    use_look(look or {})
    stored = anndata.read_h5ad(space)
    with CountsReader(counts) as read:
        obs = read.obs().loc[stored.obs_names]
    used = read_table(labels, text=("used",))["used"].reindex(stored.obs_names).fillna("")
    known = [name for name in dict.fromkeys(columns) if name in obs.columns]
    shown = obs[known].astype(object).where(obs[known].notna(), "").astype(str)
    shown.insert(0, "cell type", used)
    title = "Cells by UMAP, for the eye only: distances in it mean little"
    save(embedding_plot(stored.obsm["embedding"], shown, "cell type", title), embedding_png, embedding_svg)
    save(mixing_plot(read_table(mixing_table), _METHODS[method]), mixing_png, mixing_svg)


if __name__ == "__main__":
    run(main)
