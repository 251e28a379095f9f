"""A signature of a seal, in a file of its own: made and checked by ``ssh-keygen``, with keys that lie elsewhere.

Standard library only.
"""

import subprocess
from pathlib import Path

from degsteps.basics.errors import DataError
from degsteps.provenance.sealed import SEAL

#: What a signature is for; one that was made for something else is not taken.
NAMESPACE = "degsteps-seal"
SIGNATURE = Path(f"{SEAL}.sig")


def sign_seal(root: Path, key: Path) -> Path:
    """Write a signature beside a seal.

    Parameters
    ----------
    key : private key, or the public one of a key that an agent holds.

    Raises
    ------
    DataError
        if ssh-keygen is not there or cannot sign with the key.
    """
    done = _ssh_keygen(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(root / SEAL)])
    if done.returncode or not (root / SIGNATURE).is_file():
        raise DataError(f"{key}: cannot sign with this key ({_reason(done)}). Name a key that ssh-keygen made.")
    return root / SIGNATURE


def signature_fault(root: Path, signers: Path | None) -> str | None:
    """Say what is wrong with the signature of a seal; None if nothing is.

    Parameters
    ----------
    signers : lines of ``name key-type key``, as ``allowed_signers`` of SSH: who may sign. Without it, only that the
        signature is one of this seal is checked, whoever made it.

    Raises
    ------
    DataError
        if ssh-keygen is not there, or the list of signers cannot be read.
    """
    content, signature = (root / SEAL).read_bytes(), str(root / SIGNATURE)
    if signers is None:
        done = _ssh_keygen(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", signature], content)
        return f"is not the signature of this seal ({_reason(done)})." if done.returncode else None
    if not signers.is_file():
        raise DataError(
            f"{signers}: there is no such file. Name a list of signers: a line of `name key-type key` each."
        )
    found = _ssh_keygen(["-Y", "find-principals", "-s", signature, "-f", str(signers)])
    names = found.stdout.decode(errors="replace").splitlines()
    if found.returncode or not names:
        return f"is of no key that {signers} lists."
    verify = ["-Y", "verify", "-f", str(signers), "-I", names[0], "-n", NAMESPACE, "-s", signature]
    done = _ssh_keygen(verify, content)
    return f"is not {names[0]}'s signature of this seal ({_reason(done)})." if done.returncode else None


def has_ssh_keygen() -> bool:
    """Whether signatures can be made and checked here."""
    try:
        _ssh_keygen(["-?"])
    except DataError:
        return False
    return True


def _ssh_keygen(arguments: list[str], content: bytes | None = None) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(  # noqa: S603
            ["ssh-keygen", *arguments],  # noqa: S607
            input=content,
            stdin=subprocess.DEVNULL if content is None else None,
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise DataError("ssh-keygen: is not there or does not answer. Install OpenSSH 8.1 or later.") from None


def _reason(done: subprocess.CompletedProcess) -> str:
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1][:120] if lines else f"code {done.returncode}"
