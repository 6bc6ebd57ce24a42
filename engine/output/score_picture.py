"""A score without a lead sheet as a picture: a plain piano roll, a colour for each track, bar numbers
and the chords heard in it. Does not know words."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from engine.music.bars import bar_spans, first_bar, main_time_signature
from engine.music.changed_bars import ChangedBars
from engine.music.chord_finding import find_chords
from engine.music.heard import heard_key
from engine.music.midi_file import length_seconds
from engine.music.programs import PROGRAM_NAMES
from engine.music.score import Score, Track
from engine.music.theory import NO_CHORD
from engine.output.picture import (
    BAR_LINE,
    FACTS_PIXELS,
    FAINT_INK,
    NEW_PANEL,
    PANEL,
    PAPER,
    PIXELS_PER_INCH,
    POINTS_PER_PIXEL,
    bars,
    fitted_title,
    printed_chord,
    width_of,
    write,
)
from engine.output.picture_layout import LEFT, RIGHT, TITLE_HEIGHT, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT, BOTTOM = 900, 64
NOTES_TOP = TITLE_HEIGHT + 34  # below the chords
COLOURS = ("#3d7ea6", "#d9694a", "#4f9a72", "#8f6bb3", "#c79a3b", "#7d8597", "#b05f86", "#5d7f3f")
MOST_NAMED_TRACKS, LONGEST_NAME = 8, 14  # a band with a choir has eight tracks
NUMBER_ROOM, CHORD_PIXELS = 34.0, 20.0
LEAST_SEMITONES = 24
MOST_BAR_LINES = 120
LEAST_WIDTH = 2.0  # pixels


def score_png(score: Score, changed: ChangedBars | None = None, title: str = "") -> bytes:
    """Return a PNG, 1600 x 900 pixels, of all notes over the whole length; the same bytes each time.

    changed: bars that stand out, because an edit made them new. title: of a score without one, such as its file's name.
    Bars have their numbers, and the chords that are heard stand above, unless there are too many.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(WIDTH / PIXELS_PER_INCH, HEIGHT / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.set_axis_off()
    figure.set_facecolor(PAPER)
    facts = facts_of(score) + (f"   ·   {changed.text}" if changed is not None else "")
    write(axes, WIDTH - RIGHT, 62, facts, pixels=FACTS_PIXELS, colour=FAINT_INK, align="right")
    title, pixels = fitted_title(
        score.title.strip() or title, WIDTH - LEFT - RIGHT - 40 - width_of(facts, FACTS_PIXELS)
    )
    write(axes, LEFT, 62, title, pixels=pixels, weight="bold")
    roll = Rectangle((LEFT, TITLE_HEIGHT), WIDTH - LEFT - RIGHT, HEIGHT - TITLE_HEIGHT - BOTTOM, facecolor=PANEL)
    axes.add_patch(roll)
    if changed is not None:
        left, right = x_of(score, changed.onset_ticks), x_of(score, min(changed.end_ticks, score.length_ticks))
        axes.add_patch(
            Rectangle((left, TITLE_HEIGHT), right - left, HEIGHT - TITLE_HEIGHT - BOTTOM, facecolor=NEW_PANEL)
        )
    axes.vlines(bar_lines(score), TITLE_HEIGHT, HEIGHT - BOTTOM, colors=BAR_LINE, linewidths=1.0)
    low, high = pitches_shown(score)
    step = (HEIGHT - NOTES_TOP - BOTTOM) / (high - low + 1)
    sounding = [track for track in score.tracks if track.notes]
    for index, track in enumerate(sounding):
        ends = [
            (x_of(score, n.onset_ticks), x_of(score, n.end_ticks), NOTES_TOP + (high - n.pitch + 0.5) * step)
            for n in track.notes
        ]
        blocks(axes, ends, max(2.0, min(10.0, step)), COLOURS[index % len(COLOURS)])
    for index, track in enumerate(sounding[:MOST_NAMED_TRACKS]):
        x = LEFT + index * (WIDTH - LEFT - RIGHT) / MOST_NAMED_TRACKS
        bars(axes, [(x, x + 20, HEIGHT - 28)], 8.0, COLOURS[index % len(COLOURS)])
        write(axes, x + 28, HEIGHT - 22, name_of(track), pixels=18, colour=FAINT_INK)
    write_bars_and_chords(axes, score)
    file = io.BytesIO()
    # Software is None: matplotlib would write its version.
    canvas.print_png(file, metadata={"Software": None})
    return file.getvalue()


def write_bars_and_chords(axes: Axes, score: Score) -> None:
    """Write numbers above the bars, every second or fourth where they stand close, and the chords heard inside the roll."""
    if not bar_lines(score):
        return
    spans, first = bar_spans(score), first_bar(score)
    room = (WIDTH - LEFT - RIGHT) / len(spans)
    every = next(step for step in (1, 2, 4, 8, 16) if step * room >= NUMBER_ROOM or step == 16)
    for number, (start, _) in enumerate(spans, first):
        if number == first or (number - 1) % every == 0:
            write(axes, x_of(score, start) + 4, TITLE_HEIGHT - 6, str(number), pixels=16, colour=FAINT_INK)
    if not any(track.notes and not track.is_drum for track in score.tracks):
        return
    free = 0.0
    for chord in find_chords(score, heard_key(score)):
        text, x = printed_chord(chord.symbol), x_of(score, chord.onset_ticks) + 4
        if chord.symbol != NO_CHORD and x >= free:  # of those that stand too close, the first
            write(axes, x, TITLE_HEIGHT + 26, text, pixels=CHORD_PIXELS, weight="bold")
            free = x + width_of(text, CHORD_PIXELS, "bold") + 10


def blocks(axes: Axes, ends: list[tuple[float, float, float]], height: float, colour: str) -> None:
    """Draw a block from x to x at y for each (x, x, y), at least two pixels wide, so that none is lost."""
    from matplotlib.collections import LineCollection

    segments = [((start, y), (max(start + LEAST_WIDTH, end - 1.0), y)) for start, end, y in ends]
    lines = LineCollection(segments, colors=colour, linewidths=height * POINTS_PER_PIXEL, capstyle="butt")
    axes.add_collection(lines, autolim=False)


def facts_of(score: Score) -> str:
    """Return key, time signature and length as one line."""
    minutes, seconds = divmod(round(length_seconds(score)), 60)
    key = [printed_chord(score.key_name)] if score.key_name else []
    return "   ·   ".join([*key, str(main_time_signature(score)), f"{minutes}:{seconds:02d}"])


def name_of(track: Track) -> str:
    """Return a track's name, or what plays it."""
    name = track.name.strip() or ("drums" if track.is_drum else PROGRAM_NAMES[track.program])
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def x_of(score: Score, tick: int) -> float:
    return LEFT + tick * (WIDTH - LEFT - RIGHT) / max(1, score.length_ticks)


def bar_lines(score: Score) -> list[float]:
    """Return where bars begin and the last one ends; none where they would stand too close."""
    shortest = min(change.time_signature.bar_ticks for change in score.time_signatures)
    if (
        score.length_ticks // shortest > 4 * MOST_BAR_LINES
    ):  # counted before they are laid out: a file may last for hours
        return []
    ticks = [*(start for start, _ in bar_spans(score)), score.length_ticks]
    return [x_of(score, tick) for tick in ticks] if len(ticks) <= MOST_BAR_LINES + 1 else []


def pitches_shown(score: Score) -> tuple[int, int]:
    """Return the lowest and highest pitch drawn, at least two octaves."""
    pitches = [note.pitch for track in score.tracks for note in track.notes] or [60]
    low, high = min(pitches) - 1, max(pitches) + 1
    spare = max(0, LEAST_SEMITONES - (high - low))
    return low - spare // 2, high + spare - spare // 2
