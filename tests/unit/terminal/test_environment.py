"""A bare installation of Snakemake is told from one with the packages of the steps."""

from types import SimpleNamespace

import pytest

from degsteps.terminal.environment import PACKAGES, missing_packages


def workflow(methods=(), local=True, shared=("software-deployment",)):
    return SimpleNamespace(
        deployment_settings=SimpleNamespace(deployment_method=set(methods)),
        storage_settings=SimpleNamespace(shared_fs_usage=set(shared)),
        local_exec=local,
    )


def bare(name):
    return None if name in PACKAGES[:2] else name


def test_one_sentence_names_packages_and_cure():
    said = missing_packages(workflow(), bare)
    assert "but not numpy, scipy, which the steps import" in said
    assert "--use-conda" in said
    assert missing_packages(workflow(local=False), bare) is not None


@pytest.mark.parametrize(
    "used",
    [workflow(methods=["conda"]), workflow(methods=["apptainer"]), workflow(local=False, shared=())],
    ids=["conda", "container", "elsewhere"],
)
def test_nothing_is_said_where_jobs_bring_their_packages(used):
    assert missing_packages(used, bare) is None


def test_nothing_is_said_where_all_are_there():
    assert missing_packages(workflow()) is None
