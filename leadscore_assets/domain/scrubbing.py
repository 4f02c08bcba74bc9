"""The scrubber: what must not leave the platform in a notice is replaced by a word that says what stood there.

E-mail addresses, telephone numbers, secrets, addresses with passwords or tokens, values of personal columns and keys of
leads. When in doubt a number is taken for a telephone's: a notice loses a figure rather than a person her number.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.notices import Notice

MAIL, PHONE, SECRET, LEAD = "[e-mail address]", "[telephone number]", "[secret]", "[lead data]"

_VALUE = r"""("[^"\n]*"|'[^'\n]*'|[^\s,;&)\]}]+)"""
_TELLING = r"[\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|signature|credential)[\w-]*"
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\w+://)[^\s/@]+@"), rf"\1{SECRET}@"),
    (re.compile(r"(https://(?:hooks\.slack\.com|[\w.-]+\.webhook\.office\.com)/)\S+"), rf"\1{SECRET}"),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bxox[a-z]-[\w-]+|\bgh[pousr]_\w{20,}"), SECRET),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), SECRET),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {SECRET}"),
    (re.compile(rf"\b({_TELLING})(['\"]?\s*[=:]\s*){_VALUE}", re.IGNORECASE), rf"\1\2{SECRET}"),
)
_MAIL = re.compile(r"""(?:"[^"\n]+"|[^\s@<>()\[\],;:"'=]+)(?:@|%40)(?:\[[^\]\s]*\]|[^\s@<>()\[\],;:"'=/]+)""")
_AT = r"(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"
_MOMENT = rf"(?<![\w-])\d{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]){_AT}(?![\w-]|[.:]\d)"
# Figures that are no telephone number, however many digits they have.
_RUN = r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])"
_FIGURES = re.compile(f"{_MOMENT}|{_RUN}")
# A share, a gain, an amount; nobody writes a telephone number with one dot and so few digits before or behind it.
_DECIMAL = re.compile(r"\+?0\.\d+|[\u2010-\u2015-]?(?:0|[1-9]\d?)\.\d+|[1-9]\d{2,5}\.\d{1,2}")
# A gain is told with the width of its interval behind it: "0.0123 (90 % interval".
_WIDTH = re.compile(r"\s*\(\d{2}$")
_DIGITS = re.compile(r"(?<![\w.,])(?:\+|\(\+?)?\d[\d\s()./\u2010-\u2015-]{5,}\d(?![\w])")
_SHORTEST, _BARE = 7, 10


def scrub(text: str, contract: Contract, *, known: Iterable[str] = ()) -> str:
    """Return a text without lead data and secrets; `known` are values, such as keys of leads, that may stand in it."""
    for value in sorted({item for item in known if item}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", LEAD, text)
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    for column in sorted({contract.key, *contract.personal}):
        pattern = re.compile(rf"(?<!\w)({re.escape(column)}['\"]?\s*(?:=|:|\bis\b)\s*){_VALUE}", re.IGNORECASE)
        text = pattern.sub(rf"\1{LEAD}", text)
    return _between(_FIGURES, _MAIL.sub(MAIL, text), lambda part: _DIGITS.sub(_telephone, part))


def scrubbed(notice: Notice, contract: Contract, *, known: Iterable[str] = ()) -> Notice:
    """Return a notice as it may be stored and sent."""
    values = tuple(known)
    subject, said = (scrub(text, contract, known=values) for text in (notice.subject, notice.text))
    plain = scrub(notice.key, contract, known=values) == notice.key
    # Two keys that differ in what is taken out must stay two.
    return replace(notice, subject=subject, text=said, key=notice.key if plain else digest_of(notice.key))


def _telephone(found: re.Match[str]) -> str:
    written = found[0]
    number = _WIDTH.sub("", written)
    if all(_DECIMAL.fullmatch(part.strip("()")) for part in number.split()):
        return written
    count = sum(letter.isdigit() for letter in number)
    separated = len(re.findall(r"\d[^\d]+(?=\d)", written))
    dialled = written.lstrip("(").startswith(("+", "0"))
    likely = dialled or separated > 1 or (separated == 1 and count >= 9) or (not separated and count >= _BARE)
    return PHONE if count >= _SHORTEST and likely else written


def _between(kept: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """Change what stands between the matches of a pattern."""
    parts, at = [], 0
    for found in kept.finditer(text):
        parts += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(text[at:])])
