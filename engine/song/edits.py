"""Exact edits of music that is there: transpose, tempo, mute. Does not know models; words are changed elsewhere.

What an edit does not name stays as it is: transposing keeps every onset, duration, velocity and word, a tempo keeps
every tick. They work on songs and on uploaded MIDI files alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import TEMPO_RANGE_QPM, MuteRequest, Request, SongReport, TempoRequest, TransposeRequest
from engine.errors import RequestError
from engine.music.bars import main_time_signature
from engine.music.heard import heard_key, named_track
from engine.music.lead_sheet import LeadSheet
from engine.music.midi_file import length_seconds
from engine.music.score import Score
from engine.music.theory import Key
from engine.music.transposition import moved_key, possible_semitones, transpose_score, transpose_sheet
from engine.song.files import make_files
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.parts import part_of

SEMITONES_RANGE = (-24, 24)
PERCENT_RANGE = (25, 400)
RESULTING_TEMPO_RANGE_QPM = (20, 400)


def transpose(request: TransposeRequest, making: Making) -> MadeSong:
    """Move every pitched note by the same semitones; drums stay. RequestError where a pitch would leave 0-127."""
    with making.stage("edit"):
        source, score = source_and_score(making)
        if not any(track.notes and not track.is_drum for track in score.tracks):
            raise RequestError(
                "this music has drums alone, which have no pitch to transpose; choose music with other notes"
            )
        named = score if score.key_name is not None or request.key is None else _with_heard_key(score, making)
        semitones = _semitones(request, named)
        moved = transpose_score(named, semitones)
        sheet = transpose_sheet(source.sheet, semitones) if source.sheet else None
    return edited(request, source, moved, sheet, making)


def change_tempo(request: TempoRequest, making: Making) -> MadeSong:
    """Change the tempo alone. Where a file changes its tempo on the way, all its tempos change in proportion."""
    with making.stage("edit"):
        source, score = source_and_score(making)
        factor = _tempo_factor(request, main_tempo(score))
        tempos = tuple(replace(change, tempo_qpm=_round(change.tempo_qpm * factor)) for change in score.tempos)
        low, high = RESULTING_TEMPO_RANGE_QPM
        slowest, fastest = min(t.tempo_qpm for t in tempos), max(t.tempo_qpm for t in tempos)
        if slowest < low or fastest > high:
            reached = slowest if slowest < low else fastest
            raise RequestError(
                f"the tempo would be {reached:g} quarter notes per minute, and must stay within {low}-{high}; "
                f"it is {main_tempo(score):g} now"
            )
        changed = replace(score, tempos=tempos)
        sheet = replace(source.sheet, tempo_qpm=main_tempo(changed)) if source.sheet else None
    return edited(request, source, changed, sheet, making)


def mute(request: MuteRequest, making: Making) -> MadeSong:
    """Leave out the tracks of one part, or one track; RequestError where there is no such part, or nothing else."""
    with making.stage("edit"):
        source, score = source_and_score(making)
        muted = _muted(request, score)
        kept = tuple(track for n, track in enumerate(score.tracks) if n not in muted)
        if not any(track.notes for track in kept):
            wanted = (request.part or request.track or "").strip()[:20]
            raise RequestError(f"without {wanted} nothing would be left to hear; name another part")
    return edited(request, source, replace(score, tracks=kept), source.sheet, making)


def _muted(request: MuteRequest, score: Score) -> set[int]:
    """Return which tracks are meant."""
    if (request.part is None) == (request.track is None):
        raise RequestError(
            "name a part to leave out, such as drums, or a track, by number or name; exactly one of them"
        )
    sounding = [n for n, track in enumerate(score.tracks) if track.notes]
    if request.part is None:
        return {named_track(score, request.track or "", sounding)}
    wanted = request.part.strip().lower()
    parts = dict.fromkeys(part_of(score.tracks[n]) for n in sounding)
    if wanted not in parts:
        raise RequestError(f"there is no part {request.part[:20]!r} in this music; it has: {', '.join(parts)}")
    return {n for n, track in enumerate(score.tracks) if part_of(track) == wanted}


def source_and_score(making: Making) -> tuple[SourceSong, Score]:
    """Return what is to be edited and its music; RequestError where there is no music."""
    source = making.source
    assert source is not None, "an edit is given its source"
    if source.score is None:
        raise RequestError("this has words alone and no music to change; set the words to music first, with /sing")
    if not any(track.notes for track in source.score.tracks):
        raise RequestError("the MIDI file has no notes; send one that has music in it")
    return source, source.score


def edited(request: Request, source: SourceSong, score: Score, sheet: LeadSheet | None, making: Making) -> MadeSong:
    """Return the edited music with its files and a report that is the source's but for what was changed."""
    artifacts, notices = make_files(source.title, source.text, sheet, score, making, before=source.score)
    told = source.report or SongReport(title=source.title, request={}, sections=(), style="", seed=making.seed)
    update = facts_of(score) | {
        "request": request.model_dump(mode="json"),
        "seed": making.seed,
        "seconds_per_stage": dict(making.seconds),
        "files": {},
        "notices": (*making.notices, *notices),
    }
    return MadeSong(told.model_copy(update=update), source.text, artifacts, sheet, score)


