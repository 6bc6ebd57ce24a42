"""What a cleaned theme says to the model: its content words, and a title. Does not know what will be written."""

from __future__ import annotations

import re
import unicodedata

from engine.lyrics.prosody import words_of

MOST_WORDS, LONGEST_TITLE_WORDS, FALLBACK_TITLE = 5, 6, "Untitled"

FUNCTION_WORDS = frozenset(
    """
    the and that with from this they have were what when which your will there their them then than been would could
    should shall upon into some such more most only over under where while through very much many must might may can
    did does done had has her him his its our out own she who whom whose why for not but all you are was one now how
    let too nor yet still ever never about again against away before after down every each other another here well
    also even just because both between those these though thus off song lyrics write tune music please make want
    something someone a an i me my we us it is be to of in on at by as so or if up no do he
    """.split()
)
SMALL_WORDS = frozenset(
    """
    a an the and or of in on at to for by with over from into under but nor as
    """.split()
)
NAMES_TOO = frozenset({"may", "will"})  # function words that carry a theme where they are typed as names
# Places of today's themes in one word that the old texts do not name, or seldom.
_PLACES = frozenset(
    """
    tokyo osaka kyoto seoul beijing shanghai singapore bangkok jakarta manila hanoi saigon mumbai delhi karachi dubai
    istanbul moscow kyiv warsaw prague budapest vienna berlin hamburg munich zurich geneva stockholm oslo helsinki
    copenhagen amsterdam brussels barcelona madrid lisbon milan naples athens glasgow manchester liverpool brooklyn
    manhattan chicago detroit dallas houston seattle miami vegas hollywood nashville memphis texas arizona nevada
    oregon florida alaska hawaii toronto montreal vancouver havana lima bogota brazil chile argentina mexico kenya
    nigeria nairobi lagos cairo australia sydney melbourne auckland iceland finland sweden norway poland ukraine
    """.split()
)
_OPENERS = "please|can you|could you|write|make|sing|give|me|us|a|an|the|sad|happy|short|new|songs?|lyrics|ballad|tune|hymn|waltz"
OPENING = re.compile(rf"^(?:(?:{_OPENERS}|lullaby) )+(?:about|on|of|for) ", re.IGNORECASE)


def theme_words_of(theme: str) -> list[str]:
    """Return up to five lower-case words that carry the theme, in their order; [] where all are function words."""
    plain = _plain(OPENING.sub("", theme))
    found = [word.lower().strip("'") for word in words_of(plain) if re.fullmatch(r"'?[A-Za-z'-]+", word)]
    # "i'm", "don't", "she'll" carry no theme either
    told = FUNCTION_WORDS.difference(NAMES_TOO.intersection(name.lower() for name in names_of(theme)))
    kept = [word for word in found if word.split("'")[0] not in told and not word.endswith("n't")]
    return list(dict.fromkeys(word for word in kept if len(word) > 1))[:MOST_WORDS]


def _plain(text: str) -> str:
    """Return a text without accents: "café" -> "cafe"."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if not unicodedata.combining(c)).replace("’", "'")


def names_of(theme: str) -> tuple[str, ...]:
    """Return the words of a theme that are names: "dancing with Alice in Zürich" -> Alice, Zurich; "tokyo rain" -> Tokyo.

    That is, those typed with a capital, and large places however they are typed. The first word is one only with a capital
    inside, as "WiFi" has; so are all words where none is in small letters ("Summer Love"), and a theme all in capitals has
    but its places.
    """
    words = words_of(_plain(theme))
    is_telling = any(word == word.lower() for word in words)
    found = [_name(word, is_telling=is_telling and i > 0) for i, word in enumerate(words)]
    return tuple(
        name
        for name, word in zip(found, words, strict=True)
        if name and (theme != theme.upper() or word.lower() in _PLACES)
    )


def _name(word: str, *, is_telling: bool) -> str:
    """Return a word as a name, "" where it is none. is_telling: whether a capital at its beginning says so."""
    if word.lower() in _PLACES:
        return word.capitalize()
    is_typed = word[1:] != word[1:].lower() or (is_telling and word[:1] != word[:1].lower())
    return word if is_typed else ""


def title_of(theme: str) -> str:
    """Return a title in title case: "a song about rain over the harbour" -> "Rain over the Harbour"."""
    words = OPENING.sub("", theme).split()
    kept = words[:LONGEST_TITLE_WORDS]
    while len(words) > len(kept) and len(kept) > 1 and kept[-1].lower().strip(",.;:") in SMALL_WORDS:
        kept.pop()  # a title cut short does not end in "of the"
    cased = [
        word if any(c.isupper() for c in word) or (i and word.lower() in SMALL_WORDS) else word[:1].upper() + word[1:]
        for i, word in enumerate(kept)
    ]
    return " ".join(cased).strip(" ,.;:!?-'") or FALLBACK_TITLE
