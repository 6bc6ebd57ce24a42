"""The rhythm of what is rapped, knocked on wood blocks: high for stressed syllables, low for weak ones. Does not know words.

The melody's track has the rapped notes too, for their words, but hardly to be heard: a row of notes on one pitch is no speech.
"""

from __future__ import annotations

from engine.music.lead_sheet import LeadSheet
from engine.music.score import Note, Track

SPOKEN_RHYTHM = "Spoken Rhythm"
HIGH_BLOCK, LOW_BLOCK = 76, 77
SPOKEN_VELOCITY = 18  # of rapped notes in the melody's track
_VELOCITIES = (46, 72, 58)  # by stress: none, primary, secondary
_KNOCK_TICKS = 60


def spoken_rhythm(sheet: LeadSheet) -> Track:
    """Return a knock for each spoken syllable, at its onset; no notes where nothing is spoken."""
    notes = []
    for note in sheet.notes:
        if note.is_spoken and note.syllable is not None:
            stress = note.syllable.stress
            pitch = HIGH_BLOCK if stress == 1 else LOW_BLOCK
            notes.append(Note(note.onset_ticks, pitch, min(_KNOCK_TICKS, note.duration_ticks), _VELOCITIES[stress]))
    return Track(SPOKEN_RHYTHM, 0, tuple(notes), is_drum=True)
