"""Gene annotation: how a gene table is matched to the genes of a count matrix."""

import numpy as np
import pandas as pd
import pytest

from degsteps.annotate.gtf import GENE_COLUMNS
from degsteps.annotate.matching import ID_TYPES, detect_id_type, mapped_fraction, match_genes, require_mapped
from degsteps.basics.errors import DataError


def gene_table(**columns: list[object]) -> pd.DataFrame:
    table = pd.DataFrame(columns).set_index("gene")
    return table.astype({c: "Int64" if c in ("n_matches", "start", "end", "length") else "string" for c in table})


class TestMatchGenes:
    def test_every_gene_stays_in_place(self):
        table = gene_table(gene=["b", "a"], symbol=["B", "A"])
        genes = pd.Index(["x", "a", "b", "a"], name="gene")
        annotation = match_genes(genes, table)
        pd.testing.assert_index_equal(annotation.index, genes)
        assert annotation["symbol"].fillna("-").tolist() == ["-", "A", "B", "A"]
        assert annotation["annotation_status"].tolist() == ["not_found", "matched", "matched", "matched"]
        assert annotation["n_matches"].tolist() == [0, 1, 1, 1]

    def test_nothing_found_and_no_genes(self):
        table = gene_table(gene=["a"], symbol=["A"], length=[5])
        for genes in (pd.Index(["x", "y"]), pd.Index([], dtype=object)):
            annotation = match_genes(genes, table)
            assert annotation.index.equals(genes)
            assert (annotation["annotation_status"] == "not_found").all()
            assert annotation["length"].dtype == "Int64"
            assert annotation["symbol"].dtype == "string"

    def test_column_order_is_fixed_and_other_columns_are_kept(self):
        table = gene_table(gene=["a"], cluster=["c1"], length=[5], symbol=["A"], chrom=["1"], entrez_id=["7"])
        annotation = match_genes(pd.Index(["a"]), table)
        assert list(annotation.columns) == [
            "symbol", "name", "biotype", "chrom", "entrez_id", "n_matches", "length", "cluster", "annotation_status",
        ]  # fmt: skip
        full = match_genes(pd.Index(["a"]), table.assign(start=pd.array([1], "Int64"), end=pd.array([5], "Int64")))
        order = [column for column in full.columns if column in GENE_COLUMNS]
        assert order == sorted(order, key=GENE_COLUMNS.index)

    def test_versions_of_the_counts_are_stripped(self):
        table = gene_table(gene=["ENSG00000000001"], symbol=["A"])
        genes = pd.Index(["ENSG00000000001.15", "ENSG00000000001", "ENSG00000000001.5_2", "ENSG00000000002.1"])
        status = match_genes(genes, table)["annotation_status"]
        assert status.tolist() == ["matched_without_version", "matched", "matched_without_version", "not_found"]

    def test_versions_of_the_table_are_stripped(self):
        table = gene_table(gene=["ENSG00000000001.14"], symbol=["A"])
        genes = pd.Index(["ENSG00000000001", "ENSG00000000001.14", "ENSG00000000001.15"])
        annotation = match_genes(genes, table)
        assert annotation["symbol"].tolist() == ["A"] * 3
        assert annotation["annotation_status"].tolist() == [
            "matched_without_version", "matched", "matched_without_version",
        ]  # fmt: skip
        assert list(annotation.index) == list(genes)

    def test_strip_version_decides_what_is_stripped(self):
        table = gene_table(gene=["ENSG00000000001", "Y110A7A"], symbol=["A", "B"])
        genes = pd.Index(["ENSG00000000001.15", "Y110A7A.10"])
        found = {
            strip: match_genes(genes, table, strip)["symbol"].fillna("-").tolist()
            for strip in ("auto", "always", "never")
        }
        assert found == {"auto": ["A", "-"], "always": ["A", "B"], "never": ["-", "-"]}
        with pytest.raises(ValueError, match="strip_version"):
            match_genes(genes, table, True)

    def test_copy_on_y_found_as_such(self):
        known = gene_table(
            gene=["ENSG00000182378.15", "ENSG00000182378.15_PAR_Y"],
            symbol=["PLCXD1", "PLCXD1"],
            chrom=["chrX", "chrY"],
            start=[1000, 3000],
        )
        annotation = match_genes(pd.Index(["ENSG00000182378.14_PAR_Y", "ENSG00000182378.14"]), known)
        assert annotation["chrom"].tolist() == ["chrY", "chrX"]
        assert annotation["start"].tolist() == [3000, 1000]
        assert annotation["annotation_status"].tolist() == ["matched_without_version"] * 2

    @pytest.mark.parametrize("gene", ["ENSG00000182378.15_PAR_Y", "ENSGR0000182378.10", "ENSGR0000182378"])
    @pytest.mark.parametrize(("prefix", "chrom"), [("", "Y"), ("chr", "chrY")])
    def test_copy_on_y_gets_no_position_of_the_copy_on_x(self, gene, prefix, chrom):
        table = gene_table(
            gene=["ENSG00000182378"], symbol=["PLCXD1"], chrom=[f"{prefix}X"], start=[5], end=[9], length=[4]
        )
        annotation = match_genes(pd.Index([gene, "ENSG00000182378"]), table)
        assert annotation["symbol"].tolist() == ["PLCXD1"] * 2
        assert annotation["chrom"].tolist() == [chrom, f"{prefix}X"]
        assert annotation["start"].isna().tolist() == [True, False]
        assert annotation["end"].isna().tolist() == [True, False]
        assert match_genes(pd.Index([gene]), table, "never")["annotation_status"].tolist() == ["not_found"]

    def test_first_of_several_rows_is_used_and_the_gene_is_ambiguous(self):
        table = gene_table(gene=["b", "a", "a", "b"], symbol=["B", "A2", "A1", "B"], entrez_id=["5", "2", "1", "5"])
        annotation = match_genes(pd.Index(["a", "b"]), table)
        assert annotation["symbol"].tolist() == ["A2", "B"]
        assert annotation["n_matches"].tolist() == [2, 1]  # the rows of b do not differ
        assert annotation["annotation_status"].tolist() == ["ambiguous", "matched"]

    def test_ambiguity_stated_by_the_table_is_kept(self):
        table = gene_table(gene=["a", "b"], symbol=["A", "B"], n_matches=[3, 1])
        annotation = match_genes(pd.Index(["a", "b"]), table)
        assert annotation["n_matches"].tolist() == [3, 1]
        assert annotation["annotation_status"].tolist() == ["ambiguous", "matched"]

    def test_two_versions_of_a_gene_in_the_table_are_ambiguous_only_if_the_version_does_not_decide(self):
        table = gene_table(gene=["ENSG00000000001.1", "ENSG00000000001.2"], symbol=["old", "new"])
        annotation = match_genes(pd.Index(["ENSG00000000001.2", "ENSG00000000001"]), table)
        assert annotation["symbol"].tolist() == ["new", "old"]
        assert annotation["annotation_status"].tolist() == ["matched", "ambiguous"]

    def test_inputs_stay_as_they_are(self):
        table = gene_table(gene=["a", "a"], symbol=["A", "B"])
        before = table.copy()
        match_genes(pd.Index(["a"]), table)
        pd.testing.assert_frame_equal(table, before)

    def test_own_status_column_is_refused(self):
        with pytest.raises(DataError, match="annotation_status"):
            match_genes(pd.Index(["a"]), gene_table(gene=["a"], annotation_status=["x"]))

    def test_agrees_with_a_lookup_gene_by_gene(self):
        generator = np.random.default_rng(3)
        ids = [f"ENSG{number:011d}" for number in generator.integers(0, 300, 400)]
        table = gene_table(gene=ids, symbol=[f"S{number}" for number in generator.integers(0, 50, 400)])
        genes = pd.Index([f"ENSG{number:011d}.{number % 7}" for number in generator.integers(0, 400, 500)])
        annotation = match_genes(genes, table)
        for position, gene in enumerate(genes):
            symbols = list(
                dict.fromkeys(s for i, s in zip(ids, table["symbol"], strict=True) if i == gene.split(".")[0])
            )
            row = annotation.iloc[position]
            assert row["n_matches"] == len(symbols)
            assert (row["symbol"] == symbols[0]) if symbols else pd.isna(row["symbol"])


