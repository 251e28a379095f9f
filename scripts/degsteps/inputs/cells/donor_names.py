"""Donors that are no persons: what demultiplexing programs write where they cannot say whose cell it is.

Standard library only.
"""

import re

#: By words of vireo, souporcell, demuxlet, freemuxlet, HTODemux, hashsolo and cellbender's users, and missing values.
_NO_PERSON = frozenset(
    {
        "doublet", "doublets", "multiplet", "multiplets", "dbl", "unassigned", "unassign", "unknown", "unk",
        "undetermined", "ambiguous", "amb", "ambient", "background", "empty", "negative", "negatives", "neg", "none",
        "na", "n/a", "n.a.", "nan", "<na>", "null", "nil", "missing", "not assigned", "no call", "nocall", "uncertain",
        "unsure", "noperson", "nodonor", "no donor", "no person", "debris", "unmapped", "",
    }
)  # fmt: skip
#: With a number behind it, only words that nobody is called: NA12878 is a person.
_NUMBERED = re.compile(r"(?:doublets?|multiplets?|unassigned|ambiguous|ambient|negatives?)[-_ ]?\d+$", re.IGNORECASE)
#: "DBL-d1,d2-0.5" and "AMB-..." of demuxlet, "0/1" of souporcell, "doublet_d1_d2" of others.
_PATTERN = re.compile(r"(?:(?:dbl|amb|doublet|multiplet)[-_ :].*|\d+/\d+)$", flags=re.IGNORECASE)


def is_no_person(donor: object) -> bool:
    """Return whether a donor's name says doublet, unassigned, ambiguous, ambient or missing."""
    if donor is None or donor != donor:
        return True
    name = " ".join(str(donor).replace("_", " ").split()).lower()
    return (
        not re.search(r"\w", name)
        or name in _NO_PERSON
        or any(pattern.match(str(donor).strip()) for pattern in (_PATTERN, _NUMBERED))
    )
