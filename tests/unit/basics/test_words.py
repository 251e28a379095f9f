"""Words that messages are made of."""

import pytest

from degsteps.basics.words import bare, counted, is_annotation_name, listed, near_match, quoted, suggestion, verb


def test_invisible_characters_are_spelled_out():
    assert quoted("a\tb\ufeff é") == "'a\\tb\\ufeff é'"


def test_long_lists_are_cut_with_the_number_that_is_left():
    assert listed("abcde") == "'a', 'b', 'c', 'd', 'e'"
    assert listed("abcdefg") == "'a', 'b', 'c', 'd', 'e' and 2 more"
    assert listed([3, 4, 5], most=2, quote=False) == "3, 4 and 1 more"


def test_numbers_take_the_right_form():
    assert (counted(1, "sample"), counted(2, "sample")) == ("1 sample", "2 samples")
    assert counted(0, "degree of freedom", "degrees of freedom") == "0 degrees of freedom"
    assert (verb(1, "is", "are"), verb(3, "is", "are")) == ("is", "are")


@pytest.mark.parametrize("name", ["A-1", "A.1", "a_1", " A 1", "\ufeffA-1", "XA1"[1:]])
def test_one_name_in_many_spellings_has_one_bare_form(name):
    assert bare(name) == "a1"


def test_the_x_that_r_puts_before_digits_is_left_out():
    assert bare("X8042381") == bare("8042381")
    assert bare("Xenopus") == "xenopus"


def test_near_matches_prefer_the_same_name_in_another_spelling():
    assert near_match("Control", ["contrl", "control"]) == "control"
    assert near_match("conditon", ["batch", "condition"]) == "condition"
    assert near_match("tissue", ["batch", "condition"]) is None
    assert suggestion("x", ["batch", "condition"], "There are") == "There are: 'batch', 'condition'."


def test_annotation_is_known_by_name_in_any_spelling():
    assert all(map(is_annotation_name, ["Length", "gene_name", "Gene.Symbol", "EntrezID", "chr"]))
    assert not any(map(is_annotation_name, ["S1", "control_1", "lengthy"]))
