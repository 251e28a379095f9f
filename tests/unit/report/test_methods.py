"""The methods say what was done, with the values of the run, and cite what was used and nothing else."""

import re

import pytest

from degsteps.report import accounting, methods, sections
from degsteps.sections import citations, recorded
from degsteps.sections.results import Results
from degsteps.tables import read_json, read_table, read_text_table
from tests.unit.report import report_inputs


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return report_inputs.build(tmp_path_factory.mktemp("study"))


@pytest.fixture
def given(study):
    """What the methods are written from, as arguments of :class:`Results`."""
    tables = {path.stem: accounting.typed_results(read_text_table(path)) for path in study.paths["contrast_tables"]}
    accounts = accounting.sample_accounts(read_table(study.paths["sample_account"], text=("reason",)))
    accounts += accounting.gene_accounts(
        read_table(study.paths["gene_account"]), read_table(study.paths["genes"], text=("reason",)), tables
    )
    return {
        "settings": study.settings,
        "records": [read_json(path) for path in study.paths["records"]],
        "accounts": accounts,
        "design": read_json(study.paths["design_summary"]),
        "workflow_versions": study.workflow_versions,
    }


def with_settings(given, section, **changes):
    return given | {"settings": given["settings"] | {section: given["settings"][section] | changes}}


def with_facts(given, step, **facts):
    records = [
        record | {"facts": record["facts"] | facts} if record["step"] == step else record for record in given["records"]
    ]
    return given | {"records": records}


def text_of(given):
    return " ".join(methods.methods_text(Results(**given)).paragraphs)


def cited(given):
    """Return the first authors of the references."""
    return [reference.split()[0].rstrip(",") for reference in methods.methods_text(Results(**given)).references]


def test_values_of_the_run_are_in_the_text(given):
    text = text_of(given)
    for value in (
        "67 genes in 6 samples",
        "degsteps 0.1.0",
        "Snakemake 9.9.9",
        "Of 8 samples received, 2 were left out",
        "1 excluded: RNA <b>degraded</b>",
        "0.5 counts per million in at least 3 samples",
        "left 60 of 67 genes",
        "between 0.800 and 1.250",
        "~ site + age + dose",
        "NA for dose",
        "age (in years), centred,",
        "false discovery rate of 0.1",
        "adjusted p-value below 0.1",
        "absolute log2 fold change of at least 1 are marked",
        "Ensembl 110",
        "95.0%",
        "Scanpy 1.11.5",
        "Python 3.12.1",
        "numpy 2.0.0",
    ):
        assert value in text, value


def test_citations_are_numbered_in_order_and_all_used(given):
    found = methods.methods_text(Results(**given))
    numbers = [
        int(number) for group in re.findall(r"\[([\d, ]+)\]", " ".join(found.paragraphs)) for number in group.split(",")
    ]
    assert list(dict.fromkeys(numbers)) == sorted(set(numbers))
    assert set(numbers) == set(range(1, len(found.references) + 1))


def test_every_reference_has_a_doi_and_its_year():
    for key, reference in sections.references(sections.SECTIONS).items():
        assert re.search(r"doi:10\.\d{4,5}/\S+$", reference), key
        assert key[-4:] in reference
        assert reference.lower().replace("ö", "o").startswith(key[:-4])


