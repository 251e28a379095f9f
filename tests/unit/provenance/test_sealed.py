"""A seal is known by more than one file, and each manipulation of a sealed folder is found by one of them."""

import hashlib
import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from degsteps.basics.errors import ConfigError, DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.seal import changes_since_sealed, require_unchanged, write_seal
from degsteps.provenance.sealed import CRATE, MANIFEST, SEAL, as_text, is_sealed, unsealed_crate
from degsteps.provenance.signature import SIGNATURE
from degsteps.provenance.verification import verify

SETTINGS = {"name": "a", "version": "1.0", "file": "a.yaml", "test": {"alpha": 0.05}}
TABLE = Path("07_test/x.tsv")


def entry(path, shown):
    content = path.read_bytes()
    return {"path": shown, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def write_crate(root):
    """Write the crate, and the records of the last two steps, as the workflow does."""
    files = [{"@id": str(TABLE), "@type": "File", "sha256": entry(root / TABLE, "")["sha256"]}]
    dataset = {"@id": "./", "@type": "Dataset", "hasPart": [{"@id": str(TABLE)}]}
    (root / CRATE).write_text(as_text({"@context": [], "@graph": [dataset, *files]}))
    for step, path in (("write_manifest", MANIFEST), ("write_crate", CRATE)):
        record = {"step": step, "inputs": {}, "outputs": {"file": [entry(root / path, f"results/a/1.0/{path}")]}}
        (root / f"10_report/{step}.record.json").write_text(json.dumps(record))


def write_version(root):
    """Write a version of one step, which reads one given file and writes one table."""
    for path, text in ((TABLE, "gene\tpadj\ng1\t0.5\n"), (MANIFEST, "")):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    Path("given.tsv").write_text("gene\ts1\n")
    given = entry(Path("given.tsv"), "given.tsv")
    step = {"step": "test_contrast", "code": "0123", "inputs": {"counts": [given]}}
    step["outputs"] = {"table": [entry(root / TABLE, f"results/a/1.0/{TABLE}")]}
    record = root / "07_test/x.test_contrast.record.json"
    record.write_text(json.dumps(step))
    manifest = {"folder": "results/a/1.0", "settings": SETTINGS, "given": [given], "steps": [step]}
    manifest["files"] = [step["outputs"]["table"][0] | {"written_by": "test_contrast"}]
    manifest["records"] = [entry(record, f"results/a/1.0/{record.relative_to(root)}")]
    (root / MANIFEST).write_text(json.dumps(manifest))
    write_crate(root)


def writable(root):
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A folder of scripts whose only step has the code of the record."""
    monkeypatch.setattr("degsteps.provenance.seal.code_digest", lambda script: "0123")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/test_contrast.py").touch()
    return tmp_path / "scripts"


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    """A sealed version that can be written to, and the digest of its seal."""
    monkeypatch.chdir(tmp_path)
    root = Path("results/a/1.0")
    write_version(root)
    assert verify(root).findings == []
    digest = write_seal(root)
    assert not (root / TABLE).stat().st_mode & stat.S_IWUSR
    writable(root)
    return root, digest


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def resealed(root):
    """Recompute every digest after a change of the table: record, manifest, crate and seal."""
    for path in (root / SEAL, root / CRATE):
        path.unlink()
    write_version_again(root)
    write_seal(root)
    writable(root)


def write_version_again(root):
    text = (root / TABLE).read_text()
    write_version(root)
    (root / TABLE).write_text(text)
    record = root / "07_test/x.test_contrast.record.json"
    manifest = json.loads((root / MANIFEST).read_text())
    own = entry(root / TABLE, f"results/a/1.0/{TABLE}")
    manifest["steps"][0]["outputs"]["table"] = [own]
    record.write_text(json.dumps(manifest["steps"][0]))
    manifest["files"] = [own | {"written_by": "test_contrast"}]
    manifest["records"] = [entry(record, manifest["records"][0]["path"])]
    (root / MANIFEST).write_text(json.dumps(manifest))
    write_crate(root)


def other_alpha(root):
    edit(root / SEAL, '"alpha": 0.05', '"alpha": 0.1')


def other_alpha_in_both(root):
    other_alpha(root)
    edit(root / MANIFEST, '"alpha": 0.05', '"alpha": 0.1')


def other_digest_in_seal(root):
    edit(root / SEAL, entry(root / TABLE, "")["sha256"], "0" * 64)


def other_code(root):
    edit(root / SEAL, '"test_contrast": "0123"', '"test_contrast": "0124"')


def other_given(root):
    edit(root / SEAL, '"path": "given.tsv"', '"path": "other.tsv"')


def without_seal(root):
    (root / SEAL).unlink()


def without_name_in_crate(root):
    (root / CRATE).write_bytes(unsealed_crate(root))


def seal_that_tells_less(root):
    edit(root / SEAL, '"named_in"', '"named"')
    without_name_in_crate(root)


def other_crate(root):
    edit(root / CRATE, '"Dataset"', '"Dateset"')


def one_number_and_all_digests(root):
    edit(root / TABLE, "0.5", "0.4")
    resealed(root)


def without_any_trace(root):
    without_name_in_crate(root)
    without_seal(root)


#: By manipulation: what verify ends with on its own, and with the digest that was written down.
MANIPULATIONS = {
    other_alpha: (ExitCode.CHANGED, ExitCode.CHANGED),
    other_alpha_in_both: (ExitCode.CHANGED, ExitCode.CHANGED),
    other_digest_in_seal: (ExitCode.CHANGED, ExitCode.CHANGED),
    other_code: (ExitCode.CHANGED, ExitCode.CHANGED),
    other_given: (ExitCode.CHANGED, ExitCode.CHANGED),
    without_seal: (ExitCode.MISSING, ExitCode.MISSING),
    without_name_in_crate: (ExitCode.CHANGED, ExitCode.CHANGED),
    other_crate: (ExitCode.CHANGED, ExitCode.CHANGED),
    # Whoever may write to all files can make a folder that is whole in itself: only what lies elsewhere tells.
    seal_that_tells_less: (ExitCode.OK, ExitCode.CHANGED),
    one_number_and_all_digests: (ExitCode.OK, ExitCode.CHANGED),
    without_any_trace: (ExitCode.OK, ExitCode.MISSING),
}


def test_a_sealed_version_is_as_written_by_every_file_that_knows_it(sealed):
    root, digest = sealed
    assert is_sealed(root)
    assert verify(root).findings == []
    assert verify(root, digest=digest).findings == []
    assert verify(root, digest=digest[:16].upper()).findings == []
    assert hashlib.sha256((root / SEAL).read_bytes()).hexdigest() == digest
    crate = json.loads((root / CRATE).read_text())
    assert [part["sha256"] for part in crate["@graph"] if part["@id"] == "seal.json"] == [digest]
    assert {"@id": "seal.json"} in crate["@graph"][0]["hasPart"]


@pytest.mark.parametrize("manipulation", MANIPULATIONS, ids=lambda change: change.__name__)
def test_manipulations_are_found(manipulation, sealed):
    root, digest = sealed
    manipulation(root)
    alone, with_digest = MANIPULATIONS[manipulation]
    assert verify(root).code == alone
    assert verify(root, digest=digest).code == with_digest


@pytest.mark.parametrize(
    "manipulation",
    [other_alpha, other_code, other_digest_in_seal, without_seal, without_name_in_crate],
    ids=lambda change: change.__name__,
)
def test_the_check_and_the_run_refuse_what_is_not_as_sealed(manipulation, sealed, scripts):
    root, _ = sealed
    require_unchanged([(root, SETTINGS)], scripts)
    manipulation(root)
    settings = SETTINGS | {"test": {"alpha": 0.1}} if manipulation is other_alpha else SETTINGS
    assert is_sealed(root)
    with pytest.raises(ConfigError, match=r"seal\.json|ro-crate-metadata\.json"):
        require_unchanged([(root, settings)], scripts)


def test_the_check_compares_digests_and_the_start_of_a_run_sizes(sealed, scripts):
    root, _ = sealed
    edit(root / TABLE, "0.5", "0.4")
    assert changes_since_sealed(root, SETTINGS, scripts) == []
    (change,) = changes_since_sealed(root, SETTINGS, scripts, every_byte=True)
    assert change == f"{root / TABLE}: has other bytes than when it was sealed. Restore it from a copy."


@pytest.mark.parametrize("digest", ["", "0", "f" * 64])
def test_another_digest_or_a_short_one_is_none(digest, sealed):
    (finding,) = verify(sealed[0], digest=digest).findings
    assert "is not the seal whose digest was written down" in finding.what


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'{"settings": 1}', b"\xff", b"[" * 100_000])
def test_a_broken_seal_is_a_finding(content, sealed):
    root, _ = sealed
    (root / SEAL).write_bytes(content)
    (finding,) = verify(root).findings
    assert finding.code == ExitCode.DAMAGED
    assert "cannot be read as a seal" in finding.what


def test_a_seal_of_before_the_crate_named_it_is_sound(sealed):
    root, _ = sealed
    content = json.loads((root / SEAL).read_text())
    del content["named_in"]
    without_name_in_crate(root)
    (root / SEAL).write_text(as_text(content))
    assert verify(root).findings == []


# ---- signatures, with keys that are made here


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys and a list of signers that names the first."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("mine", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "signers").write_text("me@example.org " + (folder / "mine.pub").read_text())
    return folder


@pytest.fixture
def signed(tmp_path, monkeypatch, keys):
    monkeypatch.chdir(tmp_path)
    root = Path("results/a/1.0")
    write_version(root)
    write_seal(root, keys / "mine")
    writable(root)
    return root


def test_a_signed_seal_is_of_its_signer(signed, keys):
    assert verify(signed).findings == []
    assert verify(signed, signers=keys / "signers").findings == []


def test_what_was_resealed_has_no_signature_of_the_signer(signed, keys):
    edit(signed / TABLE, "0.5", "0.4")
    (signed / SIGNATURE).unlink()
    resealed(signed)
    assert verify(signed).findings == []
    (finding,) = verify(signed, signers=keys / "signers").findings
    assert (finding.code, finding.path) == (ExitCode.MISSING, "seal.json.sig")


@pytest.mark.parametrize("key", ["mine", "other"])
def test_a_signature_of_another_seal_or_key_is_found(key, signed, keys):
    old = (signed / SIGNATURE).read_bytes()
    edit(signed / TABLE, "0.5", "0.4")
    resealed(signed)
    if key == "mine":
        (signed / SIGNATURE).write_bytes(old)
        assert verify(signed).code == ExitCode.CHANGED
    else:
        (signed / SIGNATURE).unlink()
        subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-f", keys / "other", "-n", "degsteps-seal", signed / SEAL], check=True
        )
        assert verify(signed).findings == []
    (finding,) = verify(signed, signers=keys / "signers").findings
    assert (finding.code, finding.path) == (ExitCode.CHANGED, "seal.json.sig")


def test_a_key_that_cannot_sign_seals_nothing(tmp_path, monkeypatch, keys):
    monkeypatch.chdir(tmp_path)
    root = Path("results/a/1.0")
    write_version(root)
    with pytest.raises(DataError, match=r"cannot sign with this key.*Nothing was sealed"):
        write_seal(root, keys / "none")
    assert not is_sealed(root)
    assert verify(root).findings == []
