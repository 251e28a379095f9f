"""Expressions over groups and levels: ``(B:trt - B:ctl) - (A:trt - A:ctl)``.

Standard library only: the Snakefile imports this module.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from degsteps.basics.words import listed, quoted, suggestion
from degsteps.design.coding import as_number
from degsteps.design.contrasts import ContrastError
from degsteps.design.formula import MOST_NESTED

_TOKEN = re.compile(r"\s*(?:(?P<quoted>`[^`]+`)|(?P<word>[\w.]+)|(?P<sign>\S))")


class Linear(NamedTuple):
    """A constant plus weights of groups; a group is a sorted tuple of ``(factor, level)``."""

    constant: float
    groups: dict[tuple[tuple[str, str], ...], float]

    def plus(self, other: "Linear", sign: float = 1.0) -> "Linear":
        groups = dict(self.groups)
        for group, weight in other.groups.items():
            groups[group] = groups.get(group, 0.0) + sign * weight
        return Linear(self.constant + sign * other.constant, groups)

    def times(self, number: float) -> "Linear":
        return Linear(self.constant * number, {group: weight * number for group, weight in self.groups.items()})


class _Parser:
    """Recursive descent over ``sum := product (+- product)*; product := value (*/ value)*``; no text is executed."""

    def __init__(self, text: str, levels: Mapping[str, tuple[str, ...]]) -> None:
        self.levels = levels
        self.depth = 0
        self.tokens = [
            (match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
            for match in _TOKEN.finditer(text.rstrip())
        ]
        self.tokens.append(("end", "the end", len(text) + 1))
        self.index = 0

    def is_sign(self, *signs: str) -> bool:
        kind, text, _ = self.tokens[self.index]
        return kind == "sign" and text in signs

    def take(self) -> str:
        text = self.tokens[self.index][1]
        self.index += 1
        return text

    def fail(self, what: str, cure: str) -> None:
        kind, text, position = self.tokens[self.index]
        token = "the end" if kind == "end" else f"{quoted(text)} (character {position})"
        raise ContrastError("expression", f"{token} {what}.", cure)

    def expression(self) -> Linear:
        linear = self.sum()
        if self.tokens[self.index][0] != "end":
            self.fail("stands where '+' or '-' is expected", "Names with other signs go in backquotes: `T-cell`.")
        return linear

    def sum(self) -> Linear:
        linear = self.product()
        while self.is_sign("+", "-"):
            sign = 1.0 if self.take() == "+" else -1.0
            linear = linear.plus(self.product(), sign)
        return linear

    def product(self) -> Linear:
        linear = self.value()
        while self.is_sign("*", "/"):
            sign = self.take()
            other = self.value()
            if other.groups and (linear.groups or sign == "/"):
                self.index -= 1
                self.fail("multiplies or divides by a group", "Weigh groups by numbers only.")
            if sign == "/" and other.constant == 0:
                self.index -= 1
                self.fail("is a division by 0", "Divide by another number.")
            if other.groups:
                linear, other = other, linear
            linear = linear.times(other.constant if sign == "*" else 1.0 / other.constant)
        return linear

    def value(self) -> Linear:
        kind, text, _ = self.tokens[self.index]
        self.depth += 1
        if self.depth > MOST_NESTED:
            self.fail(
                f"stands within more than {MOST_NESTED} others", "Take away parentheses and signs without effect."
            )
        value = self.nested_value(kind, text)
        self.depth -= 1
        return value

    def nested_value(self, kind: str, text: str) -> Linear:
        if self.is_sign("-"):
            self.take()
            return self.value().times(-1.0)
        if self.is_sign("("):
            self.take()
            linear = self.sum()
            self.close()
            return linear
        following = self.tokens[self.index + 1][1] if kind != "end" else ""
        if kind == "word" and text == "mean" and following == "(":
            self.index += 2
            parts = [self.sum()]
            while self.is_sign(","):
                self.take()
                parts.append(self.sum())
            self.close()
            total = parts[0]
            for part in parts[1:]:
                total = total.plus(part)
            return total.times(1.0 / len(parts))
        if kind == "word" and as_number(text) is not None and following not in (":", "="):
            self.take()
            return Linear(float(text), {})
        if kind in ("word", "quoted"):
            return Linear(0.0, {self.group(): 1.0})
        return self.fail("stands where a group is expected", "Write levels, joined by ':' where several factors count.")

    def close(self) -> None:
        if not self.is_sign(")"):
            self.fail("stands where ')' is expected", "Close the parenthesis.")
        self.take()

    def name(self) -> str:
        kind, text, _ = self.tokens[self.index]
        if kind not in ("word", "quoted"):
            self.fail("stands where a level is expected", "Write levels, joined by ':' where several factors count.")
        self.take()
        return text[1:-1] if kind == "quoted" else text

    def group(self) -> tuple[tuple[str, str], ...]:
        chosen: dict[str, str] = {}
        while True:
            start = self.index
            first = self.name()
            if self.is_sign("="):
                self.take()
                factor, level = first, self.name()
                if factor not in self.levels:
                    self.index = start
                    self.fail("is no factor of the formula", suggestion(factor, list(self.levels), "Its factors are"))
                if level not in self.levels[factor]:
                    self.index -= 1
                    what = f"is no level of {quoted(factor)} that a sample has"
                    self.fail(what, suggestion(level, self.levels[factor], "The levels are"))
            else:
                level, factor = first, self.factor_of(first, start)
            if factor in chosen:
                self.index = start
                self.fail(f"is a second level of {quoted(factor)} in one group", "A group has one level of a factor.")
            chosen[factor] = level
            if not self.is_sign(":"):
                return tuple(sorted(chosen.items()))
            self.take()

    def factor_of(self, level: str, start: int) -> str:
        having = [factor for factor, levels in self.levels.items() if level in levels]
        if len(having) == 1:
            return having[0]
        self.index = start
        if having:
            cure = f"Say which is meant: {having[0]}={level}."
            self.fail(f"is a level of {listed(having)}", cure)
        every = [name for levels in self.levels.values() for name in levels]
        return self.fail("is no level of the design's factors", suggestion(level, every, "Their levels are"))


def parse_expression(text: str, levels: Mapping[str, tuple[str, ...]]) -> Linear:
    """Read an expression over the levels of a design's factors.

    Raises
    ------
    ContrastError
        with the position and what to write instead.
    """
    return _Parser(text, levels).expression()
