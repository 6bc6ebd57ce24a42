"""Old words for new things: what to sing about where nobody had written of a theme yet. Does not know lines or songs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.lyrics.associations import Associations

MOST_KIN, SHORTEST_PART = 5, 4
_ENDINGS = (
    ("ies", "y"),
    ("es", ""),
    ("s", ""),
    ("'s", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ed", ""),
    ("ed", "e"),
    ("er", ""),
)

# Things of today by what they do, in words of the old verse that the starter has read. Several names share a row.
_ROWS = (
    ("phone smartphone telephone iphone cellphone mobile call", "letter voice message whisper calling"),
    ("wifi internet online web signal network router", "message thread whisper distance stranger"),
    ("computer laptop tablet software code programmer keyboard", "clockwork letters thought lamp midnight"),
    ("robot android machine cyborg chatbot algorithm", "iron wheels clockwork heart dream"),
    ("tv television movie film cinema netflix video youtube", "picture stage story dream evening"),
    ("radio playlist spotify headphones speaker concert", "music song fiddle melody singing"),
    ("camera photo photograph selfie instagram", "picture portrait face mirror memory"),
    ("email inbox tweet twitter facebook chat texting text", "letter message paper news friend"),
    ("car truck taxi van motorcycle motorbike uber highway freeway", "road wheels ride driving dust"),
    ("bus tram subway metro underground commute", "road crowd street passing wheels"),
    ("train railway railroad locomotive", "whistle wheels journey distance road"),
    ("bike bicycle cycling skateboard scooter", "wheels ride hill lane swift"),
    ("plane airplane aeroplane airport jet helicopter flight", "wings sky flying clouds journey"),
    ("rocket spaceship astronaut spacecraft nasa satellite", "stars moon sky voyage planets"),
    ("football soccer basketball baseball tennis hockey goalkeeper", "game field play running cheer"),
    ("coffee espresso latte cappuccino", "cup morning fire warm bitter"),
    ("pizza burger hamburger fries taco sushi pasta kebab", "bread supper table feast hungry"),
    ("chocolate icecream candy cookie donut doughnut", "sugar honey sweet cake child"),
    ("guitar drums saxophone synth dj", "fiddle harp strings drum music"),
    ("neon traffic downtown skyscraper apartment elevator", "street lamps city tower night"),
    ("office boss job work salary deadline meeting spreadsheet", "labor toil weary morning wages"),
    ("supermarket mall shopping amazon", "market pennies basket crowd buy"),
    ("zombie vampire alien monster dinosaur", "ghost grave dragon midnight dread"),
    ("videogame videogames gamer gaming game console", "play battle hero quest castle"),
    ("hospital doctor ambulance virus covid pandemic", "sick healing fever nurse grave"),
    ("school homework exam university student", "lesson teacher children book learn"),
    ("beach surfing surfer surf", "sand waves shore foam sea"),
    ("teenager teenage teen kids", "youth young children boy girl"),
    ("bitcoin crypto cash dollars dollar money", "gold silver fortune riches poor"),
    ("plastic pollution climate oil", "smoke dying earth sea poison"),
)  # fmt: skip
_OF_TODAY: Mapping[str, tuple[str, ...]] = {name: tuple(old.split()) for names, old in _ROWS for name in names.split()}


def kin_of(theme_words: Iterable[str], associations: Associations) -> tuple[str, ...]:
    """Return up to five old words near to those of a theme that the training texts do not know; () where all are known.

    A name of today has them in a table; another word has those of its stem, or of its parts: "snowflakes" -> snowflake,
    "raincoat" -> rain, coat.
    """
    found: list[str] = []
    for word in theme_words:
        if word not in associations:
            found += of_today(word) or _of_stem(word, associations) or _parts(word, associations)
    return tuple(dict.fromkeys(found))[:MOST_KIN]


def of_today(word: str) -> tuple[str, ...]:
    """Return the old words for a thing of today, in the singular or plural; () where it is in no table."""
    return _OF_TODAY.get(word) or _OF_TODAY.get(word.removesuffix("s"), ())


def _of_stem(word: str, known: Associations) -> tuple[str, ...]:
    for ending, instead in _ENDINGS:
        stem = word.removesuffix(ending) + instead
        if word.endswith(ending) and len(stem) >= SHORTEST_PART and stem in known:
            return (stem,)
    return ()


def _parts(word: str, known: Associations) -> tuple[str, ...]:
    """Return the two known words that a word is put together of, the last as long as can be; () where there are none."""
    plain = word.replace("-", "")
    for cut in range(SHORTEST_PART, len(plain) - SHORTEST_PART + 1):
        if plain[:cut] in known and plain[cut:] in known:
            return (plain[:cut], plain[cut:])
    return ()
