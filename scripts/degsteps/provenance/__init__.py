"""Records of runs: manifest, verification, replay, seals, plans, blinding, comparison of versions."""
