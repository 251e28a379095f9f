"""What the report says of single cells: its parts, in their order."""

from degsteps.cells.section_columns import COLUMNS
from degsteps.cells.section_composition import COMPOSITION
from degsteps.cells.section_exploratory import EXPLORATORY
from degsteps.cells.section_flow import CALLS, FLOW
from degsteps.cells.section_labels import LABELS, MARKER_SHEET
from degsteps.cells.section_space import SPACE

SECTIONS = (FLOW, CALLS, SPACE, LABELS, COMPOSITION, EXPLORATORY, MARKER_SHEET, COLUMNS)