def facts_of(score: Score) -> dict[str, str | float | None]:
    """Return what a report tells of a score."""
    return {
        "key": score.key_name,
        "tempo_qpm": main_tempo(score),
        "time_signature": str(main_time_signature(score)),
        "length_seconds": round(length_seconds(score), 2),
    }


def main_tempo(score: Score) -> float:
    """Return the tempo that holds for the most ticks; the first of equals."""
    held: dict[float, int] = {}
    ends = [*(change.onset_ticks for change in score.tempos[1:]), score.length_ticks]
    for change, end in zip(score.tempos, ends, strict=True):
        held[change.tempo_qpm] = held.get(change.tempo_qpm, 0) + max(0, end - change.onset_ticks)
    return max(held, key=lambda tempo: held[tempo])


def _semitones(request: TransposeRequest, score: Score) -> int:
    if (request.semitones is None) == (request.key is None):
        raise RequestError("name the semitones, such as 2 or -3, or the key to go to, such as D; exactly one of them")
    low, high = SEMITONES_RANGE
    if request.semitones is not None and not low <= request.semitones <= high:
        raise RequestError(f"semitones must be {low} to {high}, got {request.semitones}")
    semitones = request.semitones if request.semitones is not None else _way_to(request.key or "", score)
    lowest, highest = possible_semitones(score)
    if not lowest <= semitones <= highest:
        raise RequestError(
            f"{semitones} semitones would take notes out of the range of MIDI; this music can go {lowest} to {highest}"
        )
    return semitones


def _with_heard_key(score: Score, making: Making) -> Score:
    """Return the score with the key that is heard in it, which a notice names."""
    key = str(heard_key(score))
    making.notices.append(f"this file names no key; it is heard in {key}")
    return replace(score, key_name=key)


def _way_to(name: str, score: Score) -> int:
    """Return the nearest way to the tonic of a key, -6 to 5 semitones."""
    wanted, key = Key.parse(name), heard_key(score)
    if key.mode != wanted.mode:
        raise RequestError(
            f"this is in {key}, and to go to {wanted} is a change of mode, which needs a new song "
            f"(/song key:{wanted.short}); with the same mode it can be {moved_key(key, wanted.tonic - key.tonic)}, "
            "or name the semitones instead"
        )
    return (wanted.tonic - key.tonic + 6) % 12 - 6


def _tempo_factor(request: TempoRequest, tempo_qpm: float) -> float:
    if (request.tempo_qpm is None) == (request.percent is None):
        raise RequestError("name the tempo in quarter notes per minute, or a percentage; exactly one of them")
    if request.percent is not None:
        return _within(request.percent, PERCENT_RANGE, "percent") / 100
    return _within(request.tempo_qpm or 0.0, TEMPO_RANGE_QPM, "tempo") / tempo_qpm


def _within(value: float, limits: Sequence[int], name: str) -> float:
    low, high = limits
    if not low <= value <= high:
        raise RequestError(f"{name} must be {low}-{high}, got {value:g}")
    return value


def _round(tempo_qpm: float) -> float:
    return round(tempo_qpm, 3)
