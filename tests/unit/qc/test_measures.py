import numpy as np
import pandas as pd
import pytest
from scipy.stats import median_abs_deviation

from degsteps.basics.errors import DataError
from degsteps.qc import measures, verdicts

MODEL = {"factors": {"dose": {"reference": "none", "levels": ["none", "low", "high"]}}, "covariates": {"age": {}}}


def named(values, prefix="s"):
    genes = pd.Index([f"g{i}" for i in range(len(values))], name="gene")
    return pd.DataFrame(values, index=genes, columns=[f"{prefix}{i}" for i in range(np.shape(values)[1])])


def study(n_samples=12, n_genes=400, batch_shift=0.0, condition_shift=0.0, seed=1):
    """Log-scale values and a sample sheet with two batches crossed with two conditions."""
    generator = np.random.default_rng(seed)
    condition, batch = np.arange(n_samples) % 2, np.arange(n_samples) // 2 % 2
    values = generator.normal(8, 2, (n_genes, 1)) + generator.normal(0, 0.2, (n_genes, n_samples))
    values += np.outer(generator.normal(0, 1, n_genes), batch) * batch_shift
    values += np.outer(generator.normal(0, 1, n_genes), condition) * condition_shift
    matrix = named(values)
    sheet = pd.DataFrame({"condition": condition, "batch": batch}, index=matrix.columns).astype(str)
    return matrix, sheet


# ---- the sample sheet


def test_levels_stand_in_the_order_of_the_configuration_and_numbers_are_numbers():
    samples = pd.DataFrame(
        {"dose": ["high", "none", "", "low"], "age": ["41", "", "3.5", "1e2"], "site": ["B", "NA", "A", "B"]},
        index=["s0", "s1", "s2", "s3"],
    )
    sheet = measures.sample_columns(samples, ["dose", "age", "site", "dose"], MODEL)
    assert list(sheet.columns) == ["dose", "age", "site"]
    assert list(sheet["dose"].cat.categories) == ["none", "low", "high"]
    assert sheet["dose"].isna().tolist() == [False, False, True, False]
    assert sheet["age"].tolist()[0::2] == [41.0, 3.5]
    assert np.isnan(sheet.loc["s1", "age"])
    # "NA" is a level like any other; columns that nobody declared keep the order of the sheet.
    assert list(sheet["site"].cat.categories) == ["B", "NA", "A"]


@pytest.mark.parametrize(("columns", "words"), [(["size"], "no column size"), (["age"], "'old' is no number")])
def test_columns_that_cannot_be_used_are_named(columns, words):
    samples = pd.DataFrame({"age": ["4", "old"]}, index=["s0", "s1"])
    with pytest.raises(DataError, match=words):
        measures.sample_columns(samples, columns, MODEL)


# ---- libraries and distributions


def test_library_table_of_counts_that_can_be_counted_by_hand():
    counts = named(np.array([[10, 0], [0, 0], [30, 5]] + [[1, 1]] * 20))
    boxes = measures.box_statistics(measures.relative_log_expression(measures.log2_counts(counts)))
    table = measures.library_table(counts, pd.Series({"s1": 0.5, "s0": 2.0}), np.log2(counts + 1), boxes)
    assert table["library_size"].tolist() == [60, 25]
    assert table["detected_genes"].tolist() == [22, 21]
    # The 20 largest of s0: 30, 10 and 18 ones.
    assert table["top_20_share"].tolist() == pytest.approx([58 / 60, 24 / 25])
    assert table["size_factor"].tolist() == [2.0, 0.5]
    expected = np.corrcoef(np.log2(counts + 1), rowvar=False)[0, 1]
    assert table["median_correlation"].tolist() == pytest.approx([expected, expected])


def test_median_correlation_leaves_the_sample_itself_and_constant_samples_out():
    values = study(5)[0].assign(flat=3.0)
    found = measures._median_correlation(values)
    correlation = np.corrcoef(values.drop(columns="flat"), rowvar=False)
    for i in range(5):
        assert found.iloc[i] == pytest.approx(np.median(np.delete(correlation[i], i)))
    assert np.isnan(found["flat"])


