"""The page of a comparison: one file, no network, everything inside."""

import base64
from collections.abc import Mapping
from typing import Any

from degsteps.provenance.comparison import CAUSES
from degsteps.report.template import environment, policy_hash, source
from degsteps.sections.numbers import format_fold_change, format_p

#: Rows of moved genes in the page; the JSON beside it holds all.
MAX_ROWS = 1000
#: Sets that came or went by one method, in the page.
MAX_SETS = 20


def render_comparison(compared: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """Return the page.

    Parameters
    ----------
    compared : result of :func:`degsteps.provenance.comparison.compare`.
    figures : PNG of each contrast.
    """
    from markupsafe import Markup

    style = source("report.css")
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            style=Markup(style),  # noqa: S704 - a file of this package
            style_hash=policy_hash(style),
            first=compared["first"],
            second=compared["second"],
            changes=change_sentences(compared),
            contrasts=[_contrast(name, found, figures[name]) for name, found in compared["contrasts"].items()],
        )
    )


def change_sentences(compared: Mapping[str, Any]) -> list[str]:
    """Return one sentence per thing that differs outside of the contrasts."""
    found = compared["differences"]
    lines = [
        f"Setting {key}: {_word(old)} in the first, {_word(new)} in the second."
        for key, (old, new) in found["settings"].items()
    ]
    lines += [f"Given file {path}." for path in found["given_files"]]
    for what, named in (("Samples", found["samples"]), ("Kept genes", found["genes_kept"])):
        for side in ("first", "second"):
            only = named[f"only_{side}"]
            if only:
                shown = f"{only:,}" if isinstance(only, int) else ", ".join(only)
                lines.append(f"{what} only in the {side}: {shown}.")
    change = found["largest_size_factor_change"]
    lines += [f"Size factors of common samples: up to {change:.2%}."] * (change > 0)
    for kind, what in (("code", "Code of"), ("python", "Python of"), ("platform", "Platform of")):
        if found[kind]:
            lines.append(f"{what} {', '.join(found[kind])}.")
    lines += [f"{name}: {old} in the first, {new} in the second." for name, (old, new) in found["packages"].items()]
    for side in ("first", "second"):
        only = compared[f"only_{side}"]
        lines += [f"Contrasts only in the {side}: {', '.join(only)}."] * bool(only)
    return lines


def _word(value: Any) -> str:
    import json

    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _contrast(name: str, found: Mapping[str, Any], figure: bytes) -> dict[str, Any]:
    changes = found["log2_fold_change"]
    opposite = found["opposite_direction"]
    sentence = (
        f"{found['called_first']:,} genes are called in the first, {found['called_second']:,} in the second, "
        f"{found['called_both']:,} in both: Jaccard index {found['jaccard']:.3f}. "
        f"{len(opposite):,} of those called in both have the opposite direction."
    )
    largest = (
        f"The largest difference is {changes['largest_difference']:.3g}, at {changes['largest_at']}."
        if changes["largest_difference"]
        else "All fold changes are equal."
    )
    moved, renamed = found["moved"], found["renamed"]
    more = f"; the first {MAX_ROWS:,}, all are in comparison.json" if len(moved) > MAX_ROWS else ""
    return {
        "name": name,
        "sentence": sentence,
        "figure": f"data:image/png;base64,{base64.b64encode(figure).decode()}",
        "fold_changes": f"Each point is one of {changes['genes']:,} genes. {largest}",
        "causes": [(cause, number, CAUSES[cause]) for cause, number in found["causes"].items()],
        "moved_caption": f"{len(moved):,} genes moved across the threshold{more}",
        "moved": [_row(entry) for entry in moved[:MAX_ROWS]],
        "sets": [set_sentence(entry) for entry in found["sets"]],
        "renamed": f"{len(renamed):,} called genes have another symbol (annotation); no call depends on it."
        if renamed
        else "",
    }


def set_sentence(entry: Mapping[str, Any]) -> str:
    """Say which sets of a collection came and went."""
    said = f"{entry['collection']}, {entry['method'].replace('_', ' ')}: {entry['called_first']:,} sets called in the "
    said += f"first, {entry['called_second']:,} in the second."
    for what, sets in (("Came", entry["came"]), ("Went", entry["went"])):
        if sets:
            shown = [f"{each['title']} ({each['set']})" for each in sets[:MAX_SETS]]
            more = f" and {len(sets) - MAX_SETS:,} more" if len(sets) > MAX_SETS else ""
            said += f" {what}: {', '.join(shown)}{more}."
    return said


def _row(entry: Mapping[str, Any]) -> list[str]:
    numbers = [
        "" if entry[key] is None else form(entry[key])
        for form, column in ((format_fold_change, "log2_fold_change"), (format_p, "padj"))
        for key in (f"{column}_first", f"{column}_second")
    ]
    return [
        entry["gene"],
        entry["symbol"],
        entry["called_in"],
        *numbers,
        entry["cause"],
        entry["why"],
        ", ".join(entry["also"]),
    ]
