"""A song as a picture: melody bars with the words under them, chord symbols above and the band faintly below.

Does not know how systems are laid out (see picture_layout), nor how a picture is posted.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.errors import Cancelled
from engine.music.changed_bars import ChangedBars
from engine.music.lead_sheet import LeadSheet, SungSyllable
from engine.music.score import Score, Track
from engine.output.picture_layout import (
    BAND_HEIGHT,
    LEFT,
    RIGHT,
    TITLE_HEIGHT,
    WIDTH,
    Layout,
    System,
    lay_out,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font
    from matplotlib.text import Text

PIXELS_PER_INCH = 100
POINTS_PER_PIXEL = 72 / PIXELS_PER_INCH
PAPER, PANEL, INK, FAINT_INK, BAR_LINE, BEAT_LINE = "#fbfaf6", "#f3f1ea", "#22283a", "#8a8c98", "#cfccc2", "#e6e3da"
NEW_PANEL = "#fae8bd"  # behind bars that an edit made new
ACCENTS = {
    "verse": "#3d7ea6",
    "chorus": "#d9694a",
    "prechorus": "#8f6bb3",
    "pre-chorus": "#8f6bb3",
    "bridge": "#4f9a72",
}
QUIET_ACCENT = "#7d8597"
CHORDS_COLOUR, BASS_COLOUR, DRUMS_COLOUR, VOICES_COLOUR = "#b9c3cf", "#a3b09a", "#d3c3ae", "#c7a9cf"
OTHER_VOICES = ("second voice", "alto", "tenor", "bass voice")
MELODY_NAMES = ("melody", "voice", "vocal", "vocals", "lead")
BASS_PROGRAMS = range(32, 40)
NOTE_HEIGHT, BAND_NOTE_HEIGHT = 16.0, 3.0
WORD_GAP = 9.0
TITLE_PIXELS, SMALLEST_TITLE_PIXELS, FACTS_PIXELS = 44.0, 26.0, 24.0


def piano_roll_png(
    sheet: LeadSheet, score: Score, cancelled: Callable[[], bool] = lambda: False, changed: ChangedBars | None = None
) -> bytes:
    """Return a PNG, 1600 pixels wide and at most 2000 high, of the song's first sections; the same bytes each time.

    Parts sung before are left out where the whole song does not fit. A sheet without notes shows its chords.
    cancelled: asked before each row; Cancelled if it says so. changed: bars that stand out, because an edit made them new.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layout = lay_out(sheet)
    figure = Figure(figsize=(WIDTH / PIXELS_PER_INCH, layout.height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, WIDTH), ylim=(layout.height, 0))
    axes.set_axis_off()
    figure.set_facecolor(PAPER)
    draw_margins(axes, sheet, layout, changed, has_voices=any(is_voice(track) for track in score.tracks))
    for system in layout.systems:
        if cancelled():
            raise Cancelled("the song was taken back")
        draw_system(axes, sheet, system, changed)
        draw_band(axes, score, system)
    file = io.BytesIO()
    # Software is None: matplotlib would write its version.
    canvas.print_png(file, metadata={"Software": None})
    return file.getvalue()


def draw_margins(
    axes: Axes, sheet: LeadSheet, layout: Layout, changed: ChangedBars | None = None, *, has_voices: bool = False
) -> None:
    """Draw what stands above and below the rows: title, key and tempo; the colours of the band and of other voices."""
    facts = f"{printed_chord(sheet.key_name)}   ·   {sheet.time_signature}   ·   ♩ = {sheet.tempo_qpm:g}"
    facts += f"   ·   {changed.text}" if changed is not None else ""
    write(axes, WIDTH - RIGHT, 62, facts, pixels=FACTS_PIXELS, colour=FAINT_INK, align="right")
    title, pixels = fitted_title(sheet.title, WIDTH - LEFT - RIGHT - 40 - width_of(facts, FACTS_PIXELS))
    write(axes, LEFT, 62, title, pixels=pixels, weight="bold")
    axes.plot((LEFT, WIDTH - RIGHT), (TITLE_HEIGHT - 20,) * 2, color=BAR_LINE, linewidth=1.2)
    tints = [("chords", CHORDS_COLOUR), ("bass", BASS_COLOUR), ("drums", DRUMS_COLOUR)]
    for place, (name, tint) in enumerate([*tints, *([("voices", VOICES_COLOUR)] if has_voices else [])]):
        x = LEFT + 110 * place
        bars(axes, [(x, x + 20, layout.height - 22)], 6.0, tint)
        write(axes, x + 26, layout.height - 16, name, pixels=18, colour=FAINT_INK)
    if layout.is_cut:
        note = "… and so on to the end of the song"
        write(axes, WIDTH - RIGHT, layout.height - 16, note, pixels=18, colour=FAINT_INK, align="right")


