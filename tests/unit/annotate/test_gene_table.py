"""Gene tables: what is read from tables, GTF and GFF3."""

import gzip
import importlib.util
import random
from pathlib import Path

import pandas as pd
import pytest

from degsteps.annotate.gene_table import read_gene_annotation, read_gene_table, stated_release
from degsteps.annotate.gtf import parse_gtf_genes
from degsteps.basics.errors import DataError

ENSEMBL_GTF = """\
#!genome-build GRCh38.p13
1\thavana\tgene\t101\t900\t.\t+\t.\tgene_id "ENSG00000000001"; gene_version "5"; gene_name "AAA1"; \
gene_source "havana"; gene_biotype "lncRNA";
1\thavana\ttranscript\t101\t500\t.\t+\t.\tgene_id "ENSG00000000001"; gene_version "5"; transcript_id "ENST1"; \
gene_name "AAA1"; gene_biotype "lncRNA"; transcript_biotype "lncRNA";
1\thavana\texon\t101\t200\t.\t+\t.\tgene_id "ENSG00000000001"; transcript_id "ENST1"; exon_number "1";
1\thavana\texon\t401\t500\t.\t+\t.\tgene_id "ENSG00000000001"; transcript_id "ENST1"; exon_number "2";
1\thavana\texon\t151\t250\t.\t+\t.\tgene_id "ENSG00000000001"; transcript_id "ENST2"; exon_number "1";
1\thavana\tCDS\t151\t250\t.\t+\t0\tgene_id "ENSG00000000001"; transcript_id "ENST2";
1\thavana\texon\t801\t900\t.\t+\t.\tgene_id "ENSG00000000001"; transcript_id "ENST2"; exon_number "2";
MT\tinsdc\tgene\t50\t60\t.\t-\t.\tgene_id "ENSG00000000002"; gene_version "1"; gene_biotype "Mt_tRNA";
MT\tinsdc\texon\t50\t60\t.\t-\t.\tgene_id "ENSG00000000002"; transcript_id "ENST3";
"""

GENCODE_GTF = """\
##provider: GENCODE
chrX\tHAVANA\tgene\t1000\t1999\t.\t+\t.\tgene_id "ENSG00000182378.15"; gene_type "protein_coding"; \
gene_name "PLCXD1"; level 2; hgnc_id "HGNC:23148"; tag "overlapping; locus";
chrX\tHAVANA\texon\t1000\t1099\t.\t+\t.\tgene_id "ENSG00000182378.15"; transcript_id "ENST9.1"; exon_number 1;
chrY\tHAVANA\tgene\t3000\t3999\t.\t+\t.\tgene_id "ENSG00000182378.15_PAR_Y"; gene_type "protein_coding"; \
gene_name "PLCXD1"; level 2; tag "PAR";
chrY\tHAVANA\texon\t3000\t3199\t.\t+\t.\tgene_id "ENSG00000182378.15_PAR_Y"; transcript_id "ENST9.1_PAR_Y";
"""

ENSEMBL_GFF3 = """\
##gff-version 3
1\tEnsembl\tchromosome\t1\t9000\t.\t.\t.\tID=chromosome:1;Alias=CM000663.2
1\tensembl_havana\tgene\t101\t900\t.\t-\t.\tID=gene:ENSG00000000001;Name=AAA1;biotype=protein_coding;\
description=A protein%2C first of its kind [Source:HGNC Symbol%3BAcc:HGNC:1];gene_id=ENSG00000000001;version=5
1\tensembl_havana\tmRNA\t101\t900\t.\t-\t.\tID=transcript:ENST1;Parent=gene:ENSG00000000001;biotype=protein_coding
1\tensembl_havana\texon\t101\t200\t.\t-\t.\tParent=transcript:ENST1;Name=ENSE1;rank=2
1\tensembl_havana\texon\t801\t900\t.\t-\t.\tParent=transcript:ENST1;Name=ENSE2;rank=1
###
1\thavana\tncRNA_gene\t2001\t2100\t.\t+\t.\tID=gene:ENSG00000000003;biotype=lncRNA;gene_id=ENSG00000000003
1\thavana\tlnc_RNA\t2001\t2100\t.\t+\t.\tID=transcript:ENST2;Parent=gene:ENSG00000000003;biotype=lncRNA
1\thavana\texon\t2001\t2100\t.\t+\t.\tParent=transcript:ENST2;Name=ENSE3
"""

