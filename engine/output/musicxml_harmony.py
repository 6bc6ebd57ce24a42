"""Chord symbols as MusicXML `<harmony>` elements. Does not know where they stand."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

from engine.errors import RequestError
from engine.music.theory import NO_CHORD, Chord

Degrees = tuple[tuple[int, int, str], ...]  # (degree, semitones altered, "add" or "alter")

# MusicXML's `kind` of each quality, and what it adds to or alters in it.
KINDS: dict[str, tuple[str, Degrees]] = {
    "maj": ("major", ()),
    "m": ("minor", ()),
    "dim": ("diminished", ()),
    "aug": ("augmented", ()),
    "5": ("power", ()),
    "sus2": ("suspended-second", ()),
    "sus4": ("suspended-fourth", ()),
    "7": ("dominant", ()),
    "maj7": ("major-seventh", ()),
    "m7": ("minor-seventh", ()),
    "mmaj7": ("major-minor", ()),
    "dim7": ("diminished-seventh", ()),
    "m7b5": ("half-diminished", ()),
    "aug7": ("augmented-seventh", ()),
    "augmaj7": ("major-seventh", ((5, 1, "alter"),)),
    "7b5": ("dominant", ((5, -1, "alter"),)),
    "7sus4": ("suspended-fourth", ((7, 0, "add"),)),
    "6": ("major-sixth", ()),
    "m6": ("minor-sixth", ()),
    "69": ("major-sixth", ((9, 0, "add"),)),
    "m69": ("minor-sixth", ((9, 0, "add"),)),
    "add9": ("major", ((9, 0, "add"),)),
    "madd9": ("minor", ((9, 0, "add"),)),
    "9": ("dominant-ninth", ()),
    "maj9": ("major-ninth", ()),
    "m9": ("minor-ninth", ()),
    "aug9": ("dominant-ninth", ((5, 1, "alter"),)),
    "9sus4": ("suspended-fourth", ((7, 0, "add"), (9, 0, "add"))),
    "7b9": ("dominant", ((9, -1, "add"),)),
    "7#9": ("dominant", ((9, 1, "add"),)),
    "7#11": ("dominant", ((11, 1, "add"),)),
    "maj7#11": ("major-seventh", ((11, 1, "add"),)),
    "11": ("dominant-11th", ()),
    "m11": ("minor-11th", ()),
    "13": ("dominant-13th", ()),
    "maj13": ("major-13th", ()),
    "m13": ("minor-13th", ()),
}
ALTERATIONS = {"": 0, "#": 1, "##": 2, "b": -1, "bb": -2}
NOTE_NAME = r"([A-G])(##|bb|#|b)?"


def harmony(symbol: str, offset_ticks: int) -> Element | None:
    """Return the symbol as `<harmony>`, its spelling kept; None for one without a root that is not "N.C." either.

    offset_ticks: how long after the note that follows the element the chord begins; 480 divisions to a quarter.
    """
    root = re.match(NOTE_NAME, symbol)
    if symbol == NO_CHORD:
        return _no_chord(offset_ticks)
    if root is None:
        return None
    element = Element("harmony")
    add_note_name(element, "root", root[1], root[2])
    bass = re.search("/" + NOTE_NAME + "$", symbol)
    suffix = symbol[root.end() : bass.start() if bass else len(symbol)]
    kind, degrees = kind_of(symbol)
    SubElement(element, "kind", {"text": suffix} if suffix else {}).text = kind
    if bass:
        add_note_name(element, "bass", bass[1], bass[2])
    for degree, alter, change in degrees:
        part = SubElement(element, "degree")
        SubElement(part, "degree-value").text = str(degree)
        SubElement(part, "degree-alter").text = str(alter)
        SubElement(part, "degree-type").text = change
    if offset_ticks:
        SubElement(element, "offset").text = str(offset_ticks)
    return element


def _no_chord(offset_ticks: int) -> Element:
    """Return "N.C." as MusicXML has it: of the kind "none", with a root that means nothing and is not shown."""
    element = Element("harmony")
    root = SubElement(element, "root")
    SubElement(root, "root-step", {"text": ""}).text = "C"
    SubElement(element, "kind", {"text": NO_CHORD}).text = "none"
    if offset_ticks:
        SubElement(element, "offset").text = str(offset_ticks)
    return element


def kind_of(symbol: str) -> tuple[str, Degrees]:
    """Return MusicXML's kind and degrees; "other" for a symbol that `theory.Chord` does not know."""
    try:
        return KINDS[Chord.parse(symbol).quality]
    except RequestError:
        return "other", ()


def add_note_name(element: Element, tag: str, step: str, accidental: str | None) -> None:
    name = SubElement(element, tag)
    SubElement(name, f"{tag}-step").text = step
    if accidental:
        SubElement(name, f"{tag}-alter").text = str(ALTERATIONS[accidental])
