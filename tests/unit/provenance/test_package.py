"""A package's file: the same bytes whatever the file system says, and nothing half written."""

import hashlib
import os
import zipfile

import pytest

from degsteps.basics.errors import DataError
from degsteps.provenance.package import checksums, write_package


def test_bytes_depend_on_content_alone(tmp_path):
    paths = []
    for number, (mode, time) in enumerate([(0o600, 1e9), (0o444, 1.5e9)]):
        source = tmp_path / f"source{number}.tsv"
        source.write_text("a\tb\n" * 500)
        os.utime(source, (time, time))
        source.chmod(mode)
        members = {"08_annotate/c.tsv": source, "README.md": b"# A\n", "x/p.png": b"\x89PNG" * 100}
        paths.append(tmp_path / str(number) / "a.zip")
        write_package(paths[-1], "a-1.0", dict(sorted(members.items(), reverse=bool(number))))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a-1.0/README.md", "a-1.0/08_annotate/c.tsv", "a-1.0/x/p.png"]
        entries = {entry.filename: entry for entry in archive.infolist()}
        assert {entry.external_attr >> 16 for entry in entries.values()} == {0o100644}
        assert entries["a-1.0/08_annotate/c.tsv"].compress_size < 200
        assert entries["a-1.0/x/p.png"].compress_type == zipfile.ZIP_STORED


def test_checksums_are_those_of_sha256sum(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    expected = [f"{hashlib.sha256(text).hexdigest()}  {name}" for name, text in (("a", b"one"), ("b/c", b"two"))]
    assert checksums({"b/c": b"two", "a": tmp_path / "a"}).splitlines() == expected


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"a\.zip: cannot be written"):
        write_package(tmp_path / "file" / "a.zip", "a", {"b": b""})
    with pytest.raises(DataError, match="Nothing was packed"):
        write_package(tmp_path / "a.zip", "a", {"b": tmp_path / "gone"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
