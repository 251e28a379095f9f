"""How counts are modelled: one record per engine in ``registry``, one module or folder each."""