def fitted_title(title: str, room: float) -> tuple[str, float]:
    """Return the title and its size in pixels so that it is no wider than `room` pixels; cut if it is very long."""
    shown = " ".join(title.split()) or "Untitled"
    pixels = TITLE_PIXELS * min(1.0, room / width_of(shown, TITLE_PIXELS, weight="bold"))
    if pixels >= SMALLEST_TITLE_PIXELS:
        return shown, pixels
    return shown[: int(len(shown) * pixels / SMALLEST_TITLE_PIXELS) - 2].rstrip() + "…", SMALLEST_TITLE_PIXELS


def draw_system(axes: Axes, sheet: LeadSheet, system: System, changed: ChangedBars | None = None) -> None:
    """Draw one row: label, chords, bar lines, melody and words."""
    colour = accent(system.label)
    draw_grid(axes, sheet, system, changed)
    if system.is_first_of_section:
        draw_label(axes, system, colour)
    for chord in sheet.chords:
        if system.onset_ticks <= chord.onset_ticks < system.end_ticks:
            x, y = system.x_of(chord.onset_ticks) + 7, system.chord_top + 28
            write(axes, x, y, printed_chord(chord.symbol), pixels=27, weight="bold")
    draw_melody(axes, sheet, system, colour)
    if sheet.is_sung:
        draw_words(axes, sheet, system)


def draw_label(axes: Axes, system: System, colour: str) -> None:
    box = {"boxstyle": "round,pad=0.32,rounding_size=0.5", "facecolor": colour, "linewidth": 0}
    write(axes, LEFT + 8, system.top + 22, system.label.upper(), pixels=18, colour=PAPER, weight="bold").set_bbox(box)


def draw_grid(axes: Axes, sheet: LeadSheet, system: System, changed: ChangedBars | None = None) -> None:
    from matplotlib.patches import Rectangle

    left, right = system.x_of(system.onset_ticks), system.x_of(system.end_ticks)
    top, bottom = system.roll_top, system.band_top + BAND_HEIGHT
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, facecolor=PANEL, linewidth=0))
    if changed is not None and changed.onset_ticks < system.end_ticks and changed.end_ticks > system.onset_ticks:
        start, end = system.clip_x(changed.onset_ticks), system.clip_x(changed.end_ticks)
        axes.add_patch(Rectangle((start, top), end - start, bottom - top, facecolor=NEW_PANEL, linewidth=0))
    signature = sheet.time_signature
    onsets = range(system.onset_ticks, system.end_ticks + 1, signature.beat_ticks)
    bars = [system.x_of(tick) for tick in onsets if (tick - system.onset_ticks) % signature.bar_ticks == 0]
    beats = [system.x_of(tick) for tick in onsets if (tick - system.onset_ticks) % signature.bar_ticks]
    axes.vlines(beats, top, bottom, colors=BEAT_LINE, linewidths=1.0)
    axes.vlines(bars, system.chord_top + 4, bottom, colors=BAR_LINE, linewidths=1.6)


def draw_melody(axes: Axes, sheet: LeadSheet, system: System, colour: str) -> None:
    """Draw each note as a rounded bar; one that goes on over the row's edge is drawn in both rows."""
    ends = []
    for note in sheet.notes:
        if note.onset_ticks < system.end_ticks and note.onset_ticks + note.duration_ticks > system.onset_ticks:
            y = system.y_of(note.pitch)
            ends.append((system.clip_x(note.onset_ticks), system.clip_x(note.onset_ticks + note.duration_ticks), y))
    bars(axes, ends, NOTE_HEIGHT, colour)


def draw_words(axes: Axes, sheet: LeadSheet, system: System) -> None:
    """Write the syllables on one line under the melody, each under its note or right after the one before.

    Syllables of a word have hyphens between them; a line is drawn under the notes over which a syllable goes on.
    """
    written_to, within_word = -WORD_GAP, False
    for note in sheet.notes:
        if not system.onset_ticks <= note.onset_ticks < system.end_ticks:
            continue
        if note.syllable is None:
            end = system.clip_x(note.onset_ticks + note.duration_ticks) - NOTE_HEIGHT / 2
            if end > written_to + 4 and not within_word:
                axes.plot((written_to + 4, end), (system.words_y,) * 2, color=FAINT_INK, linewidth=1.4)
                written_to = end - 4  # the line of a further note joins on
            continue
        within_word = note.syllable.word_position in ("begin", "middle")
        text = note.syllable.text + ("-" if within_word else "")
        # A syllable that is pushed aside stands as close to its own word as can be.
        x = max(system.x_of(note.onset_ticks) + 3, written_to + (0 if continues_word(note.syllable) else WORD_GAP))
        write(axes, x, system.words_y, text, pixels=system.words_pixels)
        written_to = x + width_of(text, system.words_pixels)


