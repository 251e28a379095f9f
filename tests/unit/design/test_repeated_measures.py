"""Columns of subjects, told by their names; what is said about them is in tests/unit/preflight."""

import pytest

from degsteps.design.repeated_measures import names_subjects

SUBJECTS = """
subject Subject_ID patient PatientID patientid patient_id patients pat.no donor DonorNo Donor-ID mouse mouse_number
Animal individual usubjid Proband ProbandNr Patientennummer Spender Maus Versuchstier sujet donneur souris paciente
donante ratón paziente topo doador patiënt proefpersoon potilas pacjent пациент донор 患者 供体 ドナー
"""
NO_SUBJECTS = """
sample condition sex age run site batch mouse_strain patient_age donor.sex subject_group rating pattern personal status
treatment animal_diet lane id number cell pathology individuality
"""


@pytest.mark.parametrize("name", SUBJECTS.split())
def test_columns_of_subjects_are_told_by_their_names(name):
    assert names_subjects(name)


@pytest.mark.parametrize("name", NO_SUBJECTS.split())
def test_other_columns_are_not_taken_for_subjects(name):
    assert not names_subjects(name)