def test_box_statistics_agree_with_matplotlib():
    from matplotlib.cbook import boxplot_stats

    values = named(np.random.default_rng(3).standard_t(2, (501, 4)))
    boxes = measures.box_statistics(values)
    for sample, expected in zip(values, boxplot_stats(values.to_numpy()), strict=True):
        keys = {"whisker_low": "whislo", "q1": "q1", "median": "med", "q3": "q3", "whisker_high": "whishi"}
        for name, key in keys.items():
            assert boxes.loc[sample, name] == pytest.approx(expected[key])
        assert boxes.loc[sample, "n_beyond"] == len(expected["fliers"])


def test_relative_log_expression_is_zero_for_the_middle_sample():
    values = named(np.array([[1.0, 3.0, 8.0], [4.0, 5.0, 5.5]]))
    assert measures.relative_log_expression(values)["s1"].tolist() == [0, 0]
    assert measures.relative_log_expression(values)["s2"].tolist() == [5, 0.5]


def test_densities_agree_with_a_kernel_estimate_at_every_gene():
    from scipy.stats import gaussian_kde

    generator = np.random.default_rng(5)
    values = named(np.abs(generator.normal(5, 3, (2000, 3))))
    table = measures.densities({"before": values, "after": values + 1})
    grid = table.columns[1:].astype(float).to_numpy()
    before = table[table["values"] == "before"].iloc[:, 1:].to_numpy(dtype=float)
    bandwidth = np.median(np.concatenate([measures._silverman(values.to_numpy())] * 2))
    for curve, sample in zip(before, values, strict=True):
        kernel = gaussian_kde(values[sample], bw_method=bandwidth / values[sample].std(ddof=1))
        assert np.abs(curve - kernel(grid)).max() < 0.01 * curve.max()
        assert np.trapezoid(curve, grid) == pytest.approx(1, abs=2e-3)


def test_densities_of_constant_samples_are_finite():
    table = measures.densities({"before": named(np.full((50, 2), 3.0))})
    assert np.isfinite(table.iloc[:, 1:].to_numpy(dtype=float)).all()


# ---- principal components


def test_components_agree_with_the_eigenvectors_of_the_covariance():
    values = study(9, batch_shift=1.0)[0]
    found = measures.principal_components(values, top_genes=100)
    chosen = values.loc[values.var(axis=1).sort_values(ascending=False).index[:100]]
    eigenvalues, eigenvectors = np.linalg.eigh(np.cov(chosen))
    expected = eigenvalues[::-1][:8]
    assert found.variance["variance"].to_numpy() == pytest.approx(expected)
    assert found.variance["fraction"].to_numpy() == pytest.approx(expected / eigenvalues.sum())
    projected = (chosen.sub(chosen.mean(axis=1), axis=0).T @ eigenvectors[:, ::-1][:, :8]).to_numpy()
    assert np.abs(found.scores.to_numpy()) == pytest.approx(np.abs(projected), abs=1e-8)
    assert sorted(found.loadings.index) == sorted(chosen.index)
    assert found.n_genes == 100


def test_sign_of_a_component_is_fixed_by_its_largest_loading():
    values = study(8)[0]
    loadings = measures.principal_components(values).loadings
    assert all(column[np.abs(column).argmax()] > 0 for column in loadings.to_numpy().T)
    shuffled = measures.principal_components(values.iloc[::-1])
    assert np.allclose(shuffled.scores, measures.principal_components(values).scores)


@pytest.mark.parametrize(("n_samples", "expected"), [(2, 1), (3, 2), (40, 10)])
def test_there_are_at_most_samples_minus_one_components(n_samples, expected):
    assert measures.principal_components(study(n_samples)[0]).scores.shape == (n_samples, expected)


def test_constant_genes_are_not_used_and_few_genes_are_enough():
    values = study(6, n_genes=5)[0]
    values.iloc[2] = 0.1
    found = measures.principal_components(values, top_genes=500)
    assert found.n_genes == 4
    assert "g2" not in found.loadings.index


def test_equal_samples_have_no_component():
    found = measures.principal_components(named(np.repeat(np.arange(7.0)[:, None] / 3, 4, axis=1)))
    assert found.scores.shape == (4, 0)
    assert len(found.variance) == 0
    assert measures.association_table({"transformed": found}, study(4)[1]).empty


