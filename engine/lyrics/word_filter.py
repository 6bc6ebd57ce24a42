"""Words that are left out by level, for servers that want them neither asked for nor sung: `mild` and `strict`.

Insults to people for what they are have a file of their own and are never sung, at whatever level (`insults`). The lists are
of English words by their lemma; all their usual forms count; and of Chinese words, found wherever their characters stand
(`chinese.filtered_words`). Does not know lexicons, models or who sets a level.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from functools import cache

from engine.contract import FilterLevel
from engine.lyrics.chinese import filtered_words as chinese

# Turned by 13 letters, so that nobody has to read them.
_VULGAR = codecs.decode(
    """
    nff nefr nefrubyr nffubyr onfgneq ovgpu obyybpx ohttre ohyyfuvg penc phag qnza qnzarq tbqqnza qvpxurnq snttbg
    shpx shpxre zbgureshpxre cvff cevpx fuvg fuvggl fyhg gheq gjng jnax jnaxre juber juberqbz fgehzcrg uneybg
    gebyybc gvgf gvggl
    """,
    "rot13",
)
_SEX = """
    adultery adulterer adulteress adulterous bawd bawdy brothel carnal concubine erotic fornicate fornication
    fornicator genital incest lascivious lecher lecherous lechery lewd lewdly lewdness lust lustful lustfully masturbate
    naked nakedly nakedness nude nudity obscene obscenity orgasm penis porn pornography prostitute prostitution rape
    rapist ravish ravisher seduce seducer seduction seductive sex sexual sexually sexy striptease undress vagina
    whorehouse
"""
_SWEARING = "blasted cuss damnable damnation hell hellish"
_DRINK = """
    absinthe alcohol alcoholic ale alehouse bacchanal bacchus barroom beer booze boozer boozy bourbon brandy brewery
    champagne cider claret cocktail drunk drunkard drunken drunkenly drunkenness gin grog inebriate intoxicate
    intoxication keg lager liquor pub rum saloon sherry sot sottish tavern tequila tipple tippler tipsy toper vodka
    wassail whiskey whisky wine winebibber
"""
_DRUGS = """
    cannabis cigar cigarette cocaine drug hashish heroin laudanum marijuana morphine opium tobacco
"""
_VIOLENCE = """
    assassin assassinate assassination bayonet behead bloodbath bloodshed bloody bomb bullet butchery carnage corpse
    cutthroat dagger decapitate dismember flog gallows gibbet gore gory grenade guillotine gun gunfire gunman gunmen
    gunpowder gunshot homicide kill killer lynch maim mangle manslaughter massacre murder murderer murderess murderous
    musket noose pistol revolver rifle slaughter slaughterer slay slayer slew slain stab strangle strangler suicide
    throttle torpedo torture torturer
"""
_OF_LEVEL = {"off": "", "mild": _VULGAR + _SEX, "strict": _VULGAR + _SEX + _SWEARING + _DRINK + _DRUGS + _VIOLENCE}
_CHINESE_MILD = chinese.VULGAR + " " + chinese.SEX
_CHINESE_OF_LEVEL = {
    "off": "",
    "mild": _CHINESE_MILD,
    "strict": " ".join((_CHINESE_MILD, chinese.DRINK, chinese.DRUGS, chinese.VIOLENCE)),
}
_LIST = "@"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?")


def list_of(level: FilterLevel) -> tuple[str, ...]:
    """Return what stands for the words of a level among words to be avoided: ("@mild",); nothing for off."""
    return () if level == "off" else (_LIST + level,)


def avoided(avoid: Collection[str]) -> frozenset[str]:
    """Return words to be avoided, in lower case, with the lists that are named among them spelled out."""
    return frozenset(avoid).union(*(words_of_level(level) for level in _OF_LEVEL if _LIST + level in avoid))


@cache
def words_of_level(level: str) -> frozenset[str]:
    """Return all forms of the words that a level leaves out, in lower case; none for off."""
    return frozenset(form for lemma in _OF_LEVEL[level].split() for form in forms_of(lemma)) | chinese_words(level)


@cache
def chinese_words(level: str) -> frozenset[str]:
    """Return the Chinese words that a level leaves out, in simplified characters; none for off."""
    return frozenset(_CHINESE_OF_LEVEL[level].split())


def first_left_out(text: str, level: str) -> str:
    """Return the first word of a text that a level leaves out, in lower case, or else its first Chinese one; "" for none."""
    words = words_of_level(level)
    for word in _WORD.findall(text.lower()):
        plain = re.sub(r"in'$", "ing", word.replace("’", "'")).strip("'")
        if plain in words or plain.removesuffix("'s") in words:
            return plain
    return chinese.first_of(text, chinese_words(level))


def forms_of(lemma: str) -> Iterator[str]:
    """Yield an English word, its plural or third person, past and -ing form as rules make them.

    Which of them exist depends on what kind of word it is; those that do not harm nobody.

    >>> list(forms_of("stab"))
    ['stab', 'stabs', 'stabed', 'stabing', 'stabbed', 'stabbing']
    """
    yield lemma
    yield re.sub(r"[^aeiou]y$", lambda found: found[0][0] + "ie", lemma) + _plural_ending(lemma)
    stem = lemma.removesuffix("e")
    past = re.sub(r"(?<=[^aeiou])y$", "i", stem)
    yield past + "ed"
    yield stem + "ing"
    if re.search(r"[^aeiou][aeiou][bdfgklmnprtvz]$", lemma):  # stab, stabbed
        yield from (lemma + lemma[-1] + ending for ending in ("ed", "ing"))


def _plural_ending(lemma: str) -> str:
    return "es" if re.search(r"(?:s|x|z|ch|sh)$", lemma) else "s"
