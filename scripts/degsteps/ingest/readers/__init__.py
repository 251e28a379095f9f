"""Reading counts in the formats that programs write, each by a library that is made for it.

Every reader returns genes x samples as they were given: ids may be repeated, values may be fractions. What is wrong is
said in the words of the check before the run (:func:`degsteps.inputs.scan.scan_faults`). ``tables`` reads text with
one column per sample, ``per_sample`` text with one file per sample, ``quantifications`` what estimates transcripts,
``containers`` binary formats; ``raw`` holds what all of them return.
"""
