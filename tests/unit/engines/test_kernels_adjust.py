"""Multiple testing against scipy, R's ``lowess`` and R's adjusted p-values."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from degsteps.engines.deseq.kernels import adjust

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.append(str(REFERENCE))
from reference_sets import all_sets, load_set  # noqa: E402

CASES = [(folder.name, tag) for folder in all_sets() for tag in load_set(folder).tags]
# R 4.2.2: y, and lowess(y ~ seq(0.18, 0.95, length = 50), f = 1/5)$y
REJECTIONS = """666 685 703 697 723 730 500 760 740 777 759 760 771 787 790 788 783 789 813 802 793 789 797 778 790 785
805 799 782 764 783 777 769 762 741 745 743 718 696 707 695 670 682 639 639 593 603 603 568 546"""
SMOOTH = """670.245847871503 682.474654137411 694.659416515922 706.787375791453 718.490753218825 727.809913858956
736.642615468087 744.491856619591 751.115863688291 756.68800936131 761.781143034546 767.574027296485 773.347539636814
777.99513328879 782.541080442734 787.348771518668 791.123627295997 793.012243833659 793.916010993297 794.769287777734
794.729697729859 793.113446941527 790.789866344585 790.074759471643 790.524928739673 790.192405453875 788.669235894362
787.127630338865 785.17812738387 781.824795727692 776.605784330145 770.740369897759 765.1765335157 758.891303834108
750.479055602494 740.441262375814 730.525776822362 720.95371275601 710.771886123829 699.547262910314 687.540309816255
675.365155242714 661.592038163268 646.761199851327 632.228093106403 617.226587515919 600.896061792684 584.628145375081
568.478874739987 552.238867938352"""


def test_benjamini_hochberg_is_scipys_and_missing_values_stay_missing():
    pvalues = np.random.default_rng(0).uniform(size=200) ** 3
    np.testing.assert_allclose(adjust.adjust_bh(pvalues), stats.false_discovery_control(pvalues), rtol=1e-12)
    holes = pvalues.copy()
    holes[::7] = np.nan
    adjusted = adjust.adjust_bh(holes)
    assert np.isnan(adjusted[::7]).all()
    known = ~np.isnan(holes)
    np.testing.assert_allclose(adjusted[known], stats.false_discovery_control(holes[known]), rtol=1e-12)
    assert np.isnan(adjust.adjust_bh(np.full(3, np.nan))).all()


def test_lowess_is_rs():
    y = np.array(REJECTIONS.split(), dtype=float)
    smooth = adjust.lowess(np.linspace(0.18, 0.95, 50), y)
    np.testing.assert_allclose(smooth, np.array(SMOOTH.split(), dtype=float), rtol=1e-12)


@pytest.mark.parametrize(("name", "tag"), CASES)
def test_filtering_rs_pvalues_gives_rs_padj(name, tag):
    table = load_set(REFERENCE / name).table(f"deseq2.{tag}")
    mean, pvalues = table["baseMean"].to_numpy(), table["pvalue"].to_numpy()
    for alpha, column in ((0.1, "padj"), (0.05, "padj_alpha0.05")):
        filtered = adjust.independent_filtering(mean, pvalues, alpha)
        np.testing.assert_allclose(filtered.padj, table[column], rtol=1e-8)
        assert np.isnan(filtered.padj[mean < filtered.threshold]).all()
    np.testing.assert_allclose(adjust.adjust_bh(pvalues), table["padj_unfiltered"], rtol=1e-8)


def test_few_rejections_filter_nothing():
    random = np.random.default_rng(1)
    filtered = adjust.independent_filtering(random.gamma(2, 50, 500), random.uniform(size=500), 0.1)
    assert filtered.rejections.max() <= 10
    assert filtered.quantile == 0.0
    assert not np.isnan(filtered.padj).any()


def test_counted_rejections_are_those_of_the_adjusted_values():
    random = np.random.default_rng(2)
    mean = random.gamma(0.5, 100, 2000)
    pvalues = np.where(mean > 60, random.uniform(size=2000) ** 4, random.uniform(size=2000))
    filtered = adjust.independent_filtering(mean, pvalues, 0.05)
    for quantile, rejections in zip(filtered.quantiles, filtered.rejections, strict=True):
        kept = mean >= np.quantile(mean, quantile)
        assert rejections == (stats.false_discovery_control(pvalues[kept]) < 0.05).sum()
    assert filtered.quantile > 0