def test_association_finds_the_batch_and_counts_only_levels_that_occur():
    values, sheet = study(12, batch_shift=2.0)
    typed = sheet.assign(batch=pd.Categorical(sheet["batch"], categories=["0", "1", "never"]))
    table = measures.association_table({"transformed": measures.principal_components(values)}, typed)
    first = table.loc["PC1"].set_index("covariate")
    assert first.loc["batch", "r_squared"] > 0.95
    assert first.loc["batch", "df_model"] == 1
    assert first.loc["condition", "r_squared"] < 0.2


# ---- distances


@pytest.fixture
def many():
    """More samples than are worked on at once, two of them the same."""
    rng = np.random.default_rng(4)
    names = [f"s{number}" for number in range(measures._SAMPLES_AT_ONCE + 60)]
    values = pd.DataFrame(rng.normal(size=(30, len(names))) + 8, columns=names)
    return values.assign(s7=values["s540"])


def test_nearest_samples_are_those_of_all_pairs(many):
    from sklearn.neighbors import NearestNeighbors

    found = measures.nearest_samples(many)
    search = NearestNeighbors(n_neighbors=measures.N_NEIGHBOURS, algorithm="brute").fit(many.T.to_numpy())
    apart, places = search.kneighbors()
    numbers = range(1, measures.N_NEIGHBOURS + 1)
    np.testing.assert_allclose(found[[f"distance_{k}" for k in numbers]], apart, atol=2e-6)
    # The two that are the same are equally far from all others, and may stand for each other.
    names = found[[f"neighbour_{k}" for k in numbers]].replace("s540", "s7").to_numpy()
    assert (
        names == many.columns[places.ravel()].to_series().replace("s540", "s7").to_numpy().reshape(names.shape)
    ).all()
    assert (found.loc["s7", "neighbour_1"], found.loc["s7", "distance_1"]) == ("s540", 0)
    assert (found.loc["s540", "neighbour_1"], found.loc["s540", "distance_1"]) == ("s7", 0)
    middle = np.median(many, axis=1)
    np.testing.assert_allclose(found["to_median"], np.linalg.norm(many.T - middle, axis=1), atol=1e-6)


def test_few_samples_have_fewer_neighbours(many):
    found = measures.nearest_samples(many.iloc[:, :3])
    assert list(found) == ["to_median", "neighbour_1", "distance_1", "neighbour_2", "distance_2"]
    whole = measures.sample_distances(many.iloc[:, :3])
    assert found.loc["s0", "distance_1"] == pytest.approx(np.sort(whole.loc["s0"])[1], abs=1e-6)
    assert list(measures.nearest_samples(many.iloc[:, :1])) == ["to_median"]


def test_equal_distances_are_in_the_order_of_the_samples():
    corners = pd.DataFrame([[0, 1, 0, 1], [0, 0, 1, 1]], columns=list("abcd"), dtype=float)
    found = measures.nearest_samples(corners, 2)
    assert found[["neighbour_1", "neighbour_2"]].to_numpy().tolist() == [["b", "c"], ["a", "d"], ["a", "d"], ["b", "c"]]


def test_correlations_of_some_samples_at_a_time_are_those_of_all(many, monkeypatch):
    """The verdicts rest on these, however many samples there are."""
    whole = measures._median_correlation(many)
    expected = many.corr().mask(np.eye(many.shape[1], dtype=bool)).median()
    np.testing.assert_allclose(whole, expected, atol=1e-12)
    monkeypatch.setattr(measures, "MOST_PAIRED", 100)
    np.testing.assert_allclose(measures._median_correlation(many), whole, atol=1e-14)


def test_distances_agree_with_scipy():
    from scipy.spatial.distance import pdist, squareform

    values = study(7)[0] + 1000
    assert measures.sample_distances(values).to_numpy() == pytest.approx(squareform(pdist(values.T)), abs=1e-9)


# ---- outliers