GENCODE_GFF3 = """\
##gff-version 3
chr1\tHAVANA\tgene\t101\t300\t.\t+\t.\tID=ENSG00000000001.5;gene_id=ENSG00000000001.5;gene_type=lncRNA;gene_name=AAA1
chr1\tHAVANA\ttranscript\t101\t300\t.\t+\t.\tID=ENST1.2;Parent=ENSG00000000001.5;gene_id=ENSG00000000001.5
chr1\tHAVANA\texon\t101\t120\t.\t+\t.\tID=exon:ENST1.2:1;Parent=ENST1.2;gene_id=ENSG00000000001.5;gene_type=lncRNA
"""

# FlyBase: no biotype on genes, an exon with several parents, features before their parents, sequence at the end.
FLYBASE_GFF3 = """\
##gff-version 3
3R\tFlyBase\texon\t5000\t5099\t.\t+\t.\tID=ps:1;Name=ps:1;Parent=FBtr0001,FBtr0002;parent_type=mRNA
3R\tFlyBase\tgene\t5000\t5999\t.\t+\t.\tID=FBgn0261552;Name=ps;fullname=pasilla;Alias=CG42670;\
Dbxref=FlyBase_Annotation_IDs:CG42670,EntrezGene:44258
3R\tFlyBase\tncRNA\t5000\t5999\t.\t+\t.\tID=FBtr0002;Name=ps-RB;Parent=FBgn0261552
3R\tFlyBase\tmRNA\t5000\t5999\t.\t+\t.\tID=FBtr0001;Name=ps-RA;Parent=FBgn0261552
3R\tFlyBase\texon\t5900\t5999\t.\t+\t.\tParent=FBtr0001
3R\tFlyBase\tCDS\t5900\t5999\t.\t+\t0\tParent=FBtr0001
3R\tsim4\tmatch\t5000\t5999\t.\t+\t.\tID=:1;Name=EST
2L\tFlyBase\tgene\t10\t90\t.\t-\t.\tID=FBgn0000002;Name=nan
2L\tFlyBase\tpseudogene\t10\t90\t.\t-\t.\tID=FBtr0003;Parent=FBgn0000002
2L\tFlyBase\texon\t10\t90\t.\t-\t.\tParent=FBtr0003
##FASTA
>3R
ACGT
"""

FLYBASE_GTF = """\
3R\tFlyBase\tgene\t5000\t5999\t.\t+\t.\tgene_id "FBgn0261552"; gene_symbol "ps";
3R\tFlyBase\tmRNA\t5000\t5999\t.\t+\t.\tgene_id "FBgn0261552"; gene_symbol "ps"; transcript_id "FBtr0001";
3R\tFlyBase\texon\t5000\t5099\t.\t+\t.\tgene_id "FBgn0261552"; gene_symbol "ps"; transcript_id "FBtr0001";
2L\tFlyBase\tgene\t10\t90\t.\t-\t.\tgene_id "FBgn0000002"; gene_symbol "nan";
2L\tFlyBase\tpseudogene\t10\t90\t.\t-\t.\tgene_id "FBgn0000002"; gene_symbol "nan"; transcript_id "FBtr0003";
2L\tFlyBase\texon\t10\t90\t.\t-\t.\tgene_id "FBgn0000002"; gene_symbol "nan"; transcript_id "FBtr0003";
"""

NCBI_GFF3 = """\
##gff-version 3
NC_000001.11\tBestRefSeq\tpseudogene\t11874\t14409\t.\t+\t.\tID=gene-DDX11L1;Dbxref=GeneID:100287102,HGNC:HGNC:37102;\
Name=DDX11L1;description=DEAD/H-box helicase 11 like 1 (pseudogene);gbkey=Gene;gene=DDX11L1;\
gene_biotype=transcribed_pseudogene
NC_000001.11\tBestRefSeq\ttranscript\t11874\t14409\t.\t+\t.\tID=rna-NR_046018.2;Parent=gene-DDX11L1;gene=DDX11L1
NC_000001.11\tBestRefSeq\texon\t11874\t12227\t.\t+\t.\tID=exon-NR_046018.2-1;Parent=rna-NR_046018.2;gene=DDX11L1
"""


