"""The rules that read wishes for single lines out of a reply: rewrite line 3, another line after 4, go on. Knows no songs."""

from __future__ import annotations

import re

from bot.wishes.reading import Rule, rule
from bot.wishes.words import END, NUMBERS, number

_WORDS = "|".join(sorted((w for w, n in NUMBERS.items() if n == int(n)), key=len, reverse=True))
_NUMBER = rf"(?:\d{{1,4}}|{_WORDS})"
_JOINT = r"\s*(?:-|–|,|、|to|bis|and|und|到|至|和)\s*"
_BARE_NUMBERS = rf"(?P<line>{_NUMBER}(?:{_JOINT}(?:(?:lines?|zeilen?)\s+)?{_NUMBER}){{0,7}})"
_NUMBERS = rf"{_BARE_NUMBERS}(?!\w)"
_BARE_ONE = rf"(?P<after>{_NUMBER})"
_ONE = rf"{_BARE_ONE}(?!\w)"
_AFTER_CHINESE = "(?:的)?(?:之后|以后|后面|下面|后)(?:再)?(?:加上?|插入|添上?|写)一[行句]"
_ANEW = r"(?:again|anew|afresh|differently|new|once more|neu|anders|noch ?mals?|noch einmal|um)"


def line_rules() -> tuple[Rule, ...]:
    """What a reply says of lines by their numbers, and that the words shall go on."""
    a_line = r"(?:another|one more|an? (?:new|extra|additional|further|second)|a|the next|new|eine(?: weitere| neue)?)"
    return (
        rule(
            "rewrite",
            rf"(?:rewrite|redo|change|replace|(?:re)?write|rephrase|ändere?|ersetze?|schreibe?|mache?)\s+(?:the |die |"
            rf"in )?(?:lines?|zeilen?)\s+{_NUMBERS}(?:\s+{_ANEW}{END})?",
            _lines,
        ),
        rule("rewrite", rf"(?:lines?|zeilen?)\s+{_NUMBERS}\s+(?:bitte\s+|please\s+)?{_ANEW}{END}", _lines),
        rule(
            "rewrite",
            rf"(?:an?other|an?|eine?)?\s*(?:new|different|neue|andere)\s+(?:lines?|zeilen?)\s+{_NUMBERS}",
            _lines,
        ),
        rule("rewrite", rf"(?:重写|改写|重新写|换掉|修改|换)(?:一下)?第?{_BARE_NUMBERS}[行句]", _lines),
        rule("rewrite", rf"第{_BARE_NUMBERS}[行句](?:重写|改写|重新写|换掉|换一句|换一下)", _lines),
        rule(
            "insert",
            rf"(?:(?:add|write|insert|put|with|append)\s+)?{a_line}\s+line\s+(?:right )?(?:after|below|behind|under)\s+"
            rf"(?:the |line |line number )?{_ONE}",
            _after,
        ),
        rule(
            "insert",
            rf"(?:noch )?(?:eine )?(?:weitere |neue )?zeile\s+(?:nach|hinter|unter)\s+(?:der )?(?:zeile )?{_ONE}",
            _after,
        ),
        rule(
            "insert",
            rf"(?:在)?第?{_BARE_ONE}[行句]{_AFTER_CHINESE}",
            _after,
        ),
        rule(
            "continue",
            rf"(?:add |write )?(?P<more>{_NUMBER}) more lines{END}|noch (?P<mehr>{_NUMBER}) zeilen{END}"
            rf"|再[写来加](?P<duo>{_NUMBER})[行句]",
            _more,
        ),
        rule(
            "continue",
            r"(?:continue|go on|keep going|carry on|keep writing|weiter(?:schreiben|machen)?|(?:mach|schreib)e? (?:bitte )?weiter)"
            rf"{END}(?: (?:it|the song|the words|the lyrics){END})?"
            rf"(?: (?:with|mit) (?:an?other|an?|one more|einer weiteren|einer) (?:verse|stanza|strophe){END})?",
        ),
        rule("continue", r"继续(?:写|唱|下去)?(?:下去)?|接着写|往下写|续写"),
    )


def _lines(found: re.Match[str]) -> str:
    """Return "3", "3-4" or "3,7" for the numbers of a match."""
    text = re.sub(r"(?:lines?|zeilen?)\s+", "", found["line"].lower())
    text = re.sub(r"\s*(?:–|to|bis|到|至)\s*", "-", text)
    text = re.sub(r"\s*(?:、|and|und|和)\s*", ",", text)
    return re.sub(_NUMBER, lambda one: str(int(number(one[0]))), re.sub(r"\s*([-,])\s*", r"\1", text))


def _after(found: re.Match[str]) -> int:
    return int(number(found["after"]))


def _more(found: re.Match[str]) -> int:
    return int(number(next(group for group in found.groups() if group)))
