"""Numbers as text; the page's script formats them in the same way."""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pandas as pd

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def format_count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return MISSING if pd.isna(value) else f"{value:,.0f}"


def format_mean(value: float) -> str:
    """Return a mean count: one decimal below 100, none above."""
    if pd.isna(value):
        return MISSING
    return _rounded(value, ".1f") if value < 100 else _rounded(value, ",.0f")


def format_fold_change(value: float) -> str:
    """Return a log2 fold change with two decimals and a true minus sign."""
    return MISSING if pd.isna(value) else _rounded(value, ".2f").replace("-", MINUS)


def decimals(number: int) -> Callable[[float], str]:
    """Return the format of a number with so many decimals, blank where it is missing."""
    return lambda value: "" if pd.isna(value) else f"{value:.{number}f}"


def format_p(value: float) -> str:
    """Return a p-value with three significant digits, in scientific notation below 0.001.

    One that is too small for a number is smaller than 1e-300, not 0.
    """
    if pd.isna(value):
        return MISSING
    if value == 0:
        return f"< 1e{MINUS}300"
    mantissa, exponent = _rounded(value, ".2e").lower().split("e")
    if value >= 0.001:
        return _rounded(value, f".{2 - int(exponent)}f")
    return f"{mantissa}e{MINUS}{abs(int(exponent))}"


def _rounded(value: float, form: str) -> str:
    # Browsers round halves away from zero, Python's own formats to even digits.
    with localcontext(rounding=ROUND_HALF_UP):
        return format(Decimal(float(value)), form)


def format_bytes(size: int) -> str:
    """Return a file size for inspection."""
    if size < 1000:
        return f"{size} B"
    power = min(int(math.log10(size) / 3), 3)
    return f"{size / 1000**power:.3g} {('kB', 'MB', 'GB')[power - 1]}"