def library_table(n_samples=20, **changes):
    generator = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "library_size": generator.normal(20e6, 1e6, n_samples),
            "detected_genes": generator.normal(15000, 100, n_samples),
            "top_20_share": generator.normal(0.2, 0.005, n_samples),
            "size_factor": generator.normal(1, 0.05, n_samples),
            "rle_median": generator.normal(0, 0.01, n_samples),
            "rle_iqr": generator.normal(0.4, 0.01, n_samples),
            "median_correlation": generator.normal(0.97, 0.002, n_samples),
        },
        index=pd.Index([f"s{i}" for i in range(n_samples)], name="sample"),
    )
    for column, value in changes.items():
        table.loc["s3", column] = value
    return table


def test_ordinary_samples_are_not_flagged():
    assert not verdicts.outliers(library_table())["flagged"].any()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("library_size", 4e5),
        ("detected_genes", 9000),
        ("top_20_share", 0.7),
        ("size_factor", 0.05),
        ("rle_median", 0.6),
        ("rle_iqr", 1.5),
        ("median_correlation", 0.8),
    ],
)
def test_a_sample_is_flagged_by_each_measure_alone(column, value):
    table = verdicts.outliers(library_table(**{column: value}))
    flagged = table[table["flagged"]]
    assert list(flagged.index) == ["s3"]
    assert list(flagged["measure"]) == [column]
    assert flagged["reason"].iloc[0]


@pytest.mark.parametrize(("column", "value"), [("library_size", 5e8), ("top_20_share", 0.01), ("rle_iqr", 0.01)])
def test_the_harmless_side_is_not_flagged(column, value):
    assert not verdicts.outliers(library_table(**{column: value}))["flagged"].any()


def test_deviations_count_scaled_median_absolute_deviations():
    """Seven values whose median deviation from 4 is 2, by hand; and SciPy's scaled deviation for all measures."""
    table = library_table(7)
    table["rle_iqr"] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    found = verdicts.outliers(table).query("measure == 'rle_iqr'")
    assert found["deviations"].to_numpy() == pytest.approx(np.arange(-3, 4) / 2.9652, rel=1e-9)

    generator = np.random.default_rng(3)
    wide = pd.DataFrame(generator.lognormal(2, 1, table.shape), index=table.index, columns=table.columns)
    found = verdicts.outliers(wide)
    for column, values in wide.items():
        # Sizes and factors are compared as logarithms; the spreads of these values are far above every floor.
        compared = np.log2(values) if column in ("library_size", "detected_genes", "size_factor") else values
        expected = (compared - compared.median()) / median_abs_deviation(compared, scale="normal")
        part = found[found["measure"] == column]
        assert part["deviations"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5), column
        assert (part["median"] == values.median()).all()


@pytest.mark.parametrize(
    ("column", "floor"),
    [("top_20_share", 0.02), ("rle_median", 0.03), ("rle_iqr", 0.05), ("median_correlation", 0.005)],
)
def test_values_that_agree_are_measured_by_the_smallest_spread(column, floor):
    table = library_table()
    table[column] = 0.5
    table.loc["s3", column] = 0.5 + 2 * floor
    found = verdicts.outliers(table).query("measure == @column")["deviations"]
    assert found["s3"] == pytest.approx(2)
    assert (found.drop("s3") == 0).all()


@pytest.mark.parametrize(("column", "floor"), [("library_size", 0.2), ("detected_genes", 0.03), ("size_factor", 0.2)])
def test_sizes_that_agree_are_measured_by_the_smallest_spread_of_logarithms(column, floor):
    table = library_table()
    table[column] = 8.0
    table.loc["s3", column] = 8.0 * 2 ** (-3 * floor)
    found = verdicts.outliers(table).query("measure == @column")["deviations"]
    assert found["s3"] == pytest.approx(-3)


def test_a_sample_is_flagged_from_the_threshold_on():
    table = library_table(7)
    table["rle_iqr"] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    for threshold, flagged in ((3 / 2.9652 - 1e-9, ["s6"]), (3 / 2.9652 + 1e-9, [])):
        found = verdicts.outliers(table, threshold=threshold)
        assert found.index[found["flagged"] & (found["measure"] == "rle_iqr")].tolist() == flagged


def test_libraries_that_agree_do_not_flag_the_one_that_differs_a_little():
    table = library_table()
    table["median_correlation"] = 0.99
    table.loc["s3", "median_correlation"] = 0.985
    assert not verdicts.outliers(table)["flagged"].any()


