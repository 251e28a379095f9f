"""Given files of single cells: what is in them, found before any job; whose cells these are, and what types are called."""