def parse(text: str) -> pd.DataFrame:
    return parse_gtf_genes(text.splitlines(keepends=True))


class TestParseGtfGenes:
    def test_ensembl_gtf(self):
        genes = parse(ENSEMBL_GTF)
        assert list(genes.index) == ["ENSG00000000001", "ENSG00000000002"]
        assert genes.index.name == "gene"
        first = genes.loc["ENSG00000000001"]
        assert first[["symbol", "biotype", "chrom", "start", "end", "strand"]].tolist() == [
            "AAA1", "lncRNA", "1", 101, 900, "+",
        ]  # fmt: skip
        # 101-250 (two exons that overlap), 401-500, 801-900
        assert first["length"] == 150 + 100 + 100
        assert genes["symbol"].isna().tolist() == [False, True]

    def test_gencode_gtf_keeps_versions_and_both_copies_of_a_pseudoautosomal_gene(self):
        genes = parse(GENCODE_GTF)
        assert list(genes.index) == ["ENSG00000182378.15", "ENSG00000182378.15_PAR_Y"]
        assert genes["chrom"].tolist() == ["chrX", "chrY"]
        assert genes["length"].tolist() == [100, 200]
        assert genes["biotype"].tolist() == ["protein_coding"] * 2
        assert genes["symbol"].tolist() == ["PLCXD1"] * 2

    def test_ensembl_gff3(self):
        genes = parse(ENSEMBL_GFF3)
        assert list(genes.index) == ["ENSG00000000001", "ENSG00000000003"]
        assert genes["name"].tolist()[0] == "A protein, first of its kind"
        assert genes["biotype"].tolist() == ["protein_coding", "lncRNA"]
        assert genes["length"].tolist() == [200, 100]
        assert genes["strand"].tolist() == ["-", "+"]

    def test_gencode_gff3(self):
        gene = parse(GENCODE_GFF3).loc["ENSG00000000001.5"]
        assert gene[["symbol", "biotype", "start", "end", "length"]].tolist() == ["AAA1", "lncRNA", 101, 300, 20]

    def test_flybase_gff3(self):
        genes = parse(FLYBASE_GFF3)
        assert list(genes.index) == ["FBgn0261552", "FBgn0000002"]
        assert genes["symbol"].tolist() == ["ps", "nan"]
        assert genes["name"].tolist()[0] == "pasilla"
        assert genes["biotype"].tolist() == ["protein_coding", "pseudogene"]
        assert genes["entrez_id"].tolist()[0] == "44258"
        assert genes["length"].tolist() == [200, 81]

    def test_flybase_gtf(self):
        genes = parse(FLYBASE_GTF)
        assert genes["symbol"].tolist() == ["ps", "nan"]
        assert genes["biotype"].tolist() == ["protein_coding", "pseudogene"]
        assert genes["length"].tolist() == [100, 81]

    def test_ncbi_gff3(self):
        gene = parse(NCBI_GFF3).loc["DDX11L1"]
        assert gene[["symbol", "biotype", "entrez_id", "length"]].tolist() == [
            "DDX11L1", "transcribed_pseudogene", "100287102", 354,
        ]  # fmt: skip

    def test_gtf_without_gene_lines_spans_the_exons_of_the_first_chromosome(self):
        genes = parse(
            'chr1\tucsc\texon\t500\t600\t.\t+\t.\tgene_id "A"; transcript_id "t"; gene_name "A";\n'
            'chr1\tucsc\texon\t100\t200\t.\t+\t.\tgene_id "A"; transcript_id "t"; gene_name "A";\n'
            'chr9\tucsc\texon\t10\t20\t.\t+\t.\tgene_id "A"; transcript_id "t2"; gene_name "A";\n'
        )
        assert genes.loc["A", ["chrom", "start", "end", "length"]].tolist() == ["chr1", 100, 600, 101 + 101 + 11]

    def test_gene_without_exons_has_no_length(self):
        genes = parse('chr1\tx\tgene\t1\t9\t.\t.\t.\tgene_id "A"; transcript_id "";\n')
        assert genes["length"].isna().all()
        assert genes["strand"].isna().all()
        assert genes["start"].tolist() == [1]

    def test_unquoted_values_windows_line_ends_and_gene_id_in_second_place(self):
        genes = parse('chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_name AAA; gene_id "A"\r\n\r\n')
        assert genes.loc["A", "symbol"] == "AAA"

    def test_union_length_equals_a_count_of_positions(self):
        chance = random.Random(1)  # noqa: S311
        covered, lines = {}, []
        for _ in range(3000):
            gene, chrom = f"g{chance.randrange(40)}", f"chr{chance.randrange(2)}"
            start = chance.randrange(1, 2000)
            end = start + chance.randrange(60)
            covered.setdefault(gene, set()).update((chrom, position) for position in range(start, end + 1))
            lines.append(f'{chrom}\tx\texon\t{start}\t{end}\t.\t+\t.\tgene_id "{gene}"; transcript_id "t";\n')
        length = parse_gtf_genes(lines)["length"]
        assert length.to_dict() == {gene: len(positions) for gene, positions in covered.items()}

    def test_real_gencode_chromosome_agrees_with_rnanorm(self):
        """RNAnorm ships chromosome 21 of GENCODE 26 and has its own computation of union exon lengths."""
        folder = Path(importlib.util.find_spec("rnanorm").origin).parent
        path = folder / "files" / "gencode.v26.annotation.chr21.gtf.gz"
        from rnanorm.annotation import GTF

        expected = GTF(str(path)).length
        genes = read_gene_annotation(path)
        assert len(genes) == 837
        assert genes["length"].to_dict() == expected.to_dict()

    @pytest.mark.parametrize(
        ("line", "cause"),
        [
            ("1 x gene 1 9\n", "fewer than 9"),
            ('1\tx\tgene\tone\t9\t.\t+\t.\tgene_id "A";\n', "one"),
            ('1\tx\tgene\t1\t9\t.\t+\t.\tgene_name "A";\n', "no gene_id"),
            ("1\tx\tgene\t1\t9\t.\t+\t.\tName=A\n", "without gene_id and ID"),
        ],
    )
    def test_bad_line_is_named(self, line, cause):
        with pytest.raises(DataError, match=f"line 2 .*{cause}"):
            parse_gtf_genes(["# header\n", line])

    def test_no_gene(self):
        with pytest.raises(DataError, match="no gene"):
            parse("##gff-version 3\n")