def test_reasons_of_a_sample_are_joined():
    flags = verdicts.outliers(library_table(library_size=1e5, rle_iqr=2.0))
    reasons = verdicts.flag_reasons(flags)
    assert reasons.to_dict() == {"s3": "few reads; genes scatter widely about the other samples"}


# ---- verdicts


def verdicts_of(values, sheet, *, adjusted=None, libraries=None, after=None, blinded=()):
    components = {"transformed": measures.principal_components(values)}
    if adjusted is not None:
        components["adjusted"] = measures.principal_components(adjusted)
    libraries = library_table(values.shape[1]) if libraries is None else libraries
    after = values if after is None else after
    stages = {"before": values, "after": after, "rle": measures.relative_log_expression(after)}
    return verdicts.verdicts(
        libraries,
        measures.stacked({stage: measures.box_statistics(part) for stage, part in stages.items()}),
        verdicts.outliers(libraries),
        measures.stacked({kind: found.variance for kind, found in components.items()}),
        measures.association_table(components, sheet),
        ["condition", "batch"],
        ["batch"],
        blinded=blinded,
    )


def test_a_good_study_is_told_so():
    found = verdicts_of(*study(12, condition_shift=1.0))
    assert set(found["status"]) == {"ok"}
    assert list(found.index) == ["library_sizes", "normalization", "outliers", "condition", "batch"]
    assert "condition with PC1" in found.loc["condition", "finding"]
    assert (found["advice"] == "").all()


def test_a_batch_that_dominates_is_told():
    found = verdicts_of(*study(12, batch_shift=2.0, condition_shift=0.5))
    assert found.loc["batch", "status"] == "warn"
    assert "batch" in found.loc["batch", "advice"]


def test_adjustment_that_removes_the_batch_and_one_that_does_not():
    values, sheet = study(12, batch_shift=2.0, condition_shift=0.5)
    of_batch = values.T.groupby(sheet["batch"]).transform("mean").T
    adjusted = values - of_batch.sub(values.mean(axis=1), axis=0)
    good = verdicts_of(values, sheet, adjusted=adjusted).loc["batch_adjustment"]
    assert good["status"] == "ok"
    assert "and 0% after" in good["finding"]
    bad = verdicts_of(values, sheet, adjusted=values).loc["batch_adjustment"]
    assert bad["status"] == "warn"
    assert bad["advice"]


def test_a_condition_that_no_component_follows_is_told():
    found = verdicts_of(*study(12, batch_shift=1.0))
    assert found.loc["condition", "status"] == "warn"
    assert "No leading component follows condition" in found.loc["condition", "finding"]


def test_nothing_is_said_of_masked_labels_by_way_of_other_columns():
    found = verdicts_of(*study(12, batch_shift=1.0), blinded=["arm"])
    assert found.loc["condition", "status"] == "ok"
    assert found.loc["condition", "finding"] == (
        "Whether leading components follow arm is not known before unblinding."
    )


@pytest.mark.parametrize(("smallest", "status"), [(15e6, "ok"), (1.5e6, "warn"), (1e5, "bad")])
def test_range_of_library_sizes(smallest, status):
    values, sheet = study(20, condition_shift=1.0)
    found = verdicts_of(values, sheet, libraries=library_table(library_size=smallest))
    assert found.loc["library_sizes", "status"] == status
    assert ("s3" in found.loc["library_sizes", "advice"]) == (status != "ok")


@pytest.mark.parametrize(("shift", "status"), [(0.0, "ok"), (0.3, "warn"), (1.0, "bad")])
def test_boxes_that_do_not_line_up(shift, status):
    values, sheet = study(12, condition_shift=1.0)
    after = values.copy()
    after["s5"] += shift
    found = verdicts_of(values, sheet, after=after)
    assert found.loc["normalization", "status"] == status
    assert found.loc["normalization", "advice"].startswith("s5") == (status != "ok")


def test_flagged_samples_are_named_with_the_reason():
    values, sheet = study(20, condition_shift=1.0)
    found = verdicts_of(values, sheet, libraries=library_table(library_size=1e5)).loc["outliers"]
    assert found["status"] == "warn"
    assert "s3 (few reads)" in found["finding"]