@pytest.mark.parametrize(
    ("section", "changes", "step", "facts", "author", "is_cited"),
    [
        (None, {}, None, {}, "Muzellec", False),
        (None, {}, "fit_model", {"engine": "pydeseq2"}, "Muzellec", True),
        (None, {}, None, {}, "Zhu", True),
        ("test", {"shrinkage": "none"}, None, {}, "Zhu", False),
        ("test", {"shrinkage": "ashr"}, None, {}, "Zhu", False),
        ("test", {"shrinkage": "ashr"}, None, {}, "Stephens", True),
        (None, {}, None, {}, "Stephens", False),
        (None, {}, None, {}, "Bourgon", True),
        ("test", {"independent_filtering": False}, None, {}, "Bourgon", False),
        (None, {}, None, {}, "Cook", True),
        ("test", {"cooks_filter": False}, None, {}, "Cook", False),
        (None, {}, None, {}, "Ritchie", True),
        ("batch", {"method": "combat_seq"}, None, {}, "Ritchie", False),
        ("batch", {"method": "combat_seq"}, None, {}, "Zhang", True),
        ("batch", {"columns": []}, None, {}, "Ritchie", False),
        (None, {}, None, {}, "Robinson", True),
        ("normalize", {"tables": ["tpm"]}, None, {}, "Robinson", False),
        ("normalize", {"tables": ["tpm"]}, None, {}, "Wagner", True),
        ("normalize", {"tables": []}, None, {}, "Wolf", False),
        (None, {}, None, {}, "Chen", True),
        (None, {}, "filter_genes", {"method": "none"}, "Chen", False),
        (None, {}, "filter_genes", {"method": "filter_by_expr"}, "Chen", True),
    ],
)
def test_only_what_was_used_is_cited(given, section, changes, step, facts, author, is_cited):
    given = with_settings(given, section, **changes) if section else given
    if step == "fit_model":
        given = given | {
            "records": [
                record | {"packages": record["packages"] | {"pydeseq2": "0.5.4"}} for record in given["records"]
            ]
        }
    given = with_facts(given, step, **facts) if step else given
    if not given["settings"]["normalize"]["tables"]:
        given |= {"records": [record for record in given["records"] if record["step"] != "export_normalized"]}
    assert (author in cited(given)) == is_cited


def test_normal_priors_are_described_as_the_tests_recorded_them(given):
    given = with_settings(given, "test", shrinkage="normal")
    assert "shrunk by normal priors on all coefficients but the intercept [" in text_of(given)
    tests = [
        {"title": "B vs A", "normal_prior_on": "coefficients"},
        {"title": "C vs B", "normal_prior_on": "levels"},
        {"title": "C vs the rest", "normal_prior_on": "levels"},
        {"title": "inter", "normal_prior_on": "rewritten"},
    ]
    record = given["records"][0] | {"step": "test_contrast"}
    of_all = given | {"records": [*given["records"], *[record | {"facts": facts} for facts in tests]]}
    assert (
        "shrunk by normal priors on all coefficients but the intercept (B vs A), normal priors on the coefficients of "
        "a design with a column for every level of every factor (C vs B; C vs the rest) and normal priors on the "
        "coefficients of a design rewritten so that the contrast is one of them (inter) ["
    ) in text_of(of_all)
    of_one = given | {"records": [*given["records"], record | {"facts": tests[1]}]}
    assert "by normal priors on the coefficients of a design with a column for every level of every factor [" in (
        text_of(of_one)
    )


def test_which_modes_shrinkage_takes_and_what_s_values_are_for_is_said(given):
    assert "they are where the search of R's apeglm ends" in text_of(given)
    higher = text_of(with_settings(given, "test", compatibility="exact"))
    assert "Where the posterior has two modes the higher was taken." in higher
    mixture = text_of(with_settings(given, "test", shrinkage="ashr", lfc_threshold=0.5))
    assert "shrunk by a mixture of normal priors, fitted to the estimates and errors of all genes [" in mixture
    assert "S-values are for changes of the wrong sign or of at most 0.5 (log2)." in mixture
    assert "modes" not in mixture


def test_of_which_deseq2_a_test_against_a_bound_is_is_said(given):
    plain = {"factor": "dose", "test": "10", "reference": "NA", "reduced": None, "sample_set": None}
    today, before = "as in DESeq2 1.44 and later", "as in DESeq2 up to 1.42 (its greaterAbs2014 today)"
    for alternative, said, other in (("greater_abs", today, before), ("greater_abs_2014", before, today)):
        contrasts = {"a": plain | {"lfc_null": 1, "alternative": alternative}}
        text = text_of(with_settings(given, "test", contrasts=contrasts))
        assert said in text
        assert other not in text
        assert ("in DESeq2's form of 2014 to 2023" in text) == (alternative == "greater_abs_2014")
    unbounded = text_of(with_settings(given, "test", contrasts={"a": plain | {"lfc_null": 1, "alternative": "less"}}))
    assert today not in text_of(given) + unbounded


