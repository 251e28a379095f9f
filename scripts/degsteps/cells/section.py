"""What the report says of single cells: its parts, in their order."""

from degsteps.cells.section_flow import FLOW

SECTIONS = (FLOW,)