def test_two_samples_are_too_few_and_nothing_breaks():
    found = verdicts_of(*study(2))
    assert "too few" in found.loc["outliers", "finding"]
    assert found.loc["condition", "status"] == "warn"


@pytest.mark.parametrize(
    ("method", "largest", "first", "status"),
    [
        ("vst", 3.9, "depth", None),
        ("rlog", 9.0, "depth", None),
        ("vst", 4.1, "depth", "warn"),
        ("vst", 4.1, "group", "ok"),
    ],
)
def test_a_first_component_that_follows_depth_is_told_where_depths_differ(method, largest, first, status):
    factors = np.exp(np.linspace(0, np.log(largest), 8))
    scores = pd.DataFrame({"PC1": factors if first == "depth" else [1, -1, -1, 1, 1, -1, -1, 1]})
    found = verdicts.depth_verdict(scores, pd.DataFrame({"size_factor": factors}), method)
    assert found["status"].tolist() == ([] if status is None else [status])
    assert ("rlog" in "".join(found["advice"])) == (status == "warn")


# ---- counts and factors, by hand


def test_log2_counts_are_divided_by_factors_of_samples_or_of_single_counts():
    counts = named([[0, 6], [30, 7]])
    assert measures.log2_counts(counts).to_numpy().tolist() == [[0.0, np.log2(7)], [np.log2(31), 3.0]]
    by_sample = pd.Series({"s1": 2.0, "s0": 10.0})
    assert measures.log2_counts(counts, by_sample).to_numpy().tolist() == [[0.0, 2.0], [2.0, np.log2(4.5)]]
    by_count = pd.DataFrame([[2.0, 1.0], [1.0, 10.0]], index=["g0", "g1"], columns=["s1", "s0"]).iloc[::-1]
    assert measures.log2_counts(counts, by_count).to_numpy().tolist() == [[0.0, 2.0], [np.log2(4), 3.0]]


def test_a_library_without_reads_has_no_share_of_reads():
    counts = named([[0, 3]] * 30)
    boxes = measures.box_statistics(measures.log2_counts(counts))
    table = measures.library_table(counts, pd.Series({"s0": 1.0, "s1": 1.0}), measures.log2_counts(counts), boxes)
    assert table["top_20_share"].tolist() == [0.0, 20 / 30]
    assert table["detected_genes"].tolist() == [0, 30]


# ---- verdicts, at their limits


def tables_of_verdicts(ratio=2.0, off=0.0, n_samples=6, flagged=False):
    """Return what the verdicts read, of samples that are as told and otherwise alike."""
    samples = pd.Index([f"s{i}" for i in range(n_samples)], name="sample")
    libraries = pd.DataFrame({"library_size": [1e6, *[1e6 * ratio] * (n_samples - 1)]}, index=samples)
    boxes = pd.concat(
        pd.DataFrame({"values": stage, "median": [off if stage == "rle" else 5.0, *[0.0] * (n_samples - 1)]}, samples)
        for stage in ("before", "after", "rle")
    )
    flags = pd.DataFrame({"flagged": flagged, "reason": "few reads" if flagged else ""}, index=samples)
    return {"libraries": libraries, "boxes": boxes, "outlier_table": flags}


def association(component="PC1", values="transformed", **of_columns):
    """Return R² and adjusted p-value of a component with each column."""
    rows = [
        {"values": values, "covariate": name, "r_squared": r_squared, "padj": padj}
        for name, (r_squared, padj) in of_columns.items()
    ]
    return pd.DataFrame(rows, index=pd.Index([component] * len(rows), name="pc"))


def variance(**fractions):
    parts = [pd.DataFrame({"values": kind, "fraction": [share]}, index=["PC1"]) for kind, share in fractions.items()]
    return pd.concat(parts)


def status_of(check, *, tables=None, associations=None, variances=None):
    associations = association(condition=(0.5, 0.01), batch=(0.1, 0.5)) if associations is None else associations
    variances = variance(transformed=0.5) if variances is None else variances
    found = verdicts.verdicts(
        **(tables or tables_of_verdicts()),
        variance=variances,
        association=associations,
        columns=["condition", "batch"],
        batch_columns=["batch"],
    )
    return found.loc[check, "status"]


