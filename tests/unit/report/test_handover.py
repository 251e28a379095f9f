"""Which files readers are handed: what they can open, and of two tables with the same rows the fuller one."""

import pytest

from degsteps.report.handover import is_handed_over


@pytest.mark.parametrize(
    ("place", "others", "expected"),
    [
        ("annotate/c.tsv", (), True),
        ("annotate/c.volcano.svg", (), True),
        ("report/report.html", (), True),
        ("report/references.bib", (), True),
        ("batch/design.json", (), True),
        ("ingest/counts.parquet", (), False),
        ("test/model.h5ad", (), False),
        ("normalize/tables/cpm.tsv.gz", (), False),
        ("test/c.tsv", ("annotate/c.tsv",), False),
        ("test/c.tsv", ("annotate/d.tsv",), True),
        ("test/stage_wise/f.tsv", ("annotate/stage_wise/f.tsv",), False),
        ("test/stage_wise/f.tsv", (), True),
        ("test/genes.tsv", ("annotate/genes.tsv",), True),
        ("report/steps.json", (), False),
        ("annotate/c.annotate_contrast.record.json", (), False),
        ("logs/fit_model.tsv", (), False),
    ],
)
def test_what_readers_are_handed(place, others, expected):
    assert is_handed_over(place, {place, *others}) is expected
