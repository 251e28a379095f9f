"""Model formulas: their grammar and their terms.

Standard library only: the Snakefile imports this module.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from degsteps.basics.errors import ConfigError
from degsteps.basics.words import quoted

INTERCEPT = "Intercept"
#: More terms than any experiment has samples for; a chain of ``*`` or a power makes them fast.
MOST_TERMS = 500
#: Characters of a formula or an expression, and parentheses within one another.
LONGEST_TEXT, MOST_NESTED = 10_000, 50
_POWER = ("**", "^")
_ONE_POWER = "One power stands behind a column or a parenthesis, e.g. '(a + b)**2'."


class FormulaError(ConfigError):
    """A model formula cannot be read; ``what`` is the fact and ``cure`` the advice."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what} {cure}")
        self.what, self.cure = what, cure


@dataclass(frozen=True)
class Formula:
    """A model formula: whether it has an intercept, and its terms as tuples of column names, main effects first."""

    intercept: bool
    terms: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The sample sheet columns that the formula names, each once, in order."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))

    def __str__(self) -> str:
        parts = [term_name(term, quote=True) for term in self.terms]
        if not self.intercept:
            parts.insert(0, "0")
        return "~ " + " + ".join(parts or ["1"])


def term_name(term: tuple[str, ...], quote: bool = False) -> str:
    """Return a term as text, e.g. ``("a", "b")`` -> ``"a:b"``; the empty term is the intercept."""
    if not term:
        return INTERCEPT
    return ":".join(f"`{name}`" if quote and not _BARE_NAME.fullmatch(name) else name for name in term)


_BARE_NAME = re.compile(r"(?!\d)[\w.]+")
_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>`[^`]+`)|(?P<number>\d[\w.]*)|(?P<name>(?!\d)[\w.]+)|(?P<sign>%in%|\*\*|[-+:*()~/^|=,$`]|\S))"
)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
    return [*tokens, _Token("end", "the end", len(text.rstrip()) + 1)]