class TestReadGeneTable:
    def write(self, tmp_path, text, name="genes.tsv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        return path

    @pytest.mark.parametrize("name", ["genes.tsv", "genes.tsv.gz"])
    def test_names_that_look_missing_stay(self, tmp_path, name):
        text = "gene\tsymbol\tname\tlength\ng1\tNA\t5'-\"x\t10\ng2\tnan\t\t\ng3\tNone\tnull\t0\n"
        table = read_gene_table(self.write(tmp_path, text, name))
        assert table.index.tolist() == ["g1", "g2", "g3"]
        assert table["symbol"].tolist() == ["NA", "nan", "None"]
        assert table["name"].isna().tolist() == [False, True, False]
        assert table.loc["g1", "name"] == "5'-\"x"
        assert table["length"].dtype == "Int64"
        assert table["length"].isna().tolist() == [False, True, False]

    def test_quoted_table_of_r_with_byte_order_mark(self, tmp_path):
        table = read_gene_table(self.write(tmp_path, '\ufeff"gene"\t"symbol"\r\n"g1"\t"A ""b"""\r\n'))
        assert table.to_dict() == {"symbol": {"g1": 'A "b"'}}

    def test_table_with_ids_only(self, tmp_path):
        assert read_gene_table(self.write(tmp_path, "gene\ng1\n")).index.tolist() == ["g1"]

    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("", "empty"),
            ("gene_id\tsymbol\ng1\tA\n", "'gene_id'"),
            ("gene,symbol\ng1,A\n", "separate columns by tabs"),
            ("gene\tsymbol\tsymbol\ng1\tA\tB\n", "'symbol' occurs more than once"),
            ("gene\tsymbol\n", "no gene"),
            ("gene\tsymbol\ng1\tA\n\tB\n", "line 3 has no gene id"),
            ("gene\tsymbol\ng1\tA\tB\n", "line 2 has 3 fields, the header 2"),
            ("gene\tlength\ng1\t1.5\n", "'length' must hold whole numbers; '1.5'"),
            ("gene\tlength\ng1\tlong\n", "'length' must hold whole numbers; 'long'"),
        ],
    )
    def test_errors_name_file_and_cause(self, tmp_path, text, cause):
        with pytest.raises(DataError, match=cause) as error:
            read_gene_table(self.write(tmp_path, text))
        assert "genes.tsv" in str(error.value)

    def test_missing_and_truncated_files(self, tmp_path):
        with pytest.raises(DataError, match=r"absent\.tsv"):
            read_gene_table(tmp_path / "absent.tsv")
        path = self.write(tmp_path, "gene\tsymbol\n" + "g\tA\n" * 1000, "genes.tsv.gz")
        path.write_bytes(path.read_bytes()[:-12])
        with pytest.raises(DataError, match=r"genes\.tsv\.gz"):
            read_gene_table(path)


