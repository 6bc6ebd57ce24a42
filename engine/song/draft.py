"""Form and length of a song brought together: its sections in bars, and the tempo. Does not know keys, chords or words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.contract import LENGTH_RANGE_SECONDS
from engine.errors import RequestError
from engine.music.score import TimeSignature
from engine.song import length
from engine.song.form import KIND_OF_LETTER, LinePlan, SectionKind, couplets, doubled, parse_form
from engine.song.length import Block
from engine.song.named_forms import NamedForm, parts_of
from engine.song.styles import BARS_PER_LINE, Style

LinesOfKind = dict[SectionKind, tuple[LinePlan, ...]]
INSTRUMENTAL_BARS = 8
_COST_OF_OTHER_LINES = 14  # in bars of padding, see `length.fit`
LETTER_OF_KIND = {kind: letter for letter, kind in KIND_OF_LETTER.items()}


@dataclass(frozen=True)
class Draft:
    """Sections as lengths, before they have chords."""

    blocks: tuple[Block, ...]
    lines: LinesOfKind
    bars_per_line: dict[SectionKind, int]
    tempo_qpm: float

    @property
    def sung_bars(self) -> dict[SectionKind, int]:
        return {kind: len(lines) * self.bars_per_line[kind] for kind, lines in self.lines.items()}


@dataclass(frozen=True)
class AskedForm:
    """What a song shall be made of. letters: as typed, None where the style chooses. named: the form, if it has a name.

    added_bars: of the intro and the outro that nobody types. lines_are_free: whether a section may have half as many lines
    or twice as many, so that a length is met.
    """

    style: Style
    letters: str | None
    named: NamedForm | None
    lines: LinesOfKind
    added_bars: tuple[int, int]
    time_signature: TimeSignature
    lines_are_free: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The sections as letters, verses of a named form with the number of their words."""
        if self.named is not None:
            return parts_of(self.named.sections)
        kinds = parse_form(self.letters if self.letters is not None else self.style.form)
        return tuple(LETTER_OF_KIND[kind] for kind in kinds)


def make_draft(form: AskedForm, tempos: Sequence[float], seconds: float | None) -> Draft:
    """Return the sections in bars; where a length is asked for, they last it to within half a bar.

    Letters that were typed are all sung; a named form or a style's own is sung as often as there is time. RequestError
    where that cannot be.
    """
    usual = form.style.bars_per_line[str(form.time_signature)]
    if seconds is None:
        return _with_form(form, form.lines, usual, tempos[0])
    check_length(seconds)
    drafts = [_with_form(form, form.lines, usual, tempo) for tempo in tempos]
    short = BARS_PER_LINE[str(form.time_signature)]
    couplet_drafts = [_with_form(form, couplets(form.lines), short, tempo) for tempo in tempos if form.lines_are_free]
    if form.letters is None or form.named is not None:
        return _filled(drafts + couplet_drafts, form, seconds)
    doubled_drafts = [_with_form(form, doubled(form.lines), usual, tempo) for tempo in tempos if form.lines_are_free]
    return _fitted(drafts, doubled_drafts + couplet_drafts, form.time_signature, seconds)


def check_length(seconds: float) -> None:
    """Raise RequestError for a length that no song has."""
    low, high = LENGTH_RANGE_SECONDS
    if not low <= seconds <= high:
        raise RequestError(f"length must be {low}-{high} seconds, got {seconds:g}; try 180")


def bars_in(seconds: float, time_signature: TimeSignature, tempo_qpm: float) -> int:
    """Return the number of bars that last nearest to so many seconds."""
    return round(seconds / length.bar_seconds(time_signature, tempo_qpm))


