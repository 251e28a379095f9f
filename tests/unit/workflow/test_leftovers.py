"""What killed runs left half-written is removed, and nothing that is still being written."""

import os
import subprocess
import sys

from degsteps.workflow.leftovers import remove_leftovers


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def write(folder, *names):
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    return paths


def test_files_of_processes_that_have_ended_are_removed(tmp_path):
    gone = ended_process()
    left = write(tmp_path, f"07_test/.part-{gone}-genes.tsv", f"07_test/sets/x/.part-{gone}-a.record.json")
    others = write(
        tmp_path,
        f".part-{os.getpid()}-a.tsv",
        "07_test/genes.tsv",
        ".part-x-a.tsv",
        f"x.part-{gone}-a",
        f".part-{gone}-",
    )
    assert sorted(remove_leftovers([tmp_path, tmp_path / "nowhere"], here=True)) == sorted(left)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)


def test_on_a_cluster_only_old_ones_are(tmp_path):
    new, old = write(tmp_path, f".part-{ended_process()}-new", f".part-{os.getpid()}-old")
    os.utime(old, (1e9, 1e9))
    assert remove_leftovers([tmp_path], here=False) == [old]
    assert new.exists()


def test_links_are_not_followed(tmp_path):
    outside = write(tmp_path, f"outside/.part-{ended_process()}-x")[0]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "link").symlink_to(tmp_path / "outside")
    assert remove_leftovers([tmp_path / "results"], here=True) == []
    assert outside.exists()