class TestMapped:
    def table(self, ids):
        return gene_table(gene=list(ids), symbol=["S"] * len(ids))

    def message(self, genes, ids, strip_version="auto"):
        table = self.table(ids)
        with pytest.raises(DataError) as error:
            require_mapped(match_genes(pd.Index(genes), table, strip_version), 0.5, "genes.tsv", table.index)
        return str(error.value)

    def test_fraction(self):
        assert mapped_fraction(match_genes(pd.Index(["a", "b", "x", "y"]), self.table("ab"))) == 0.5
        assert mapped_fraction(match_genes(pd.Index(["a", "a"]), self.table("ab"))) == 1.0
        assert mapped_fraction(match_genes(pd.Index([], dtype=object), self.table("ab"))) == 1.0

    def test_enough_is_enough(self):
        require_mapped(match_genes(pd.Index(["a", "x"]), self.table("ab")), 0.5, "genes.tsv")

    def test_another_species(self):
        human = [f"ENSG{number:011d}" for number in range(1, 9)]
        mouse = [f"ENSMUSG{number:011d}" for number in range(1, 9)]
        message = self.message(human, mouse)
        assert message.startswith("genes.tsv: 0 of 8 genes (0.0%)")
        assert "50.0%" in message
        assert ", ".join(human[:5]) in message
        assert human[5] not in message
        assert ", ".join(mouse[:5]) in message
        assert "another species" in message
        assert "another species" in self.message(human, ["FBgn0000001", "FBgn0000002"])

    def test_another_id_type(self):
        assert "another type of id" in self.message(["TP53", "MYC"], ["ENSG00000000001"])
        assert "another type of id" in self.message(["7157", "4609"], ["TP53"])

    def test_versions(self):
        message = self.message(["ENSG00000000001.2"], ["ENSG00000000001"], strip_version="never")
        assert "Set strip_version to auto" in message

    def test_another_release(self):
        assert "another release" in self.message(["ENSG00000000009"], ["ENSG00000000001"])

    def test_without_the_ids_of_the_annotation(self):
        annotation = match_genes(pd.Index(["x"]), self.table("ab"))
        with pytest.raises(DataError, match=r"not found: x\. Probably another species or type of id"):
            require_mapped(annotation, 0.1, "genes.tsv")


@pytest.mark.parametrize(
    ("genes", "kind"),
    [
        (["ENSG00000000003", "ENSG00000000005.6", "ENSG00000182378.15_PAR_Y", "ENSGR0000182378.10"], "ensembl_human"),
        (["ENSMUSG00000000001", "ENSMUSG00000000003.15"], "ensembl_mouse"),
        (["ENSDARG00000000001", "ENSRNOG00000000001"], "ensembl_other"),
        (["ENST00000000001.3", "ENSMUST00000000001"], "ensembl_transcript"),
        (["FBgn0261552"], "flybase"),
        (["WBGene00000001"], "wormbase"),
        (["7157", "1"], "entrez"),
        (["NM_000546.6", "XR_001737578"], "refseq"),
        (["TP53", "HLA-DRB1", "l(2)gl", "Y110A7A.10"], "symbol"),
        (["ERCC-00002", "ERCC-00003", "FBgn0261552"], "flybase"),
        (["TP53", "7157"], "unknown"),
        ([], "unknown"),
    ],
)
def test_detect_id_type(genes, kind):
    assert detect_id_type(genes) == kind
    assert kind == "unknown" or kind in ID_TYPES
