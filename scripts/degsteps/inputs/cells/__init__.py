"""Given files of single cells: what is in them, whose cells these are, and what their types are called."""
