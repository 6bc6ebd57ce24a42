"""The arrangement of a lead sheet for a band: the players put together, and the melody in front of them.

Does not know styles of words, plans or files; nor what each player plays, see comping, bass_lines, drumming ...
"""

from __future__ import annotations

import random
from dataclasses import replace

from engine.music.arrangement import Arrangement
from engine.music.bands import Band
from engine.music.bass_lines import bass_track
from engine.music.comping import chord_track, pad_track
from engine.music.drumming import drum_track
from engine.music.dynamics import MELODY_VELOCITY, sung_velocity
from engine.music.lead_sheet import LeadSheet, melody_track
from engine.music.passages import Passage
from engine.music.score import Marker, Note, Score, TempoChange, TimeSignatureChange, Track
from engine.music.second_voice import second_voice_track
from engine.music.solo import solo_track
from engine.music.spoken_rhythm import SPOKEN_VELOCITY, spoken_rhythm
from engine.music.tune import Tune, TuneNote


def arrange(sheet: LeadSheet, band: Band, seed: int) -> Score:
    """Return the lead sheet played by a band, as long as the sheet; the same seed gives the same score.

    Tracks, those without notes left out: Melody with the words, Spoken Rhythm, Second Voice, Solo, Chords, Bass, Pad and Drums.
    The melody
    has exactly the onsets of the lead sheet; the others are a little early or late. The last chord is held; where the lead
    sheet has N.C., the band is silent and the melody goes on alone.
    """
    song = Arrangement(sheet, band, seed)
    sung = [TuneNote(n.onset_ticks, n.onset_ticks + n.duration_ticks, n.pitch, n.is_spoken) for n in sheet.notes]
    solo = solo_track(song, Tune(sung))
    played = [TuneNote(note.onset_ticks, note.end_ticks, note.pitch) for note in solo.notes]
    tracks = [
        _melody(song),
        spoken_rhythm(sheet),
        second_voice_track(song, Tune([*sung, *played])),
        solo,
        chord_track(song),
        bass_track(song),
        pad_track(song),
        drum_track(song),
    ]
    return Score(
        tracks=tuple(track for track in tracks if track.notes or track.name == "Melody"),
        length_ticks=sheet.length_ticks,
        tempos=(TempoChange(0, sheet.tempo_qpm),),
        time_signatures=(TimeSignatureChange(0, sheet.time_signature),),
        key_name=sheet.key_name,
        markers=tuple(Marker(section.onset_ticks, section.label) for section in sheet.sections),
        title=sheet.title,
    )


def _melody(song: Arrangement) -> Track:
    """Return the melody with its words, each note as loud as its section asks for."""
    rng = song.rng("melody")
    track = melody_track(song.sheet, song.band.lead_program, velocity=MELODY_VELOCITY)
    sung = [_sung(song, note, rng) for note in track.notes]
    hushed = [
        replace(note, velocity=SPOKEN_VELOCITY) if of_sheet.is_spoken else note
        for note, of_sheet in zip(sung, song.sheet.notes, strict=True)
    ]
    return replace(track, notes=tuple(hushed))


def _sung(song: Arrangement, note: Note, rng: random.Random) -> Note:
    return replace(note, velocity=sung_velocity(_passage_at(song, note.onset_ticks), note.onset_ticks, rng))


def _passage_at(song: Arrangement, ticks: int) -> Passage:
    """Return the passage in which a tick lies, the first one before any."""
    begun = [passage for passage in song.passages if passage.onset_ticks <= ticks]
    return begun[-1] if begun else song.passages[0]