class _Parser:
    """Recursive descent over the grammar of R's formulas, without calls.

    ``sum := product (+ product)*; product := part ([*/] part)*; part := power (: power)*; power := atom [** number]``
    """

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def take(self) -> _Token:
        token = self.token
        self.index += 1
        return token

    def is_sign(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def formula(self) -> Formula:
        if any(token.text in "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb" for token in self.tokens):
            raise FormulaError("There are typographic quotes in the formula.", "Type plain ones.")
        if not any(token == ("sign", "~", token.position) for token in self.tokens):
            raise FormulaError(
                "The formula has no '~'.", "Begin it with '~', then the columns, e.g. '~ batch + condition'."
            )
        if not self.is_sign("~"):
            self.fail("stands before the '~'", "Leave the left side empty: it is always the counts of a gene.")
        self.take()
        terms = self.sum()
        if self.token.kind != "end":
            self.fail_unexpected()
        intercept, kept, seen = True, [], set()
        for term in terms:
            if isinstance(term, bool):
                intercept = term
            elif frozenset(term) not in seen:
                seen.add(frozenset(term))
                kept.append(term)
        if len(kept) > MOST_TERMS:
            self.fail_long()
        return Formula(intercept, tuple(sorted(kept, key=len)))

    def sum(self, inside: bool = False) -> list[tuple[str, ...] | bool]:
        terms: list[tuple[str, ...] | bool] = []
        sign = "+"
        if self.is_sign("+", "-"):
            sign = self.take().text
        while True:
            terms += self.constant_or_product(sign, inside)
            if not self.is_sign("+", "-"):
                return terms
            sign = self.take().text

    def constant_or_product(self, sign: str, inside: bool) -> list[tuple[str, ...] | bool]:
        token = self.token
        if token.kind == "number":
            if self.tokens[self.index + 1].text == "|":
                self.fail_random_effect()
            if token.text not in ("0", "1") or inside:
                self.fail(
                    "is a number where a column belongs",
                    "Only '0 +' or '- 1' (no intercept) and '1 +' may stand alone, outside of parentheses; "
                    f"a column of that name goes in backquotes: `{token.text}`.",
                )
            self.take()
            if self.is_sign(":", "*", "/", *_POWER):
                self.fail("joins a column to a number", "Join columns only.")
            return [(token.text == "1") == (sign == "+")]
        if sign == "-":
            previous = self.tokens[self.index - 2]
            hint = ""
            if previous.kind == "name" and token.kind in ("name", "number"):
                hint = f" If the column is called {previous.text}-{token.text}, put it in backquotes."
            self.fail("is to be taken away", f"Only '- 1' is known: name the terms that you want instead.{hint}")
        return list(self.product())

    def product(self) -> list[tuple[str, ...]]:
        terms = self.interaction()
        while self.is_sign("*", "/"):
            sign = self.take().text
            right = self.interaction()
            if sign == "*":
                terms = self.distinct([*terms, *right, *self.crossed(terms, right)])
            else:
                # What stands behind the stroke is nested in all columns before it together.
                together = [tuple(dict.fromkeys(name for term in terms for name in term))]
                terms = self.distinct([*terms, *self.crossed(together, right)])
        return terms

    def interaction(self) -> list[tuple[str, ...]]:
        terms = self.power()
        while self.is_sign(":"):
            self.take()
            terms = self.crossed(terms, self.power())
        return terms

    def power(self) -> list[tuple[str, ...]]:
        """Read an atom and a power: all interactions of up to so many of its terms."""
        terms = self.atom()
        if not self.is_sign(*_POWER):
            return terms
        self.take()
        text = self.token.text
        if self.token.kind != "number" or not text.isascii() or not text.isdigit() or len(text) > 2 or int(text) < 1:
            self.fail(
                "stands where the number of terms that interact is expected",
                "Write a whole number from 1 to 99 behind the power sign, e.g. '(a + b + c)**2' for all interactions "
                "of two.",
            )
        self.take()
        expanded = terms
        for _ in range(int(text) - 1):
            more = self.distinct([*expanded, *self.crossed(expanded, terms)])
            if len(more) == len(expanded):
                break
            expanded = more
        return expanded

    def crossed(self, left: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Return the interaction of every pair of terms; a column crossed with itself is itself."""
        if len(left) * len(right) > 100 * MOST_TERMS:
            self.fail_long()
        return self.distinct([tuple(dict.fromkeys((*first, *second))) for first in left for second in right])

    def distinct(self, terms: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Leave out terms that differ from earlier ones in the order of their columns only."""
        by_columns: dict[frozenset[str], tuple[str, ...]] = {}
        for term in terms:
            by_columns.setdefault(frozenset(term), term)
        if len(by_columns) > MOST_TERMS:
            self.fail_long()
        return list(by_columns.values())

    def fail_long(self) -> None:
        raise FormulaError(
            f"The formula stands for more than {MOST_TERMS} terms.",
            "Name the interactions that the samples can answer, and lower the power.",
        )

    def atom(self) -> list[tuple[str, ...]]:
        token = self.token
        if self.is_sign("("):
            self.depth += 1
            if self.depth > MOST_NESTED:
                self.fail(f"is the {MOST_NESTED + 1}th parenthesis within another", "Take away those without effect.")
            self.take()
            terms = self.sum(inside=True)
            self.depth -= 1
            if self.is_sign("|"):
                self.fail_random_effect()
            if not self.is_sign(")"):
                self.fail_unexpected("the ')' that closes the parenthesis")
            self.take()
            return [term for term in terms if not isinstance(term, bool)]
        if token.kind == "name":
            self.take()
            if self.is_sign("("):
                self.index -= 1
                self.fail_call()
            return [(token.text,)]
        if token.kind == "quoted":
            self.take()
            return [(token.text[1:-1],)]
        if token.kind == "number":
            self.fail(
                "is a number where a column belongs", f"A column of that name goes in backquotes: `{token.text}`."
            )
        return self.fail_unexpected("the name of a column")

    def fail(self, what: str, cure: str) -> None:
        token = "The end of the formula" if self.token.kind == "end" else quoted(self.token.text)
        raise FormulaError(f"{token} (character {self.token.position}) {what}.", cure)

    def fail_call(self) -> None:
        name = self.token.text
        if name in ("C", "factor", "as.factor", "relevel", "Treatment"):
            cure = "Write the column alone and declare it under design.factors, with its reference level."
        else:
            cure = (
                "Formulas hold columns only: write the result as a column of the sample sheet and declare it under "
                "design.covariates (centring and scaling are settings there)."
            )
        self.fail("is a function call", cure)

    def fail_random_effect(self) -> None:
        raise FormulaError(
            "A bar '|' asks for a random effect, and the model of the counts has none.",
            "Use the column as a block instead, e.g. '~ donor + condition', if every donor has several conditions.",
        )

    def fail_unexpected(self, expected: str = "'+', ':' or '*'") -> None:
        token = self.token
        if token.text == "|":
            self.fail_random_effect()
        cures = {
            "%in%": "Write 'b %in% a' as 'a:b'.",
            "^": _ONE_POWER,
            "**": _ONE_POWER,
            "~": "Write one '~', at the beginning.",
            "`": "Backquotes come in pairs around the name of a column.",
            "=": "Nothing is assigned in a formula; reference levels go under design.factors.",
        }
        cure = cures.get(token.text if token.kind == "sign" else "")
        if cure is None and token.kind in ("name", "number", "quoted"):
            cure = "Put a sign between two columns; a column name with blanks goes in backquotes: `time point`."
        if cure is None:
            cure = "Known are columns, '+', ':', '*', '/', '**', parentheses, '0 +' and '- 1'; other names go in "
            cure += "backquotes."
        self.fail(f"stands where {expected} is expected", cure)


def parse_formula(text: str) -> Formula:
    """Read a model formula.

    Known are ``~``, columns, ``+``, ``:``, ``*``, parentheses, ``0 +``, ``1 +`` and ``- 1``; ``a/b`` for ``a + a:b``,
    and ``(a + b + c)**2`` (or ``^2``) for all interactions of up to two of the terms. Names are letters, digits, ``_``
    and ``.``; any other name stands in backquotes. Terms are sorted by the number of columns, as R and formulaic
    do, so main effects come before interactions.

    Raises
    ------
    FormulaError
        (a :class:`ConfigError`) with the position and what to write instead.

    Examples
    --------
    >>> parse_formula("~ a*b").terms
    (('a',), ('b',), ('a', 'b'))
    """
    if not text.strip():
        raise FormulaError("The formula is empty.", "Write '~' and the columns, e.g. '~ batch + condition'.")
    if len(text) > LONGEST_TEXT:
        what = f"The formula has {len(text):,} characters, of at most {LONGEST_TEXT:,}."
        raise FormulaError(what, "Name the columns that the samples can answer.")
    formula = _Parser(text).formula()
    if not formula.intercept and not formula.terms:
        raise FormulaError("The formula has neither an intercept nor a column.", "Name the columns to model.")
    return formula
