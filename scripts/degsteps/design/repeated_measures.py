"""Repeated measures: several samples of one subject, and what a design does about them.

Samples of one person, animal or donor are alike. With the subject in the formula (``fixed``) only changes within
subjects are compared, which takes subjects that have several of the levels compared. Where the treatment varies between
subjects, each of which has one level, samples of one subject are modelled as correlated (``duplicate_correlation``).

Standard library only: the Snakefile imports this module.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from degsteps.basics.errors import DegstepsError, Finding
from degsteps.basics.words import counted, listed, quoted
from degsteps.design.alternatives import Alternatives, without_column
from degsteps.design.coding import Design, build_design
from degsteps.design.confounding import crosstab_text, determines
from degsteps.design.formula import Formula
from degsteps.design.rank import rank_report

#: What columns of subjects are called, alone or with ``id``, ``no`` and the like; in English and other languages.
_SUBJECTS = frozenset(
    [
        "subject",
        "subj",
        "patient",
        "pat",
        "participant",
        "donor",
        "individual",
        "indiv",
        "person",
        "volunteer",
        "proband",
        "animal",
        "mouse",
        "rat",
        "rabbit",
        "monkey",
        "macaque",
        "pig",
        "dog",
        "cat",
        "sheep",
        "cow",
        "horse",
        "fish",
        "usubjid",
        "subjid",
        "ptid",
        "patid",
        "versuchsperson",
        "spender",
        "spenderin",
        "patientin",
        "probandin",
        "teilnehmer",
        "teilnehmerin",
        "tier",
        "versuchstier",
        "maus",
        "ratte",
        "kaninchen",
        "schwein",
        "hund",
        "sujet",
        "donneur",
        "donneuse",
        "participante",
        "volontaire",
        "souris",
        "chien",
        "individu",
        "patiente",
        "sujeto",
        "paciente",
        "donante",
        "participante",
        "voluntario",
        "ratón",
        "raton",
        "individuo",
        "perro",
        "cerdo",
        "soggetto",
        "paziente",
        "donatore",
        "partecipante",
        "volontario",
        "topo",
        "ratto",
        "individuo",
        "sujeito",
        "doador",
        "camundongo",
        "rato",
        "patiënt",
        "proefpersoon",
        "deelnemer",
        "muis",
        "dier",
        "försöksperson",
        "deltagare",
        "givare",
        "råtta",
        "forsøgsperson",
        "deltager",
        "mus",
        "dyr",
        "djur",
        "potilas",
        "koehenkilö",
        "pacjent",
        "dawca",
        "uczestnik",
        "mysz",
        "szczur",
        "pacient",
        "dárce",
        "hasta",
        "donör",
        "denek",
        "пациент",
        "донор",
        "субъект",
        "испытуемый",
        "животное",
        "мышь",
        "крыса",
        "участник",
        "患者",
        "受试者",
        "供体",
        "供者",
        "小鼠",
        "大鼠",
        "被験者",
        "ドナー",
        "マウス",
        "被检者",
    ]
)
_NUMBERS = frozenset(
    [
        "id",
        "ids",
        "no",
        "nr",
        "num",
        "number",
        "code",
        "key",
        "name",
        "label",
        "identifier",
        "barcode",
        "nummer",
        "numéro",
        "numero",
        "número",
    ]
)
_WORDS = re.compile(r"[^\W\d_]+")
#: Of camel case, where one word ends and the next begins; ``PatientID``, ``donorNo``.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: Beyond so many subjects it is not looked up whether the design accounts for them in other words.
_MOST_SUBJECTS = 2000


def names_subjects(column: str) -> bool:
    """Return whether a column is called as columns of subjects are: ``patient``, ``Donor_ID``, ``Proband Nr``."""
    words = [word.casefold() for word in _WORDS.findall(_CAMEL.sub(" ", column))]
    # The plural, and "patientid" in one word.
    ends = ("s", "id", "nr", "no", "number", "code", "nummer", "ennummer")
    forms = [{word, *[word.removesuffix(end) for end in ends]} for word in words]
    are_subjects = [bool(of_word & _SUBJECTS) for of_word in forms]
    return any(are_subjects) and all(
        is_subject or word in _NUMBERS for is_subject, word in zip(are_subjects, words, strict=True)
    )


def block_column(design_section: Mapping[str, Any]) -> str | None:
    """Return the column whose samples are modelled as correlated, if any."""
    repeated = design_section["repeated"]
    return repeated["subject"] if repeated and repeated["method"] == "duplicate_correlation" else None


def subject_findings(
    section: Mapping[str, Any],
    columns: Mapping[str, Sequence[str]],
    formula_columns: Sequence[str],
    tested: Sequence[str],
    design: Design | None,
    key: str = "design.repeated.subject",
) -> list[Finding]:
    """Check the subjects of the samples of one fit.

    Parameters
    ----------
    section : the ``design`` section of the configuration; the column of the subjects has no blanks.
    columns : columns of the sheet, of these samples.
    tested : columns that contrasts compare.
    design : None where it cannot be built.
    """
    subject, method = section["repeated"]["subject"], section["repeated"]["method"]
    values, key_of_method = columns[subject], "design.repeated.method"
    cure = "Name the column of the subjects, or delete design.repeated."
    if len(set(values)) == len(values):
        what = f"every sample has a {quoted(subject)} of its own, so nothing is repeated."
        return [Finding(key, what, cure, "design")]
    if len(set(values)) == 1:
        what = f"all samples are of one {quoted(subject)}, so nothing tells what differs between subjects."
        return [Finding(key, what, cure, "design")]
    if method == "independent":
        return []
    is_fixed = design is not None and accounts_for(design, section, columns, subject)
    if method == "duplicate_correlation":
        if not is_fixed:
            return []
        what = f"the formula accounts for every {quoted(subject)}, which leaves nothing of it to be correlated."
        return [Finding(key_of_method, what, "Take the subjects out of design.formula, or set fixed.")]
    nested = [name for name in tested if name in columns and name in formula_columns and name != subject]
    nested = [name for name in nested if len(set(columns[name])) > 1 and determines(values, columns[name])]
    if is_fixed or (subject in formula_columns and not nested):
        return []
    if nested:
        of = listed(nested)
        what = f"every {quoted(subject)} has one level of {of}: {of} varies between subjects, not within them. As a "
        what += f"fixed effect {quoted(subject)} would take its effect away, and without it samples of one "
        what += f"{quoted(subject)} would count as independent ones, which makes p-values too small."
        cure = "Set design.repeated.method: duplicate_correlation with test.engine: voom, or analyse one sample of "
        cure += f"each {quoted(subject)}.\n{crosstab_text(values, columns[nested[0]], subject, nested[0])}"
        return [Finding(key_of_method, what, cure, "design")]
    what = f"{quoted(subject)} is to be a fixed effect, and is not in the formula."
    cure = f"Add it to design.formula ('~ {subject} + ...') and to design.factors, or set duplicate_correlation."
    return [Finding(key_of_method, what, cure)]


def with_subject_hint(
    cure: str,
    section: Mapping[str, Any],
    columns: Mapping[str, Sequence[str]],
    formula: Formula,
    alternatives: Alternatives,
) -> str:
    """Add to the cure of aliased columns what to do where one of them tells repeated subjects apart."""
    if section["repeated"] is not None:
        return cure
    named = [name for name in formula.columns if names_subjects(name) and name in columns]
    named = [name for name in named if len(set(columns[name])) < len(columns[name])]
    smaller = without_column(formula, named[0]) if named else None
    if smaller is None or not alternatives.works(smaller):
        return cure
    advice, mark, table = cure.partition("\n")
    hint = f" Say then what samples of one {quoted(named[0])} are: design.repeated: {{subject: {named[0]}, method: "
    hint += "duplicate_correlation} with test.engine: voom if they are alike, method: independent if not."
    return f"{advice.rstrip()}{hint}{mark}{table}"


def ignored_subjects(
    design: Design,
    section: Mapping[str, Any],
    columns: Mapping[str, Sequence[str]],
    sample_column: str,
    subject_column: str | None,
    alternatives: Alternatives,
) -> list[Finding]:
    """Ask about columns of subjects with several samples that the design takes for independent ones.

    Two such subjects or more are a question that has to be answered: samples that are alike, taken for independent
    ones, make p-values too small. One subject alone is a note.

    Parameters
    ----------
    design : without redundant columns.
    section : the ``design`` section of the configuration.
    columns : columns of the sheet, of the samples of the design.
    subject_column : the column of persons of the check of identity, whatever it is called.
    alternatives : what advised formulas are tried on.
    """
    findings = []
    for name, values in columns.items():
        if not (name == subject_column or names_subjects(name)):
            continue
        if name == sample_column or name in design.formula.columns:
            continue
        sizes = Counter(value for value in values if value)
        repeats = [subject for subject, number in sizes.items() if number > 1]
        if not repeats or len(sizes) < 2 or accounts_for(design, section, columns, name):
            continue
        what = f"{counted(len(repeats), 'level')} of {quoted(name)} {'has' if len(repeats) == 1 else 'have'} several "
        what += "samples, which the design takes for independent ones."
        if len(repeats) == 1:
            cure = f"If they are samples of one subject, add {quoted(name)} to the formula, or say so under "
            cure += f"design.repeated: {{subject: {name}, method: ...}} (docs/designs.md)."
            findings.append(Finding("design.repeated", what, cure, "note"))
            continue
        ways = ["duplicate_correlation (they are alike; needs test.engine: voom)", "independent (they are not)"]
        larger = Formula(design.formula.intercept, ((name,), *design.formula.terms))
        declared = {**alternatives.factors, name: {"reference": values[0], "levels": None}}
        if name not in alternatives.covariates and replace(alternatives, factors=declared).works(larger):
            ways.insert(0, f"fixed (with the formula '{larger}')")
        cure = f"Say what they are under design.repeated: {{subject: {name}, method: ...}}, with one of "
        findings.append(Finding("design.repeated", what, f"{cure}{', '.join(ways)}; see docs/designs.md.", "design"))
    return findings


def accounts_for(design: Design, section: Mapping[str, Any], columns: Mapping[str, Sequence[str]], name: str) -> bool:
    """Return whether the design tells all subjects apart, also in other words: as arm and number within the arm.

    Parameters
    ----------
    design : of any rank.
    name : the column of the subjects.
    """
    values = columns[name]
    if (name,) in design.formula.terms:
        return name in design.levels
    if not all(values) or len(set(values)) > _MOST_SUBJECTS or len(set(values)) > len(design.columns):
        return False
    rank = rank_report(design).rank
    factors = {**section["factors"], name: {"reference": values[0], "levels": None}}
    formula = f"{design.formula} + `{name}`"
    try:
        larger = build_design(columns, design.samples, formula, factors, section["covariates"])
    except DegstepsError:
        return False
    return rank_report(larger).rank == rank
