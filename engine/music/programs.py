"""The names of the 128 General MIDI programs. Does not know bands or styles."""

from __future__ import annotations

import difflib
import re

from engine.errors import RequestError

_NAMES = """
    acoustic grand piano, bright acoustic piano, electric grand piano, honky-tonk piano, electric piano 1,
    electric piano 2, harpsichord, clavinet, celesta, glockenspiel, music box, vibraphone, marimba, xylophone,
    tubular bells, dulcimer, drawbar organ, percussive organ, rock organ, church organ, reed organ, accordion,
    harmonica, tango accordion, acoustic guitar (nylon), acoustic guitar (steel), electric guitar (jazz),
    electric guitar (clean), electric guitar (muted), overdriven guitar, distortion guitar, guitar harmonics,
    acoustic bass, electric bass (finger), electric bass (pick), fretless bass, slap bass 1, slap bass 2, synth bass 1,
    synth bass 2, violin, viola, cello, contrabass, tremolo strings, pizzicato strings, orchestral harp, timpani,
    string ensemble 1, string ensemble 2, synth strings 1, synth strings 2, choir aahs, voice oohs, synth voice,
    orchestra hit, trumpet, trombone, tuba, muted trumpet, french horn, brass section, synth brass 1, synth brass 2,
    soprano sax, alto sax, tenor sax, baritone sax, oboe, english horn, bassoon, clarinet, piccolo, flute, recorder,
    pan flute, blown bottle, shakuhachi, whistle, ocarina, lead 1 (square), lead 2 (sawtooth), lead 3 (calliope),
    lead 4 (chiff), lead 5 (charang), lead 6 (voice), lead 7 (fifths), lead 8 (bass + lead), pad 1 (new age),
    pad 2 (warm), pad 3 (polysynth), pad 4 (choir), pad 5 (bowed), pad 6 (metallic), pad 7 (halo), pad 8 (sweep),
    fx 1 (rain), fx 2 (soundtrack), fx 3 (crystal), fx 4 (atmosphere), fx 5 (brightness), fx 6 (goblins),
    fx 7 (echoes), fx 8 (sci-fi), sitar, banjo, shamisen, koto, kalimba, bagpipe, fiddle, shanai, tinkle bell, agogo,
    steel drums, woodblock, taiko drum, melodic tom, synth drum, reverse cymbal, guitar fret noise, breath noise,
    seashore, bird tweet, telephone ring, helicopter, applause, gunshot
"""
PROGRAM_NAMES: tuple[str, ...] = tuple(" ".join(name.split()) for name in _NAMES.split(","))
# What people say for it, and the program that they mean.
_ALSO = {
    "piano": 0, "grand piano": 0, "electric piano": 4, "rhodes": 4, "organ": 19, "pipe organ": 19, "guitar": 25,
    "acoustic guitar": 25, "nylon guitar": 24, "classical guitar": 24, "steel guitar": 25, "jazz guitar": 26,
    "electric guitar": 27, "clean guitar": 27, "bass": 33, "electric bass": 33, "double bass": 32, "slap bass": 36,
    "harp": 46, "strings": 48, "string ensemble": 48, "choir": 52, "voice": 53, "horn": 60, "brass": 61, "sax": 65,
    "saxophone": 65, "alto saxophone": 65, "tenor saxophone": 66, "soprano saxophone": 64, "baritone saxophone": 67,
    "panflute": 75, "pan pipes": 75, "bagpipes": 109, "steel drum": 114, "bells": 14, "synth": 81, "steelpan": 114,
}  # fmt: skip
_LONGEST_NAME = 40


def program_named(name: str) -> int:
    """Return the program (0-127) of a General MIDI name, in any case; RequestError names the nearest ones.

    >>> program_named("Flute")
    73
    """
    wanted = _plain(name[:_LONGEST_NAME])
    known = {_plain(program): number for number, program in enumerate(PROGRAM_NAMES)} | _ALSO
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    near = near or [other for other in known if wanted and set(wanted.split()) & set(other.split())][:3]
    meant = f"did you mean {', '.join(PROGRAM_NAMES[known[other]] for other in dict.fromkeys(near))}?"
    advice = meant if near else "use a General MIDI name such as flute, violin or tenor sax"
    raise RequestError(f"instrument {name[:_LONGEST_NAME]!r} is unknown; {advice}")


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", name.lower()).split())