def _with_form(form: AskedForm, lines: LinesOfKind, usual_bars_per_line: int, tempo_qpm: float) -> Draft:
    bars_per_line = {
        kind: max(
            length.bars_for_rapped_lines(line.syllables, tempo_qpm)
            if form.style.is_rapped(kind, str(form.time_signature))
            else length.bars_for_line(line.syllables, usual_bars_per_line, form.time_signature, tempo_qpm)
            for line in section
        )
        for kind, section in lines.items()
    }
    unit = length.bar_unit(form.time_signature)
    intro, outro = (bars * unit for bars in form.added_bars)
    bars: dict[SectionKind, int] = {"intro": intro, "outro": outro, "instrumental": INSTRUMENTAL_BARS * unit}
    bars |= {kind: len(section) * bars_per_line[kind] for kind, section in lines.items()}
    blocks = [length.block_of(part, bars) for part in form.parts]
    if not {"intro", "outro"} & {block.kind for block in blocks}:
        blocks = [Block("intro", intro, is_added=True), *blocks, Block("outro", outro, is_added=True)]
    return Draft(tuple(blocks), lines, bars_per_line, tempo_qpm)


def _fitted(drafts: Sequence[Draft], changed: Sequence[Draft], time_signature: TimeSignature, seconds: float) -> Draft:
    """Return the draft that needs the least padding for the length; RequestError says what its form can last.

    changed: drafts with other lines than usual, which are taken where they save a good deal of padding.
    """
    fitting, unit = [], length.bar_unit(time_signature)
    for draft, more in [*((draft, 0) for draft in drafts), *((draft, _COST_OF_OTHER_LINES) for draft in changed)]:
        if found := length.fit(draft.blocks, bars_in(seconds, time_signature, draft.tempo_qpm), unit):
            blocks, cost = found
            fitting.append((cost + more, Draft(blocks, draft.lines, draft.bars_per_line, draft.tempo_qpm)))
    if fitting:  # of equals the first: the tempo nearest to the seed's choice
        return min(fitting, key=lambda one: one[0])[1]
    songs = [(draft.blocks, draft.tempo_qpm) for draft in [*drafts, *changed]]
    raise out_of_range(songs, time_signature, seconds)


def out_of_range(
    songs: Sequence[tuple[Sequence[Block], float]], time_signature: TimeSignature, seconds: float
) -> RequestError:
    """Return the refusal of a length that says how long the songs, each blocks at a tempo, can last."""
    ranges = [
        [
            bars * length.bar_seconds(time_signature, tempo)
            for bars in length.widest_range(blocks, length.bar_unit(time_signature))
        ]
        for blocks, tempo in songs
    ]
    shortest, longest = min(low for low, _ in ranges), max(high for _, high in ranges)
    at_tempo = _at_tempo(tempo for _, tempo in songs)
    return RequestError(
        f"this form lasts {shortest:.0f}-{longest:.0f} seconds{at_tempo}, got length {seconds:g}; "
        "leave out the form or the length, or change the tempo"
    )


def _filled(drafts: Sequence[Draft], form: AskedForm, seconds: float) -> Draft:
    """Return the first draft of which some part of the form, or some rounds of it, last so long."""
    for draft in drafts:
        songs = length.ladder(form.style.form) if form.named is None else form.named.longer_and_longer()
        bars = bars_in(seconds, form.time_signature, draft.tempo_qpm)
        if blocks := length.fill_with_form(songs, draft.sung_bars, bars):
            return Draft(blocks, draft.lines, draft.bars_per_line, draft.tempo_qpm)
    shortest = ("V",) if form.named is None else next(form.named.longer_and_longer())
    first = min(
        length.total_bars([length.block_of(part, draft.sung_bars) for part in shortest])
        * length.bar_seconds(form.time_signature, draft.tempo_qpm)
        for draft in drafts
    )
    at_tempo = _at_tempo(draft.tempo_qpm for draft in drafts)
    if form.named is not None:
        raise RequestError(
            f"a song of the form {form.named.name} lasts {first:.0f} seconds or longer{at_tempo}, got length {seconds:g}; "
            "ask for a longer song, a faster tempo or fewer lines"
        )
    raise RequestError(
        f"{seconds:g} seconds are too short for one verse, which lasts {first:.0f}{at_tempo}; "
        "ask for a longer song, a faster tempo or fewer lines"
    )


def _at_tempo(tempos: Iterable[float]) -> str:
    different = set(tempos)
    return f" at {different.pop():g} quarter notes per minute" if len(different) == 1 else ""
