"""What the report says of the tests, and of what their calls depend on: its parts, in their order."""

from degsteps.test.section_bounds import BOUNDS
from degsteps.test.section_columns import COLUMNS
from degsteps.test.section_concordance import CONCORDANCE
from degsteps.test.section_pairing import PAIRING
from degsteps.test.section_power import POWER
from degsteps.test.section_sample_weights import WEIGHTS
from degsteps.test.section_shrinkage import SHRINKAGE
from degsteps.test.section_single_units import SINGLE_UNITS
from degsteps.test.section_stability import INFLUENCE, SENSITIVITY
from degsteps.test.section_tests import TEST
from degsteps.test.section_together import OVERLAP, STAGE_WISE

SECTIONS = (
    TEST,
    SINGLE_UNITS,
    SHRINKAGE,
    WEIGHTS,
    OVERLAP,
    STAGE_WISE,
    POWER,
    BOUNDS,
    SENSITIVITY,
    INFLUENCE,
    PAIRING,
    CONCORDANCE,
    COLUMNS,
)
