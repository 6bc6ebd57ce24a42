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
_OPENERS = "please|can you|could you|write|make|sing|give|me|us|a|an|the|sad|happy|short|new|songs?|lyrics|ballad|tune|hymn|waltz"
OPENING = re.compile(rf"^(?:(?:{_OPENERS}|lullaby) )+(?:about|on|of|for) ", re.IGNORECASE)


def theme_words_of(theme: str) -> list[str]:
    """Return up to five lower-case words that carry the theme, in their order; [] where all are function words."""
    plain = _plain(OPENING.sub("", theme))
    found = [word.lower().strip("'") for word in words_of(plain) if re.fullmatch(r"'?[A-Za-z'-]+", word)]
    # "i'm", "don't", "she'll" carry no theme either
    kept = [word for word in found if word.split("'")[0] not in FUNCTION_WORDS and not word.endswith("n't")]
    return list(dict.fromkeys(word for word in kept if len(word) > 1))[:MOST_WORDS]


def _plain(text: str) -> str:
    """Return a text without accents: "café" -> "cafe"."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if not unicodedata.combining(c)).replace("’", "'")


def names_of(theme: str) -> tuple[str, ...]:
    """Return the words of a theme that are typed as names are: "dancing with Alice in Zürich" -> Alice, Zurich.

    The first word is one only with a capital inside, as "WiFi" has, and in a theme all in capitals there are none.
    """
    words = words_of(_plain(theme))
    if theme == theme.upper():
        return ()
    return tuple(
        word for i, word in enumerate(words) if word[1:] != word[1:].lower() or (i and word[:1] != word[:1].lower())
    )


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
