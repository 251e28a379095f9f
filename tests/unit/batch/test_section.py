"""What the report says of the design."""

from degsteps.batch.section import dropped_text


def test_what_the_design_leaves_out_is_said_with_what_it_is_made_of():
    said = dropped_text({"arm[placebo]:number[T.n3]": "0", "age": "run[T.r2] - 2 Intercept"})
    assert "arm[placebo]:number[T.n3] = 0; age = run[T.r2] - 2 Intercept." in said
