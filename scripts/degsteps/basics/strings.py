"""Texts of tables as Python objects, whatever pandas takes for text.

pandas 3 holds text in a type of its own, which AnnData writes in a form that older readers do not know, if at all. The
library itself is not imported here.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def with_objects(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table whose text (index and columns) is held as objects; the same one if nothing is to be changed.

    Missing texts stay missing, and categories remain categories (of objects).
    """
    changed = {}
    for place, kind in enumerate(table.dtypes):
        column = table.iloc[:, place]
        if _is_text(kind):
            changed[table.columns[place]] = column.astype(object)
        elif kind.name == "category" and _is_text(kind.categories.dtype):
            changed[table.columns[place]] = column.cat.rename_categories(kind.categories.astype(object))
    if changed:
        table = table.assign(**changed)
    return table.set_axis(table.index.astype(object)) if _is_text(table.index.dtype) else table


def writable(data: "AnnData") -> "AnnData":
    """Let AnnData write these samples or cells as every version of it reads them. Changes and returns ``data``."""
    data.obs, data.var = with_objects(data.obs), with_objects(data.var)
    for kept in (data.obsm, data.varm):
        for key, value in kept.items():
            if hasattr(value, "dtypes"):
                kept[key] = with_objects(value)
    return data


def _is_text(kind: object) -> bool:
    """Whether a type is one of pandas' own for text: named string, or str from pandas 3 on."""
    return getattr(kind, "name", "") in ("str", "string")
