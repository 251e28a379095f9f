"""Trees of samples or genes, by average linkage: for the table of a figure and for the figure itself."""

import numpy as np
import pandas as pd


def clustering(distances: pd.DataFrame) -> pd.DataFrame:
    """Cluster samples by average linkage.

    Returns
    -------
    DataFrame
        One row per merge: index `merge`; `left`, `right` (a sample by its position in `distances`, or an earlier merge
        by its number plus the number of samples), `height`, `n_samples`. Branches are turned so that neighbours are
        close to each other, where there are not too many.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    steps = np.empty((0, 4))
    if len(distances) > 1:
        condensed = squareform(distances.to_numpy(), checks=False)
        # The best order takes time that grows with the square of the samples at best, and by hundreds nobody sees it.
        steps = linkage(condensed, method="average", optimal_ordering=len(distances) <= 200)
    return pd.DataFrame(
        {
            "left": steps[:, 0].astype(int),
            "right": steps[:, 1].astype(int),
            "height": steps[:, 2],
            "n_samples": steps[:, 3].astype(int),
        },
        index=pd.RangeIndex(len(steps), name="merge"),
    )


def leaf_order(merges: pd.DataFrame, n_samples: int) -> list[int]:
    """Return the positions of the samples from one end of the tree of :func:`clustering` to the other."""
    members = {i: [i] for i in range(n_samples)}
    for merge, (left, right) in enumerate(merges[["left", "right"]].to_numpy(dtype=int)):
        members[n_samples + merge] = members.pop(left) + members.pop(right)
    return [i for joined in members.values() for i in joined]
