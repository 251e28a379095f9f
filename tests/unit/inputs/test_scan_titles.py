"""Lines above the header: titles are passed over, counts are not."""

import pytest

from degsteps.inputs.scan import scan_counts

HEADER, GENES = "gene\ts1\ts2\n", "g2\t3\t4\ng3\t5\t6\n"


@pytest.mark.parametrize(
    ("above", "fault"),
    [
        ("g1\t7\t7\n", "line 1: stands above the header and holds counts, of 'g1'."),
        ("Table 1\t\t\ng1\t7\t7\n", "line 2: stands above the header and holds counts"),
        ("Counts of 2024\n", ""),
        ("\t1\t1\t\n", ""),
        ("Table 1\t\t\n", ""),
    ],
)
def test_a_gene_above_the_header_is_no_title(above, fault, tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text(above + HEADER + GENES)
    scan = scan_counts(path, cache=None)
    assert fault in " ".join(map(str, scan.faults))
    assert bool(scan.faults) == bool(fault)


@pytest.mark.parametrize("gene", ["g\r1", "g1\r", "\rg1", "g\x0b1"])
@pytest.mark.parametrize("mark", ["\t", ","])
def test_a_carriage_return_in_an_id_is_refused(gene, mark, tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_bytes(f"gene{mark}s1{mark}s2\r\n{gene}{mark}1{mark}2\r\ng2{mark}3{mark}4\r\n".encode())
    assert "line 2: holds the control character" in " ".join(map(str, scan_counts(path, cache=None).faults))