def test_linear_models_and_subjects_are_described(given):
    linear = with_settings(given, "test", engine="voom", cooks_filter=False, shrinkage="none")
    facts = {"engine": "voom", "prior_df": 12.34, "correlation": 0.4567, "n_subjects": 9.0}
    repeated = {"subject": "donor", "method": "duplicate_correlation"}
    text = text_of(with_facts(with_settings(linear, "design", repeated=repeated), "fit_model", **facts))
    for words in (
        "weighted least squares",
        "Samples of one donor (9 in all) were taken to be correlated by 0.457",
        "prior of 12.3 degrees of freedom",
        "moderated t tests",
    ):
        assert words in text, words
    for words in ("negative-binomial", "dispersion", "Cook", "shrunk by"):
        assert words not in text.partition("References")[0].partition("For figures")[0], words
    fixed = with_settings(given, "design", repeated={"subject": "donor", "method": "fixed"})
    assert "changes within each donor count" in text_of(fixed)


QUASI = {"engine": "edger_ql", "cooks_filter": False, "shrinkage": "none"}
QUASI_SETTINGS = {"legacy": False, "robust": True, "top_proportion": None, "prior_count": 0.125}


def test_quasi_likelihood_is_described(given):
    facts = {"engine": "edger_ql", "prior_df": 5.67, "average": 1.234, "legacy": 0.0, "robust": 1.0}
    facts |= {"common_dispersion": 0.0123, "top_proportion": 0.081}
    quasi = with_settings(given, "test", **QUASI, quasi_likelihood=QUASI_SETTINGS)
    text = text_of(with_facts(quasi, "fit_model", **facts))
    for words in (
        "of the most abundant ones (8.1%; 0.0123)",
        "divided by the average quasi-dispersion (1.234)",
        "both corrected for small counts",
        "worth 5.7 degrees of freedom, fewer for genes that vary more",
        "the method of edgeR 4",
        "prior count of 0.125",
        "quasi-likelihood F tests",
    ):
        assert words in text, words
    assert {"McCarthy", "Phipson", "Lund", "Chen"} <= set(cited(with_facts(quasi, "fit_model", **facts)))
    for words in ("Cook", "shrunk by", "TREAT"):
        assert words not in text.partition("References")[0].partition("For figures")[0], words
    legacy = text_of(with_facts(quasi, "fit_model", **facts | {"legacy": 1.0, "robust": 0.0, "average": 1.0}))
    assert "the method of edgeR 3" in legacy
    assert "those of a trend over abundance" in legacy
    assert "average quasi-dispersion" not in legacy


def test_second_engines_are_named_with_what_they_start_from(given):
    asked = {"concordance": ["voom", "edger_ql"], "concordance_input": "own"}
    text = text_of(with_settings(given, "test", **asked))
    assert "tested by limma-voom [" in text
    assert "start from what is usual with them (filter filter_by_expr, size factors tmm). The calls" in text
    shared = text_of(with_settings(given, "test", **asked | {"concordance_input": "shared"}))
    assert "start from the genes and size factors of the analysis. The calls" in shared


def test_columns_that_samples_make_redundant_are_named(given):
    assert "left out; all contrasts" not in text_of(given)
    one = {"arm[placebo]:number[T.n3]": "0"}
    text = text_of(given | {"design": given["design"] | {"dropped": one}})
    assert "1 column of the design that in these samples is a combination of others" in text
    assert "was left out; all contrasts can be estimated without" in text
    text = text_of(
        with_facts(given | {"design": given["design"] | {"dropped": one}}, "check_design", dropped={"age": "a"})
    )
    assert "2 columns of the design that in these samples are combinations of others" in text
    independent = with_settings(given, "design", repeated={"subject": "donor", "method": "independent"})
    assert "Samples of one donor were taken for independent ones." in text_of(independent)


