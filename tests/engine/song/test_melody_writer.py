"""The laws of a sung melody hold whatever the model prefers: here its weights are random."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.llama import Llama, LlamaShape
from engine.lyrics.prosody import Syllable
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote, check
from engine.music.melody_tokens import VOCABULARY
from engine.music.score import TimeSignature
from engine.music.theory import Chord, Key, voice_range
from engine.song.alignment import metric_weight, pickup_ticks, sung_stress
from engine.song.melody_frames import shift_of, simple_quality, tune_source
from engine.song.melody_writer import write_melody
from engine.song.placement import pace_of
from engine.song.plan import LinePlan, SectionPlan, SongPlan
from tests.engine.tiny_llama import random_weights, tiny_config

SIGNATURES = {"4/4": 2, "3/4": 4, "6/8": 2, "2/4": 4}
Line = tuple[Syllable, ...]


@lru_cache(maxsize=1)
def tiny_model() -> Llama:
    config = tiny_config(
        vocab_size=len(VOCABULARY), num_hidden_layers=1, hidden_size=16, num_attention_heads=1, num_key_value_heads=1,
        head_dim=16, intermediate_size=16, max_position_embeddings=512,
    )  # fmt: skip
    return Llama.from_weights(LlamaShape.from_config(config), random_weights(config), precision="fp32", threads=1)


WORDS = st.sampled_from([((1, "single"),), ((0, "single"),), ((1, "begin"), (0, "end")), ((0, "begin"), (1, "end")),
                         ((1, "begin"), (0, "middle"), (2, "end"))])  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> Line:
    words = draw(st.lists(WORDS, min_size=1, max_size=6))
    return tuple(Syllable("la", stress, position) for word in words for stress, position in word)[:14]  # type: ignore[arg-type]  # positions of WORDS


def section(kind: str, words: list[Line], signature: TimeSignature, key: Key, **source: int) -> SectionPlan:
    bars_per_line = SIGNATURES[str(signature)]
    bars = bars_per_line * len(words) or 2
    tonic = key.transpose(0)
    symbols = [Chord(tonic.scale[n], "m" if (key.mode == "minor") == (n != 4) else "maj").symbol for n in (0, 3, 4)]
    chords = tuple(ChordSpan(n * signature.bar_ticks, signature.bar_ticks, symbols[n % 3]) for n in range(bars))
    plans = tuple(LinePlan(len(line), "X") for line in words)
    return SectionPlan(kind, kind, plans, bars, bars_per_line, chords, **source)  # type: ignore[arg-type]


@st.composite
def songs(draw: st.DrawFn) -> tuple[SongPlan, list[list[Line]]]:
    signature = TimeSignature(*map(int, draw(st.sampled_from(list(SIGNATURES))).split("/")))
    key = Key.parse(draw(st.sampled_from(["C", "F#m", "Eb", "A minor", "B"])))
    verse, chorus = draw(st.lists(lines(), min_size=1, max_size=3)), draw(st.lists(lines(), min_size=1, max_size=2))
    second = [tuple(Syllable("lo", draw(st.integers(0, 1)), "single") for _ in line) for line in verse]
    words = [[], verse, chorus, second, chorus, []]
    sources: list[dict[str, int]] = [{}, {}, {}, {"tune_of": 1}, {"words_of": 2}, {}]
    kinds = ["intro", "verse", "chorus", "verse", "chorus", "outro"]
    if draw(st.booleans()):  # a song may also begin with singing
        words, kinds, sources = words[1:], kinds[1:], [{}, {}, {"tune_of": 0}, {"words_of": 1}, {}]
    voice = draw(st.sampled_from(["soprano", "alto", "tenor", "bass", "child", "G3-D5", "A2-E3"]))
    style = draw(st.sampled_from(["pop", "folk", "blues"]))
    parts = tuple(section(k, w, signature, key, **s) for k, w, s in zip(kinds, words, sources, strict=True))
    return SongPlan(style, str(key), 100, signature, parts, voice), words


def write(plan: SongPlan, words: list[list[Line]], seed: int = 0) -> LeadSheet:
    return write_melody(
        tiny_model(), plan, words, "A Test", seed=seed, sampling=Sampling(temperature=1.0), candidates=3
    )


def by_line(sheet: LeadSheet) -> list[list[SungNote]]:
    found: list[list[SungNote]] = []
    for note in sheet.notes:
        if note.syllable is not None and note.syllable.line == len(found):
            found.append([])
        found[-1].append(note)
    return found


LAWS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(songs(), st.integers(0, 5))
def test_every_law_of_a_sung_line_holds(song: tuple[SongPlan, list[list[Line]]], seed: int) -> None:
    plan, words = song
    sheet = write(plan, words, seed)
    all_lines = [line for lines_of_section in words for line in lines_of_section]
    sung = by_line(sheet)
    assert [sum(note.syllable is not None for note in line) for line in sung] == [len(line) for line in all_lines]
    low, high = voice_range(plan.voice)
    key = Key.parse(plan.key_name)
    assert all(low <= note.pitch <= high for note in sheet.notes)
    for before, after in pairwise(sheet.notes):
        assert after.onset_ticks >= before.onset_ticks + before.duration_ticks
        assert abs(after.pitch - before.pitch) <= 24
        is_line_end = before.syllable is not None and before.syllable.line_end
        breathes = after.onset_ticks > before.onset_ticks + before.duration_ticks
        assert not is_line_end or breathes or before.duration_ticks >= 480  # so long that a breath can be taken from it
    for line in sung:
        for before, after in pairwise(line):
            assert abs(after.pitch - before.pitch) <= 12
            if after.syllable is None or after.syllable.word_position in ("middle", "end"):
                assert after.onset_ticks == before.onset_ticks + before.duration_ticks
        assert line[-1].duration_ticks >= median(note.duration_ticks for note in line)
    for note, following in zip(sheet.notes, (*sheet.notes[1:], None), strict=True):
        chord = Chord.parse([c for c in sheet.chords if c.onset_ticks <= note.onset_ticks][-1].symbol)
        if note.pitch % 12 not in {*key.scale, *chord.pitch_classes}:  # a colour leads to the note beside it
            assert metric_weight(note.onset_ticks, plan.time_signature) <= 1
            assert note.duration_ticks <= 480
            assert following is not None
            assert abs(following.pitch - note.pitch) == 1


@LAWS
@given(songs())
def test_lines_stay_in_their_bars_but_for_a_pickup(song: tuple[SongPlan, list[list[Line]]]) -> None:
    plan, words = song
    sung = iter(by_line(write(plan, words)))
    for part, span in zip(plan.sections, plan.section_spans(), strict=True):
        for place in range(len(part.lines)):
            line = next(sung)
            length = part.bars_per_line * plan.time_signature.bar_ticks
            start = span.onset_ticks + place * length
            assert line[0].onset_ticks >= start - pickup_ticks(2, plan.time_signature)
            assert line[-1].onset_ticks + line[-1].duration_ticks <= start + length


@LAWS
@given(songs())
def test_a_chorus_comes_back_note_for_note_and_a_tune_beat_for_beat(song: tuple[SongPlan, list[list[Line]]]) -> None:
    plan, words = song
    sheet = write(plan, words)
    spans = plan.section_spans()
    sung, first = by_line(sheet), 0
    of_section: list[list[SungNote]] = []
    for lines_of_section in words:
        of_section.append([note for line in sung[first : first + len(lines_of_section)] for note in line])
        first += len(lines_of_section)
    for index, part in enumerate(plan.sections):
        source = tune_source(plan, index)
        moved = spans[index].onset_ticks - spans[source].onset_ticks
        for a, b in zip(of_section[source], of_section[index], strict=True):
            assert (a.onset_ticks + moved, a.pitch) == (b.onset_ticks, b.pitch)
            if part.words_of is not None:
                assert a.duration_ticks == b.duration_ticks


def example_song() -> tuple[SongPlan, list[list[Line]]]:
    signature, key = TimeSignature(4, 4), Key.parse("C")
    line = tuple(Syllable(text, n % 2, "single") for n, text in enumerate(["the", "rain", "is", "on", "the", "hill"]))
    words = [[], [line, line]]
    parts = tuple(section(k, w, signature, key) for k, w in zip(("intro", "verse"), words, strict=True))
    return SongPlan("pop", "C major", 100, signature, parts), words


def test_the_same_seed_gives_the_same_melody_and_another_seed_another() -> None:
    plan, words = example_song()
    assert write(plan, words, 1) == write(plan, words, 1)
    assert write(plan, words, 1) != write(plan, words, 2)


def test_a_section_ends_on_the_tonic_where_its_chord_has_it() -> None:
    plan, words = example_song()
    last = write(plan, words).notes[-1]
    assert last.syllable is not None
    assert last.syllable.section_end
    assert last.pitch % 12 == 0  # the fourth bar is C again


def test_progress_counts_lines_and_a_song_can_be_taken_back() -> None:
    plan, words = example_song()
    seen: list[tuple[int, int]] = []
    write_melody(
        tiny_model(), plan, words, "x", seed=0, candidates=2, report=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(Cancelled):
        write_melody(tiny_model(), plan, words, "x", seed=0, candidates=2, cancelled=lambda: True)


def test_words_that_do_not_fit_the_plan_are_refused() -> None:
    plan, words = example_song()
    with pytest.raises(RequestError, match="needs 2 lines"):
        write(plan, [[], words[1][:1]])
    with pytest.raises(RequestError, match="words for 1"):
        write(plan, words[1:])


def test_too_many_syllables_for_the_bars_are_refused() -> None:
    with pytest.raises(RequestError, match="more bars"):
        pace_of(50, 48)
    assert pace_of(6, 66) == (6, 12)
    assert pace_of(14, 66) == (3, 12)


@pytest.mark.parametrize("voice", ["soprano", "alto", "tenor", "bass", "child"])
@pytest.mark.parametrize("key_name", ["C", "F#m", "Bb", "E minor", "B"])
def test_every_voice_is_brought_near_the_middle_of_the_model(voice: str, key_name: str) -> None:
    key = Key.parse(key_name)
    shift = shift_of(key, voice)
    assert (key.tonic + shift) % 12 == (0 if key.mode == "major" else 9)
    assert abs(sum(voice_range(voice)) / 2 + shift - 67) <= 6


@pytest.mark.parametrize(("symbol", "quality"), [
    ("C", "major"), ("Am", "minor"), ("G7", "dominant"), ("Dm7", "minor7"), ("Fmaj7", "major7"), ("Bdim", "diminished"),
    ("C+", "augmented"), ("Gsus4", "suspended"), ("Bm7b5", "diminished"), ("C6", "major"), ("C5", "major"),
])  # fmt: skip
def test_chord_symbols_count_as_the_model_knows_them(symbol: str, quality: str) -> None:
    assert simple_quality(Chord.parse(symbol)) == quality


@pytest.mark.parametrize(("signature", "weights"), [
    ((4, 4), [3, 0, 1, 0, 2, 0, 1, 0]),
    ((3, 4), [3, 0, 1, 0, 1, 0]),
    ((6, 8), [3, 1, 1, 2, 1, 1]),
    ((2, 4), [3, 0, 1, 0]),
])  # fmt: skip
def test_metric_weight_by_eighths(signature: tuple[int, int], weights: list[int]) -> None:
    assert [metric_weight(240 * n, TimeSignature(*signature)) for n in range(len(weights))] == weights


def test_weak_words_are_weak_when_sung_and_others_keep_their_stress() -> None:
    assert sung_stress("The", 1, "single") == 0
    assert sung_stress("night,", 1, "single") == 1
    assert sung_stress("ing", 0, "end") == 0


def folk_song() -> tuple[SongPlan, list[list[Line]]]:
    plan, words = example_song()
    signature, key = plan.time_signature, Key.parse("C")
    words = [[], [words[1][0]] * 8]
    parts = tuple(section(k, w, signature, key) for k, w in zip(("intro", "verse"), words, strict=True))
    return SongPlan("folk", "C major", 100, signature, parts), words


def test_a_style_with_melismas_has_some_and_one_without_has_none() -> None:
    plan, words = folk_song()
    found = [write(plan, words, seed) for seed in range(3)]
    assert any(note.syllable is None for sheet in found for note in sheet.notes)
    for sheet in found:
        check(sheet)
    pop = write(replace(plan, style="pop"), words)
    assert all(note.syllable is not None for note in pop.notes)


def test_other_words_keep_the_melismas_of_the_notes_that_stay() -> None:
    plan, words = folk_song()
    sheet = next(s for s in (write(plan, words, seed) for seed in range(5)) if len(s.notes) > 6 * 8)
    kept = {(1, n): notes for n, notes in enumerate(by_line(sheet))}
    other = tuple(Syllable(f"lu{n}", n % 2, "single") for n in range(6))
    again = write_melody(tiny_model(), plan, [[], [other] * 8], "x", seed=9, candidates=2, kept=kept)
    check(again)
    assert [(n.onset_ticks, n.pitch, n.syllable is None) for n in again.notes] == [
        (n.onset_ticks, n.pitch, n.syllable is None) for n in sheet.notes
    ]
    assert [n.syllable.text for n in by_line(again)[0] if n.syllable] == [syllable.text for syllable in other]


def test_a_line_may_begin_earlier_where_its_stresses_ask_for_it() -> None:
    plan, _ = example_song()
    iambs = tuple(Syllable("la", n % 2, "end" if n % 2 else "begin") for n in range(8))
    found = []
    for seed in range(4):  # some lines are sung freely against the beat
        sheet = write(plan, [[], [iambs, iambs]], seed)
        stressed = [note for note in sheet.notes if note.syllable and note.syllable.stress == 1]
        found.append(min(metric_weight(note.onset_ticks, plan.time_signature) for note in stressed))
    assert max(found) >= 2
