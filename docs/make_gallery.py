"""Write docs/gallery.md: every figure of the demos at 89 mm, one column of a journal, as `make figure` draws it.

Run it after the demos (`make demo`, `make cells`); it draws from their tables, and runs nothing again.
"""

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "scripts"))

from degsteps.provenance.redrawing import outputs_of, record_of, redraw  # noqa: E402
from degsteps.step import repeat  # noqa: E402

WIDTH_MM, DPI = 89, 150
#: Chapter, and by figure (a path in the results of a demo) what it shows.
FIGURES = {
    "Samples": {
        "airway/1.0/02_filter/filter": "Gene filter: what was dropped, and why.",
        "airway/1.0/06_qc/libraries": "Libraries: size, genes with a read, share of the largest genes.",
        "airway/1.0/06_qc/boxplots": "Counts of each sample before and after normalisation.",
        "airway/1.0/06_qc/rle": "Relative log expression.",
        "airway/1.0/06_qc/densities": "Distribution of the counts.",
        "airway/1.0/06_qc/pca": "Principal components, by each column of the sheet.",
        "airway/1.0/06_qc/scree": "Variance of the components.",
        "airway/1.0/06_qc/loadings": "Genes that weigh most in the components.",
        "airway/1.0/06_qc/association": "Components and columns of the sheet.",
        "airway/1.0/06_qc/distances": "Distances between samples. Each column of the sheet has colours of its own.",
    },
    "Contrasts": {
        "airway/1.0/07_test/dispersion": "Dispersions.",
        "airway/1.0/08_annotate/dex_trt_vs_untrt.volcano": "Volcano.",
        "airway/1.0/08_annotate/dex_trt_vs_untrt.ma": "MA.",
        "airway/1.0/08_annotate/dex_trt_vs_untrt.pvalues": "P-values, and whether they look as they should.",
        "airway/1.0/08_annotate/dex_trt_vs_untrt.top_genes": "Single genes, a point for each sample.",
        "airway/1.0/08_annotate/dex_trt_vs_untrt.heatmap": "Heatmap of genes.",
        "cells/1.0/08_annotate/overlap/overlap": "Genes that contrasts share (UpSet).",
    },
    "Gene sets": {
        "airway/1.0/09_enrich/hallmark/dex_trt_vs_untrt.first": "First sets: share of called genes, and bar codes.",
        "airway/1.0/09_enrich/go_bp/dex_trt_vs_untrt.map": "Map: sets that share genes lie together.",
        "airway/1.0/09_enrich/go_bp/dex_trt_vs_untrt.leading": "Genes that lead the first sets.",
        "airway/1.0/09_enrich/go_bp/dex_trt_vs_untrt.calibration": "What would be called if nothing were true.",
    },
    "Single cells": {
        "cells/1.0/00_cells/quality/quality": "Quality of cells by capture.",
        "cells/1.0/00_cells/quality/doublets": "Doublets.",
        "cells/1.0/00_cells/integrate/embedding": "Cells in two dimensions.",
        "cells/1.0/00_cells/integrate/mixing": "Neighbours before and after integration.",
        "cells/1.0/00_cells/label/markers": "Markers.",
        "cells/1.0/00_cells/label/confusion": "Labels by two means.",
        "cells/1.0/00_cells/label/donors": "Cells of each donor and type.",
        "cells/1.0/00_cells/composition/stim_vs_ctrl": "Shares of cell types.",
    },
}
HEAD = """# Gallery

Every figure of the demos at 89 mm, one column of a journal, text of 7 points: none was edited afterwards. The settings
are `report.figures` ([all of them](../config/README.md)); genes of your own choice in volcano, MA, heatmap and single
genes are `report.genes`. To draw a figure of a finished run again, from its tables and without running anything else:

```bash
make figure FILE=results/airway/1.0/08_annotate/dex_trt_vs_untrt.volcano.svg WIDTH_MM=89 STYLE=paper FORMAT="svg pdf"
```

Text stays text in SVG and PDF (fonts are inside of the PDF), axes and marks stay vector; only dense points (more than
2,000 in a panel) become a picture within their axes. The same tables and settings give the same bytes.
Which one: SVG for editing, PDF for submission, PNG for slides.

`make gallery` writes this page.
"""


def main() -> None:
    """Draw each figure, and write the page."""
    folder = REPO / "docs" / "gallery"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    lines = [HEAD]
    for chapter, figures in FIGURES.items():
        lines += [f"## {chapter}", ""]
        for place, text in figures.items():
            figure = REPO / "results" / f"{place}.svg"
            path, record = record_of(figure)
            name = next(output.with_suffix(".png").name for output in outputs_of(record) if output.stem == figure.stem)
            target = folder / f"{place.split('/')[0]}_{name}"
            redraw(path, record, {name: target}, {"width_mm": WIDTH_MM, "dpi": DPI}, REPO / "scripts", repeat)
            _fewer_colors(target)
            lines += [f"![{text}](gallery/{target.name})", "", f"{text}", ""]
            print(target.relative_to(REPO), target.stat().st_size)
    (REPO / "docs" / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


def _fewer_colors(path: Path) -> None:
    """Write a picture with 64 colours: a third of the bytes."""
    from PIL import Image

    Image.open(path).convert("RGB").quantize(
        64, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
    ).save(path, optimize=True)


if __name__ == "__main__":
    main()
