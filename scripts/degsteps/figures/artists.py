"""The kinds of artists that figures are made of, from here: matplotlib then starts in half the time.

While it is imported it writes, for each kind of artist, the signature and the documentation of its method ``set``, and
nobody reads them here. Modules of figures import these names from here, so that none of them comes before.
"""

from matplotlib.artist import Artist

if hasattr(Artist, "_update_set_signature_and_docstring"):
    Artist._update_set_signature_and_docstring = classmethod(lambda cls: None)

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.text import Text

__all__ = [
    "Axes",
    "ConstrainedLayoutEngine",
    "Figure",
    "FigureCanvasAgg",
    "Legend",
    "Line2D",
    "LineCollection",
    "Patch",
    "PathCollection",
    "Polygon",
    "Rectangle",
    "Text",
]
