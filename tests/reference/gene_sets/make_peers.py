"""Scores of gseapy and activities of decoupler on pasilla: PYTHON make_peers.py INPUT.tsv.gz FLY_GO_BP.gmt.gz OUT

PYTHON has gseapy 1.3.1 and decoupler 2.2.0 (an environment of its own); INPUT is ``pasilla_input.tsv.gz`` here. Writes
``pasilla_gseapy.tsv`` (every 12th set of 10 to 500 tested genes; 1,000 permutations) and ``pasilla_ulm.tsv`` with
its network ``pasilla_network.tsv.gz`` (every 60th set; random signed weights).
"""

import gzip
import sys
from pathlib import Path

import decoupler
import gseapy
import numpy as np
import pandas as pd

table = pd.read_csv(sys.argv[1], sep="\t", index_col="gene")
out = Path(sys.argv[3])
sets = {}
with gzip.open(sys.argv[2], "rt") as stream:
    for line in stream:
        name, _, *genes = line.rstrip("\n").split("\t")
        known = [gene for gene in genes if gene in table.index]
        if 10 <= len(known) <= 500:
            sets[name] = known

every = dict(list(sets.items())[::12])
done = gseapy.prerank(
    table["stat"], every, min_size=1, max_size=10_000, permutation_num=1000, seed=1, threads=1, outdir=None
)
scores = done.res2d.set_index("Term")[["ES", "NES", "NOM p-val"]].loc[list(every)].astype(float)
scores.columns = ["score", "normalized_score", "p"]
scores.rename_axis("set").to_csv(out / "pasilla_gseapy.tsv", sep="\t")

rng = np.random.default_rng(1)
rows = [(name, gene) for name, genes in list(sets.items())[::60] for gene in genes]
network = pd.DataFrame(rows, columns=["source", "target"])
network["weight"] = np.round(rng.normal(0.5, 1.0, len(network)), 3)
network.to_csv(out / "pasilla_network.tsv.gz", sep="\t", index=False, compression={"method": "gzip", "mtime": 0})
values = table[["stat"]].T
score, _ = decoupler.mt.ulm(data=values, net=network, tmin=1, verbose=False)
score.T.set_axis(["stat"], axis=1).rename_axis("source").to_csv(out / "pasilla_ulm.tsv", sep="\t")