def test_settings_change_the_words(given):
    assert "blind" in text_of(given)
    assert "with knowledge of the design" in text_of(with_settings(given, "transform", blind=False))
    assert "log2(count + 1)" in text_of(with_settings(given, "transform", method="log2"))
    assert "regularised log" in text_of(with_settings(given, "transform", method="rlog"))
    fast = with_settings(given, "transform", trend_genes=1000)
    assert "trend of 1,000 genes" in text_of(with_facts(fast, "transform_counts", trend_genes=1000))
    assert "trend of" not in text_of(with_facts(fast, "transform_counts", trend_genes=700))
    assert "poscounts" in text_of(with_facts(given, "estimate_size_factors", method="poscounts"))
    for method, word in (
        ("iterate", "alternating"),
        ("tmmwsp", "singleton"),
        ("rle", "relative"),
        ("upper_quartile", "quartiles"),
    ):
        assert word.lower() in text_of(with_facts(given, "estimate_size_factors", method=method)).lower()
    assert "control genes" in text_of(with_settings(given, "normalize", control_genes="house.txt"))
    assert "rounded" in text_of(with_facts(given, "ingest_counts", rounded=True))
    assert "local regression" in text_of(with_facts(given, "fit_model", trend="local"))
    assert "stops early" in text_of(with_settings(given, "test", compatibility="exact"))
    assert "No expression filter" in text_of(with_facts(given, "filter_genes", method="none"))
    assert "Genes were annotated" not in text_of(with_facts(given, "annotate_genes", source=None))
    assert "accounted for" not in text_of(with_settings(given, "design", formula="~ dose"))


def test_markdown_shows_hostile_names_as_they_are(given, study):
    page = methods.methods_text(Results(**given)).as_markdown(study.settings["title"])
    unescaped = re.sub(r"\\.", "", page)
    assert "<" not in unescaped
    assert "*" not in unescaped
    assert "_" not in unescaped
    assert "~" not in unescaped
    assert re.search(r"\[\d", unescaped)


