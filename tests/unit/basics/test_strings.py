"""Text in the types that pandas has for it is written to h5ad as text of objects is."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

from degsteps.basics.strings import with_objects, writable


def table(kind) -> pd.DataFrame:
    """Columns of text, one with a missing value, a category and numbers; index and text of the type asked for."""
    columns = {
        "lane": pd.Series(["l1", "l1", "l2"], dtype=kind),
        "note": pd.Series(["a", None, "c"], dtype=kind),
        "type": pd.Categorical.from_codes([0, 1, 0], pd.Index(["T", "B"], dtype=kind), ordered=True),
        "total": [1.5, 2.0, 3.0],
    }
    return pd.DataFrame(columns).set_axis(pd.Index(["c1", "c2", "c3"], dtype=kind, name="cell"))


KINDS = [pd.StringDtype("python"), pd.StringDtype("pyarrow"), pd.StringDtype("pyarrow", na_value=np.nan)]


@pytest.mark.parametrize("kind", KINDS, ids=["python", "pyarrow", "as in pandas 3"])
def test_text_becomes_objects(kind):
    given = table(kind)
    made = with_objects(given)
    assert [made[name].dtype for name in ("lane", "note")] == [object, object]
    assert made.index.dtype == made["type"].cat.categories.dtype == object
    assert made.index.name == "cell"
    assert list(made["lane"]) == ["l1", "l1", "l2"]
    assert list(made["note"].isna()) == [False, True, False]
    assert list(made["type"]) == ["T", "B", "T"]
    assert made["type"].cat.ordered
    assert made["total"].dtype == float
    assert given["lane"].dtype == kind


def test_objects_are_left_alone():
    assert with_objects(given := table(object)) is given


@pytest.mark.parametrize("kind", KINDS, ids=["python", "pyarrow", "as in pandas 3"])
def test_files_have_the_same_bytes_whatever_the_type(kind, tmp_path):
    def written(kind, name: str) -> bytes:
        cells = table(kind)
        data = anndata.AnnData(
            obs=cells, var=pd.DataFrame(index=pd.Index(["g1", "g2"], dtype=kind)), obsm={"design": cells[["total"]]}
        )
        with anndata.settings.override(allow_write_nullable_strings=False):
            writable(data).write_h5ad(tmp_path / name)
        return (tmp_path / name).read_bytes()

    assert written(kind, "a.h5ad") == written(object, "b.h5ad")
    encodings = {}
    with h5py.File(tmp_path / "a.h5ad") as stored:
        stored.visititems(lambda name, node: encodings.update({name: node.attrs.get("encoding-type")}))
    assert encodings["obs/cell"] == encodings["obsm/design/cell"] == encodings["var/_index"] == "string-array"
    assert "nullable-string-array" not in encodings.values()
