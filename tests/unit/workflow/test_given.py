"""Digests of given files: read again only when the file system says that they have changed."""

import os
import re
import time

import pytest

from degsteps.workflow import given
from degsteps.workflow.given import content_digest
from tests.conftest import REPO


@pytest.fixture
def reads(monkeypatch):
    """The files that were read."""
    paths = []

    def read(path):
        paths.append(os.path.basename(path))
        return file_sha256(path)

    file_sha256 = given.file_sha256
    monkeypatch.setattr(given, "file_sha256", read)
    given._kept.cache_clear()
    return paths


def make(path, text, date=1e9):
    path.write_text(text)
    os.utime(path, (date, date))
    return str(path)


def later(monkeypatch):
    now = time.time() + 10
    monkeypatch.setattr(given.time, "time", lambda: now)


def test_a_file_is_read_once(tmp_path, reads, monkeypatch):
    path, kept = make(tmp_path / "a", "1"), tmp_path / "kept"
    later(monkeypatch)
    first = content_digest([path], kept)
    assert content_digest([path], kept) == first
    given._kept.cache_clear()  # another process
    assert content_digest([path], kept) == first
    assert reads == ["a"]


def test_what_was_written_just_now_is_read_again(tmp_path, reads):
    path, kept = make(tmp_path / "a", "1"), tmp_path / "kept"
    assert content_digest([path], kept) == content_digest([path], kept)
    assert reads == ["a", "a"]


@pytest.mark.parametrize(("text", "date"), [("2", 1e9), ("22", 1e9), ("2", 5e8), ("22", 5e8)])
def test_another_content_has_another_digest_whatever_its_date(tmp_path, monkeypatch, text, date):
    path, kept = make(tmp_path / "a", "1"), tmp_path / "kept"
    with monkeypatch.context() as patched:
        later(patched)
        first = content_digest([path], kept)
    new = make(tmp_path / "new", text, date)
    time.sleep(0.02)
    os.replace(new, path)
    assert content_digest([path], kept) != first
    make(tmp_path / "a", "1", date)
    assert content_digest([path], kept) == first


def test_contents_and_their_order_count_not_names(tmp_path):
    one, two, same = make(tmp_path / "a", "1"), make(tmp_path / "b", "2"), make(tmp_path / "c", "1")
    assert content_digest([one], tmp_path) == content_digest([same], tmp_path)
    assert len({content_digest(paths, tmp_path) for paths in ([one, two], [two, one], [one], [])}) == 4
    assert content_digest([], tmp_path) == ""


def test_what_cannot_be_read_or_kept_stops_nothing(tmp_path):
    assert content_digest([str(tmp_path / "none")], tmp_path) != ""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / given.KEPT).write_text("[1")
    given._kept.cache_clear()
    assert content_digest([make(tmp_path / "a", "1")], kept) != ""
    assert content_digest([make(tmp_path / "a", "1")], tmp_path / "a" / "no folder") != ""


def test_every_rule_that_reads_a_given_file_is_told_its_content():
    """What an input is made from stands in the rule's `given` too; `STUDY_FILES` has its counterpart."""
    looked_up = r"given_file\([^)]*\)|job\(files\.(?:counts|sheets|blinding_keys|planned|surrogate_controls)\)"
    n_found = 0
    for path in sorted((REPO / "rules").glob("*.smk")):
        blocks = re.split(r"^(?=rule |use rule |def |STUDY_FILES)", path.read_text(), flags=re.MULTILINE)
        for block in blocks:
            if block.startswith("def "):
                continue
            inputs, _, params = block.partition("given=content_of(")
            read = set(re.findall(looked_up, inputs))
            n_found += len(read)
            assert read <= set(re.findall(looked_up, params)), block.splitlines()[0]
    assert n_found >= 15
