"""The embedded data are what SOURCES.tsv says, and hold what the papers and packages they come from report."""

import csv
import gzip
import hashlib
import runpy
from pathlib import Path

import pandas as pd
import pytest
import yaml

from degsteps.annotate.gene_table import read_gene_table, stated_release
from degsteps.annotate.matching import mapped_fraction, match_genes

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
NEEDS_NO_ROW = {"SOURCES.tsv", "README.md"}


def sources() -> dict[str, dict[str, str]]:
    with (RESOURCES / "SOURCES.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len({row["file"] for row in rows}) == len(rows)
    return {row["file"]: row for row in rows}


def data_files() -> set[str]:
    return {
        path.relative_to(RESOURCES).as_posix()
        for path in RESOURCES.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    } - NEEDS_NO_ROW


def read_counts(name: str) -> pd.DataFrame:
    return pd.read_csv(RESOURCES / name / "counts.tsv.gz", sep="\t", index_col="gene_id")


def read_samples(name: str) -> pd.DataFrame:
    return pd.read_csv(RESOURCES / name / "samples.tsv", sep="\t", dtype=str, keep_default_na=False)


class TestSources:
    def test_every_file_is_listed_and_every_row_has_a_file(self):
        assert set(sources()) == data_files()

    @pytest.mark.parametrize("name", sorted(sources()))
    def test_sha256_and_size(self, name):
        content = (RESOURCES / name).read_bytes()
        row = sources()[name]
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert len(content) == int(row["size"])

    @pytest.mark.parametrize("row", sources().values(), ids=lambda row: row["file"])
    def test_what_a_row_must_say(self, row):
        assert None not in row.values()
        assert all(row[column] for column in ("what", "origin", "licence", "made_by"))
        assert (RESOURCES / row["made_by"]).is_file()
        assert Path(row["file"]).suffix == ".yaml" or "doi:10." in row["paper"]

    @pytest.mark.parametrize("name", sorted(name for name in sources() if name.endswith(".gz")))
    def test_gzip_header_holds_no_time_and_no_name(self, name):
        header = (RESOURCES / name).read_bytes()[:10]
        assert header[:4] == b"\x1f\x8b\x08\x00"  # flags 0: no file name
        assert header[4:8] == bytes(4)

    def test_scripts_explain_themselves(self, monkeypatch, capsys):
        """In this process: to start each takes longer than all else that it does."""
        monkeypatch.syspath_prepend(str(RESOURCES))
        scripts = [script for script in sorted(RESOURCES.glob("make_*.py")) if script.name != "make_sources.py"]
        assert len(scripts) > 3
        for script in scripts:
            monkeypatch.setattr("sys.argv", [str(script), "--help"])
            with pytest.raises(SystemExit) as ended:
                runpy.run_path(str(script), run_name="__main__")
            assert ended.value.code == 0
            assert f"python resources/{script.name}" in capsys.readouterr().out


class TestAirway:
    def test_counts(self):
        counts = read_counts("airway")
        assert counts.shape == (64102, 8)
        assert counts.index.is_unique
        assert counts.dtypes.eq("int64").all()
        # Millions of reads per sample as the RNA-seq workflow of Love et al. 2015 prints them
        # (doi:10.12688/f1000research.7035.1), and the first gene of its count table.
        millions = (counts.sum() / 1e6).round(1)
        assert millions.tolist() == [20.6, 18.8, 25.3, 15.2, 24.4, 30.8, 19.1, 21.2]
        assert counts.loc["ENSG00000000003"].tolist() == [679, 448, 873, 408, 1138, 1047, 770, 572]
        assert counts.loc["ENSG00000000005"].sum() == 0

    def test_samples(self):
        samples, counts = read_samples("airway"), read_counts("airway")
        assert samples.columns[0] == "sample"
        assert samples["sample"].tolist() == counts.columns.tolist()
        assert samples["dex"].tolist() == ["untrt", "trt"] * 4
        assert samples["cell"].tolist() == [c for c in ("N61311", "N052611", "N080611", "N061011") for _ in range(2)]
        assert samples.columns.is_unique


class TestPasilla:
    def test_counts(self):
        counts = read_counts("pasilla")
        assert counts.shape == (14599, 7)
        assert counts.index.is_unique
        assert counts.dtypes.eq("int64").all()
        # First rows as the vignette of DESeq2 prints them.
        assert counts.iloc[:2].to_numpy().tolist() == [[0, 0, 0, 0, 0, 0, 1], [92, 161, 76, 70, 140, 88, 70]]
        # The experiment: RNAi of pasilla (FBgn0261552) lowers its own share of the reads in each treated sample.
        share = counts.loc["FBgn0261552"] / counts.sum()
        is_treated = share.index.str.startswith("treated")
        assert share[is_treated].max() < 0.5 * share[~is_treated].min()

    def test_samples(self):
        samples, counts = read_samples("pasilla"), read_counts("pasilla")
        assert samples.columns[0] == "sample"
        assert samples["sample"].tolist() == counts.columns.tolist()
        assert samples["condition"].tolist() == ["untreated"] * 4 + ["treated"] * 3
        assert samples["type"].tolist() == [
            "single_read", "single_read", "paired_end", "paired_end", "single_read", "paired_end", "paired_end",
        ]  # fmt: skip


class TestGeneTables:
    @pytest.mark.parametrize("name", ["human", "fly"])
    def test_sidecar_describes_the_table(self, name):
        sidecar = yaml.safe_load((RESOURCES / "genes" / f"{name}.yaml").read_text(encoding="utf-8"))
        table = read_gene_table(RESOURCES / "genes" / sidecar["file"])
        assert sidecar["n_rows"] == len(table)
        assert list(sidecar["columns"]) == ["gene", *table.columns]
        assert (RESOURCES.parent / sidecar["made_by"]).is_file()
        assert stated_release(RESOURCES / "genes" / sidecar["file"]) == sidecar["release"]
        assert table.index.is_unique
        assert table.index.is_monotonic_increasing
        with gzip.open(RESOURCES / "genes" / sidecar["file"], "rt", encoding="utf-8") as stream:
            assert sum(1 for _ in stream) == len(table) + 1

    def test_human_genes(self):
        genes = read_gene_table(RESOURCES / "genes" / "human.tsv.gz")
        assert genes.index.str.fullmatch(r"ENSG\d{11}").all()
        known = genes.loc[["ENSG00000141510", "ENSG00000229807", "ENSG00000198888", "ENSG00000182378"]]
        assert known["symbol"].tolist() == ["TP53", "XIST", "ND1", "PLCXD1"]
        assert known["name"].tolist()[0] == "tumor protein p53"
        assert known["biotype"].tolist() == ["protein-coding", "ncRNA", "protein-coding", "protein-coding"]
        assert known["chrom"].tolist() == ["17", "X", "MT", "X|Y"]
        assert known["entrez_id"].tolist() == ["7157", "7503", "4535", "55344"]

    def test_rule_for_ambiguous_human_genes(self):
        genes = read_gene_table(RESOURCES / "genes" / "human.tsv.gz")
        assert (genes["n_matches"] > 1).sum() == 350
        # Entrez 1394 is lower, but only 104909134 is linked by both NCBI and Ensembl.
        assert genes.loc["ENSG00000263715", ["entrez_id", "n_matches"]].tolist() == ["104909134", 2]
        # LOC339260 (Entrez 339260) is lower, but a placeholder.
        assert "CCDC144NL-AS1" in genes["symbol"].to_numpy()
        assert genes.index[genes["symbol"] == "LOC339260"].empty
        # Otherwise the lowest id: MCL1 (4170) before ADAMTSL4-AS1 (574406).
        assert genes.loc["ENSG00000143384", ["symbol", "n_matches"]].tolist() == ["MCL1", 2]

    def test_fly_genes(self):
        genes = read_gene_table(RESOURCES / "genes" / "fly.tsv.gz")
        pasilla = genes.loc["FBgn0261552"]
        assert pasilla[["chrom", "strand", "start", "end"]].tolist() == ["chr3R", "+", 5243664, 5275190]
        assert (genes["end"] - genes["start"] + 1 >= genes["length"]).fillna(True).all()
        in_joint_entry = genes["joint_entry"].notna()
        assert (in_joint_entry == genes["length"].isna()).all()
        for gene, entry in genes.loc[in_joint_entry, "joint_entry"].items():
            assert gene in entry.split("+")

    def test_they_know_the_genes_of_the_data_sets(self):
        """All fly genes; 55 % of the human ones but most expressed ones, as NCBI lacks many non-coding genes."""
        fly = match_genes(read_counts("pasilla").index, read_gene_table(RESOURCES / "genes" / "fly.tsv.gz"))
        assert mapped_fraction(fly) == 1.0
        counts = read_counts("airway")
        human = match_genes(counts.index, read_gene_table(RESOURCES / "genes" / "human.tsv.gz"))
        assert 0.54 < mapped_fraction(human) < 0.56
        expressed = (counts >= 10).sum(axis=1) >= 3
        assert mapped_fraction(human[expressed]) > 0.85