class TestReadGeneAnnotation:
    @pytest.mark.parametrize("name", ["g.gtf", "g.gtf.gz", "g.GTF"])
    def test_gtf_by_name(self, tmp_path, name):
        data = ENSEMBL_GTF.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        pd.testing.assert_frame_equal(read_gene_annotation(tmp_path / name), parse(ENSEMBL_GTF))

    def test_gff3_by_name(self, tmp_path):
        (tmp_path / "g.gff3").write_text(ENSEMBL_GFF3)
        pd.testing.assert_frame_equal(read_gene_annotation(tmp_path / "g.gff3"), parse(ENSEMBL_GFF3))

    def test_table_by_name(self, tmp_path):
        (tmp_path / "gtf_genes.tsv").write_text("gene\tsymbol\ng1\tA\n")
        assert read_gene_annotation(tmp_path / "gtf_genes.tsv").loc["g1", "symbol"] == "A"

    def test_error_names_the_file(self, tmp_path):
        (tmp_path / "g.gtf").write_text("nonsense\n")
        with pytest.raises(DataError, match=r"g\.gtf: line 1"):
            read_gene_annotation(tmp_path / "g.gtf")


class TestStatedRelease:
    @pytest.mark.parametrize(
        ("header", "release"),
        [
            (
                (
                    "##description: evidence-based annotation of the human genome (GRCh38), version 39 (Ensembl 105)\n"
                    "##provider: GENCODE\n##date: 2021-09-02\n"
                ),
                "evidence-based annotation of the human genome (GRCh38), version 39 (Ensembl 105), 2021-09-02",
            ),
            (
                "#!genome-build GRCh38.p13\n#!genome-version GRCh38\n#!genebuild-last-updated 2021-11\n",
                "GRCh38.p13, 2021-11",
            ),
            (
                "##gff-version 3\n#!genome-build GRCh38.p14\n#!annotation-source NCBI RefSeq RS_2023_10\n",
                "GRCh38.p14, NCBI RefSeq RS_2023_10",
            ),
            ("##gff-version 3\n", None),
            ("", None),
        ],
    )
    def test_gtf_header(self, tmp_path, header, release):
        path = tmp_path / "genes.gtf.gz"
        path.write_bytes(gzip.compress((header + GENCODE_GTF.split("\n", 1)[1] + "##date: 1999\n").encode()))
        assert stated_release(path) == release

    def test_sidecar(self, tmp_path):
        assert stated_release(tmp_path / "genes.tsv.gz") is None
        (tmp_path / "genes.yaml").write_text("release: 2022-01\n")
        assert stated_release(tmp_path / "genes.tsv.gz") == "2022-01"
        assert stated_release(tmp_path / "genes.tsv") == "2022-01"
        (tmp_path / "genes.yaml").write_text("organism: x\n")
        assert stated_release(tmp_path / "genes.tsv") is None
        (tmp_path / "genes.yaml").write_text("a: [\n")
        with pytest.raises(DataError, match=r"genes\.yaml"):
            stated_release(tmp_path / "genes.tsv")