@pytest.mark.parametrize(
    ("given_text", "escaped"),
    [
        ("see [1, 2].", "see [1, 2]."),
        ("[1](javascript:x)", "\\[1](javascript:x)"),
        ("![x][1]", "!\\[x][1]"),
        ("a_b *c* `d` <e> ~f~", "a\\_b \\*c\\* \\`d\\` \\<e\\> \\~f\\~"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_escapes(given_text, escaped):
    assert citations.escape_markdown(given_text) == escaped


def test_a_fit_of_scattered_genes_is_described_as_any_other(given):
    records = [
        record | {"step": "join_parts"} if record["step"] == "fit_model" else record for record in given["records"]
    ]
    assert "a parametric trend over the mean" in text_of(given)
    assert text_of(given | {"records": records}) == text_of(given)


def test_versions_are_joined_over_steps():
    records = [
        {"python": "3.12.1", "packages": {"numpy": "2.0"}},
        {"python": "3.12.1", "packages": {"numpy": "2.1", "aa": "1"}},
    ]
    table = recorded.software_versions(records)
    assert list(table.index) == ["python", "aa", "numpy"]
    assert table.loc["numpy", "version"] == "2.0, 2.1"
    assert list(table["steps"]) == [2, 1, 2]


SURROGATES = {"genes": 60, "number": 2, "chosen": "auto", "formula": "~ site + dose", "null_model": "~ site"}


@pytest.mark.parametrize(
    ("facts", "words", "authors"),
    [
        (
            {"method": "sva"},
            "2 surrogate variables joined the design ~ site + dose: surrogate variables",
            {"Leek", "Buja"},
        ),
        ({"method": "sva"}, "against the null model ~ site", {"Leek"}),
        ({"method": "ruv_g", "number": 1, "chosen": "given"}, "1 surrogate variable joined", {"Risso"}),
        ({"method": "ruv_g", "chosen": "given"}, "from 60 control genes (RUVg) [", {"Risso"}),
        ({"method": "ruv_s", "number": 0}, "differences between replicates (RUVs)", {"Risso", "Buja"}),
        ({"method": "ruv_r", "number": 0}, "none was found", {"Risso"}),
    ],
)
def test_unwanted_variation_is_described_and_cited(given, facts, words, authors):
    record = {**given["records"][0], "step": "estimate_surrogates", "facts": SURROGATES | facts}
    with_surrogates = given | {"records": [*given["records"], record]}
    assert words in text_of(with_surrogates)
    assert authors <= set(cited(with_surrogates))
    assert not {"Leek", "Risso", "Buja"} & set(cited(given))
    numbers = [
        int(n) for n in re.findall(r"\d+", " ".join(re.findall(r"\[(\d+(?:, \d+)*)\]", text_of(with_surrogates))))
    ]
    assert list(dict.fromkeys(numbers)) == sorted(set(numbers))
    reduced = {name: {**of, "reduced": "~ site"} for name, of in given["settings"]["test"]["contrasts"].items()}
    assert "Smaller designs" not in text_of(with_surrogates)
    assert ("Smaller designs" in text_of(with_settings(with_surrogates, "test", contrasts=reduced))) == bool(
        (SURROGATES | facts)["number"]
    )
    assert "estimated anew" not in text_of(with_surrogates)
    women = {"keep": {"sex": ["f"]}, "exclude": {}, "formula": None}
    of_women = with_settings(with_surrogates, "design", sample_sets={"women": women})
    assert ("estimated anew, and their number too." in text_of(of_women)) == ((SURROGATES | facts)["chosen"] == "auto")
    assert "In each set of samples they were estimated anew" in text_of(of_women)
    adjusted = f"site{''.join(f', surrogate_{k}' for k in range(1, SURROGATES['number']))}"
    if (SURROGATES | facts)["number"] == 2:
        assert f"In figures marked as adjusted, {adjusted} and surrogate_2 were removed" in text_of(with_surrogates)


def test_a_spline_is_described_with_its_knots(given):
    design = given["design"] | {"splines": {"age": {"knots": [31.25, 52.5], "boundary": [20, 70]}}}
    text = text_of(given | {"design": design})
    assert (
        "age (in years) entered as a natural cubic spline of 3 degrees of freedom with inner knots at 31.25 and 52.5"
        in text
    )
    assert "Hastie" in cited(given | {"design": design})
    assert "centred" not in text


def test_each_contrast_stands_with_its_own_test_and_sets_are_described(given):
    plain = {"factor": "dose", "test": "10", "reference": "NA", "reduced": None, "sample_set": None}
    contrasts = {
        "a": plain,
        "any": plain | {"reduced": "~ site + age"},
        "b": plain | {"sample_set": "young"},
        "large": plain | {"lfc_null": 1, "alternative": "greater_abs"},
    }
    found = with_settings(given, "test", contrasts=contrasts)
    sets = {
        "young": {"keep": {"age_group": ["20s", "30s"]}, "exclude": {"s1": "RIN 2"}, "formula": "~ dose"},
        "old": {"keep": {"age_group": ["60s"]}, "exclude": {}, "formula": None},
    }
    text = text_of(with_settings(found, "design", sample_sets=sets))
    assert (
        "Contrasts were tested by Wald tests (dose: 10 against NA; dose: 10 against NA (in young)), likelihood-ratio "
        "tests against the design ~ site + age (dose: 10 against NA) and Wald tests for a |log2 fold change| above 1 "
        "(dose: 10 against NA); positive log2 fold changes"
    ) in text
    assert (
        "Samples of these sets were filtered, normalised, fitted and tested alone: young (age_group 20s and 30s, "
        "without s1 (RIN 2), design ~ dose); old (age_group 60s)."
    ) in text
    text = text_of(with_settings(given, "test", contrasts={"a": plain, "b": plain | {"test": "20"}}))
    assert "The following contrasts were tested by Wald tests: dose: 10 against NA; dose: 20 against NA;" in text
    assert "tested alone" not in text


def test_repeated_runs_stages_and_power_are_described(given):
    stages = {"drugs": {"contrasts": ["a", "b"], "confirmation": "shaffer"}}
    asked = with_settings(given, "test", stage_wise=stages, power=0.8, sensitivity=True, influence=True)
    text = text_of(asked)
    for value in ("within drugs (a, b)", "Shaffer's", "The power of the Wald tests", "without each sample in turn"):
        assert value in text
        assert value not in text_of(given)
    assert {"Heller", "Shaffer", "Van", "Hart"} <= set(cited(asked))
    assert not {"Heller", "Shaffer", "Van", "Hart"} & set(cited(given))
    assert "screened by a likelihood-ratio test" in text
    assert "gene filter, size factors and outlier policy;" in text


def test_repeated_runs_of_linear_models_and_of_surrogate_variables_are_described(given):
    stages = {"drugs": {"contrasts": ["a", "b"], "confirmation": "shaffer"}}
    linear = {"engine": "voom", "cooks_filter": False, "shrinkage": "none", "stage_wise": stages}
    text = text_of(with_settings(given, "test", **linear, sensitivity=True))
    assert "screened by a moderated F test" in text
    assert "gene filter and size factors (linear models have no outlier policy to vary)" in text
    assert "surrogates" not in text
    counted = with_settings(given, "design", surrogates={"method": "sva", "number": "auto"})
    assert "anew each time" not in text_of(counted)
    for asked in ("sensitivity", "influence"):
        text = text_of(with_settings(counted, "test", **{asked: True}))
        assert "Surrogate variables and their number were estimated anew each time." in text
    fixed = with_settings(given, "design", surrogates={"method": "ruv_r", "number": 2})
    assert "Surrogate variables were estimated anew each time." in text_of(with_settings(fixed, "test", influence=True))


DATA = {
    "accession": ["GSE1", "SRP2"],
    "citation": "Doe J, et al. A_title & more. Some Journal 2020;1:2-3. doi:10.1000/a_b",
    "genome": None,
    "annotation": None,
}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "The accession of the data is not stated. The genome and the release of the annotation that reads were"),
        ({"accession": "GSE1"}, "The data are those of GSE1. The genome and"),
        (DATA, "The data are those of GSE1 and SRP2 ["),
        ({"citation": DATA["citation"]}, "The data were published before ["),
        ({"genome": "GRCh38", "annotation": "GENCODE 44"}, "with the genome GRCh38 and the annotation GENCODE 44."),
        ({"genome": "GRCh38"}, "with the genome GRCh38; the release of the annotation is not stated."),
        ({"annotation": "GENCODE 44"}, "with the annotation GENCODE 44; the genome is not stated."),
    ],
)
def test_the_data_and_what_reads_were_counted_with_are_named_or_said_to_be_missing(given, data, words):
    given = with_settings(given, "report", data=data)
    assert words in text_of(given)
    assert ("Doe" in cited(given)) == ("citation" in data)


