"""What the report says of single cells: its parts, in their order."""

from degsteps.cells.section_flow import FLOW
from degsteps.cells.section_labels import COMPOSITION, EXPLORATORY, LABELS, MARKER_SHEET, SPACE

SECTIONS = (FLOW, SPACE, LABELS, COMPOSITION, EXPLORATORY, MARKER_SHEET)