@pytest.mark.parametrize(
    ("check", "changes", "status"),
    [
        ("library_sizes", {"ratio": 9.99}, "ok"),
        ("library_sizes", {"ratio": 10.0}, "warn"),
        ("library_sizes", {"ratio": 99.9}, "warn"),
        ("library_sizes", {"ratio": 100.0}, "bad"),
        ("normalization", {"off": 0.199}, "ok"),
        ("normalization", {"off": -0.2}, "warn"),
        ("normalization", {"off": 0.499}, "warn"),
        ("normalization", {"off": -0.5}, "bad"),
        ("outliers", {"n_samples": 4, "flagged": True}, "ok"),
        ("outliers", {"n_samples": 5, "flagged": True}, "warn"),
        ("outliers", {"n_samples": 5, "flagged": False}, "ok"),
    ],
)
def test_limits_of_verdicts_on_samples(check, changes, status):
    assert status_of(check, tables=tables_of_verdicts(**changes)) == status


@pytest.mark.parametrize(
    ("component", "condition", "status"),
    [
        ("PC1", (0.2, 0.049), "ok"),
        ("PC1", (0.2, 0.05), "warn"),
        ("PC1", (0.199, 0.001), "warn"),
        ("PC5", (0.9, 0.001), "ok"),
        ("PC6", (0.9, 0.001), "warn"),
    ],
)
def test_limits_of_what_a_component_follows(component, condition, status):
    assert status_of("condition", associations=association(component, condition=condition)) == status


@pytest.mark.parametrize(
    ("batch", "condition", "status"),
    [
        ((0.5, 0.049), (0.4, 0.01), "warn"),
        ((0.5, 0.05), (0.4, 0.01), "ok"),
        ((0.499, 0.001), (0.4, 0.01), "ok"),
        ((0.6, 0.001), (0.6, 0.01), "ok"),
        ((0.601, 0.001), (0.6, 0.01), "warn"),
    ],
)
def test_limits_of_a_batch_that_dominates(batch, condition, status):
    assert status_of("batch", associations=association(batch=batch, condition=condition)) == status


@pytest.mark.parametrize(
    ("before", "after", "status"),
    # Shares of all variance: R² of the batch times the component's fraction, a half before and a quarter after.
    [(0.8, 0.20, "ok"), (0.2, 0.202, "warn"), (0.9, 0.36, "ok"), (0.9, 0.364, "warn")],
)
def test_limits_of_what_adjustment_leaves_of_a_batch(before, after, status):
    parts = [association(batch=(before, 0.01)), association(values="adjusted", batch=(after, 0.5))]
    associations = pd.concat([association(condition=(0.5, 0.01)), *parts])
    variances = variance(transformed=0.5, adjusted=0.25)
    assert status_of("batch_adjustment", associations=associations, variances=variances) == status


def test_large_libraries_are_told_in_millions():
    tables = tables_of_verdicts()
    tables["libraries"]["library_size"] = [999_999, *[1_000_000] * 5]
    found = verdicts.verdicts(
        **tables, variance=variance(transformed=0.5), association=association(x=(0, 1)), columns=[], batch_columns=[]
    )
    assert "between 999,999 and 1 million reads" in found.loc["library_sizes", "finding"]


def test_many_samples_are_drawn_with_the_flagged_ones_named(many):
    from degsteps.figures.style import scales
    from degsteps.qc.neighbour_figures import nearest_samples_plot

    found = measures.nearest_samples(many)
    flags = pd.Series("", index=many.columns)
    flags[["s3", "s9"]] = "few reads"
    sheet = pd.DataFrame({"site": pd.Categorical(["x", "y"] * (many.shape[1] // 2))}, index=many.columns)
    figure = nearest_samples_plot(found, flags, scales(sheet)["site"])
    axes = figure.axes[0]
    assert {text.get_text() for text in axes.texts} == {"s3", "s9"}
    assert "2 flagged ones circled" in figure.get_suptitle() + "".join(text.get_text() for text in figure.texts)
    drawn = sum(len(points.get_offsets()) for points in axes.collections)
    assert drawn == many.shape[1] + 2
    assert not nearest_samples_plot(found, flags * 0, None).axes[0].texts