def continues_word(syllable: SungSyllable) -> bool:
    return syllable.word_position in ("middle", "end")


def draw_band(axes: Axes, score: Score, system: System) -> None:
    """Draw everything but the melody in a flat strip, so that one sees when the band plays."""
    for track in score.tracks:
        if track.lyrics or track.name.lower() in MELODY_NAMES:
            continue
        is_bass = track.program in BASS_PROGRAMS
        colour = DRUMS_COLOUR if track.is_drum else BASS_COLOUR if is_bass else CHORDS_COLOUR
        colour = VOICES_COLOUR if is_voice(track) else colour
        ends = []
        for note in track.notes:
            if note.onset_ticks < system.end_ticks and note.end_ticks > system.onset_ticks:
                y = system.band_y_of(note.pitch, is_drum=track.is_drum)
                ends.append((system.clip_x(note.onset_ticks), system.clip_x(note.end_ticks), y))
        bars(axes, ends, BAND_NOTE_HEIGHT, colour)


def is_voice(track: Track) -> bool:
    """Say whether a track sings beside the melody: a choir's alto, tenor and bass, or a second voice."""
    return track.name.lower() in OTHER_VOICES


def bars(axes: Axes, ends: list[tuple[float, float, float]], height: float, colour: str) -> None:
    """Draw a pill from x to x at y for each (x, x, y); one that is shorter than high becomes a dot."""
    from matplotlib.collections import LineCollection

    radius, gap = height / 2, 2.0
    segments = []
    for start, end, y in ends:
        first = start + radius
        segments.append(((first, y), (max(first + 0.1, end - radius - gap), y)))
    pills = LineCollection(segments, colors=colour, linewidths=height * POINTS_PER_PIXEL, capstyle="round")
    axes.add_collection(pills, autolim=False)


def write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    pixels: float,
    colour: str = INK,
    weight: str = "regular",
    align: str = "left",
) -> Text:
    """Write text with its base line at y. A dollar sign is a dollar sign, not the start of a formula."""
    style: dict[str, Any] = {"color": colour, "ha": align, "va": "baseline", "parse_math": False}
    return axes.text(x, y, drawable(text, weight), fontproperties=font(weight, pixels * POINTS_PER_PIXEL), **style)


def font(weight: str, points: float) -> FontProperties:
    """Return the font that comes with matplotlib, so that a picture is the same on every machine."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties

    name = "DejaVuSans-Bold.ttf" if weight == "bold" else "DejaVuSans.ttf"
    return FontProperties(fname=f"{get_data_path()}/fonts/ttf/{name}", size=points)


@functools.lru_cache(maxsize=4096)
def width_of(text: str, pixels: float, weight: str = "regular") -> float:
    """Return the width of the text in pixels."""
    face = font_face(weight)
    face.set_size(pixels, 72)
    face.set_text(drawable(text, weight), 0.0)
    return float(face.get_width_height()[0]) / 64


def drawable(text: str, weight: str) -> str:
    """Return the text as the font can show it: Chinese characters as pinyin with its tones, others that it lacks as boxes."""
    face = font_face(weight)
    has = [bool(face.get_char_index(ord(character))) for character in text]
    if all(has):
        return text
    return "".join(
        part if part == " " or face.get_char_index(ord(part[0])) else "□" * len(part) for part in _in_pinyin(text)
    )


_CHINESE_MARKS = str.maketrans("，。、！？；：《》（）「」", ",.,!?;:“”()“”")


@functools.lru_cache(maxsize=1024)
def _in_pinyin(text: str) -> tuple[str, ...]:
    """Return the text in parts: each Chinese character as its syllable, with a space before it, all else letter by letter."""
    from pypinyin import Style, lazy_pinyin

    parts: list[str] = []
    plain = text.translate(_CHINESE_MARKS)
    for part in lazy_pinyin(plain, style=Style.TONE, errors=list):  # type: ignore[arg-type]  # a list stays in parts
        is_chinese = part not in plain
        if is_chinese and parts and parts[-1] not in " “(":
            parts.append(" ")
        parts.append(part)
    return tuple(parts)


def font_face(weight: str) -> FT2Font:
    from matplotlib.font_manager import get_font

    return get_font(str(font(weight, TITLE_PIXELS).get_file()))


def accent(label: str) -> str:
    return ACCENTS.get(label.split()[0].lower() if label.strip() else "", QUIET_ACCENT)


def printed_chord(symbol: str) -> str:
    """Return the symbol with musical accidentals: "Bbm7" -> "B♭m7". The `b` of "b5" counts as one too."""
    root = symbol[:1]
    return root + symbol[1:].replace("#", "♯").replace("b", "♭")