def test_software_is_named_by_the_steps_that_used_it(given):
    """Scanpy's tables bring scikit-learn and matplotlib along; a step that draws or clusters uses them."""
    along = {"scikit-learn": "1.7.0", "matplotlib": "3.10.0", "numba": "0.62.0"}
    records = [
        record | {"packages": record["packages"] | (along if record["step"] == "export_normalized" else {})}
        for record in given["records"]
    ]
    last = text_of(given | {"records": records}).rpartition("Computations ran on ")[2]
    assert last.startswith("Python 3.12.1 with numpy 2.0.0 [")
    assert "scanpy 1.11.5 [" in last
    for name in along:
        assert name not in last
    drawn = {**records[0], "step": "plot_qc", "packages": along | {"numpy": "2.1.0"}}
    last = text_of(given | {"records": [*records, drawn]}).rpartition("Computations ran on ")[2]
    assert "numpy 2.0.0 and 2.1.0 [" in last
    assert "scikit-learn 1.7.0 [" in last
    assert "matplotlib 3.10.0 [" in last
    assert "numba" not in last


def test_the_bibliography_holds_references_data_and_software(given):
    found = methods.methods_text(Results(**with_settings(given, "report", data=DATA)))
    bibliography = found.as_bibtex()
    entries = re.findall(r"^@(\w+)\{([\w-]+),$", bibliography, flags=re.MULTILINE)
    assert len(entries) == len({key for _, key in entries})
    assert len([key for _, key in entries if not key.startswith(("data_", "software_"))]) == len(found.references)
    keys = {key for _, key in entries}
    assert {"data", "data_GSE1", "data_SRP2", "software_degsteps", "software_snakemake", "software_numpy"} <= keys
    assert "title = {{A\\_title \\& more}}" in bibliography
    assert "doi = {10.1000/a_b}" in bibliography
    assert "note = {Version 2.0.0}" in bibliography
    for line in bibliography.splitlines():
        assert line.count("{") == line.count("}") or line.startswith("@") or line == "}"
