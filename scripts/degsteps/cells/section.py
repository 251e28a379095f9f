"""What the report says of single cells: its parts, in their order."""

from degsteps.cells.section_columns import COLUMNS
from degsteps.cells.section_flow import CALLS, FLOW
from degsteps.cells.section_labels import COMPOSITION, EXPLORATORY, LABELS, MARKER_SHEET, SPACE

SECTIONS = (FLOW, CALLS, SPACE, LABELS, COMPOSITION, EXPLORATORY, MARKER_SHEET, COLUMNS)
