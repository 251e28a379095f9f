"""What a stage says of its results: the record of a section, what it reads, and the words and tables it is made of."""
