"""Draw every figure as PDF beside the files of the page, from the records of the steps that drew them.

One job for all of an analysis: matplotlib is loaded once.
"""

from pathlib import Path

from degsteps.provenance.redrawing import redraw_all
from degsteps.step import Inputs, Outputs, repeat, run


def main(figures: Inputs, printed: Outputs) -> dict:
    """Draw; what a figure is drawn from is said by its record."""
    redraw_all(dict(zip(figures, printed, strict=True)), "pdf", Path(__file__).resolve().parent, repeat)
    return {"figures": len(printed)}


if __name__ == "__main__":
    run(main)
