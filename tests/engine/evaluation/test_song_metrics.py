"""Measures of words with melody, on songs small enough to count by hand."""

from __future__ import annotations

import math

import pytest

from engine.evaluation.melody_likelihood import baseline_nats_per_note, mean_nats_per_note
from engine.evaluation.song_metrics import (
    cadence,
    coverage,
    inside_range,
    lines_of,
    longer_when_stressed,
    measure_songs,
    pair_agreement,
    split_words,
    stress_on_strong_beat,
    weak_off_strong,
)
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote, SungSyllable
from engine.music.melody_tokens import Melody, MelodyNote
from engine.music.score import TimeSignature

WORDS = [("ri", 1, "begin"), ("ver", 0, "end"), ("a", 0, "begin"), ("way", 1, "end")]


def sheet(
    onsets: list[int], durations: list[int], pitches: list[int], words: list[tuple[str, int, str]] = WORDS
) -> LeadSheet:
    last = len(words) - 1
    notes = tuple(
        SungNote(240 * o, 240 * d, p, SungSyllable(t, s, w, 0, n == last, n == last))  # type: ignore[arg-type]
        for n, (o, d, p, (t, s, w)) in enumerate(zip(onsets, durations, pitches, words, strict=True))
    )
    return LeadSheet("x", "C major", TimeSignature(4, 4), 100, 3840, notes, (ChordSpan(0, 3840, "C"),), ())


GOOD = sheet([0, 3, 7, 8], [3, 1, 1, 4], [60, 62, 65, 67])
BAD = sheet([1, 4, 8, 10], [2, 3, 2, 1], [60, 62, 65, 50])


def test_a_well_set_line_scores_full_marks() -> None:
    assert stress_on_strong_beat([GOOD]) == 1
    assert weak_off_strong([GOOD]) == 0
    assert pair_agreement([GOOD]) == 1
    assert longer_when_stressed([GOOD]) == 1
    assert cadence([GOOD]) == 1
    assert split_words([GOOD]) == 0
    assert inside_range([GOOD], "alto") == 1


def test_a_badly_set_line_is_found_out() -> None:
    assert stress_on_strong_beat([BAD]) == 0
    assert weak_off_strong([BAD]) == 1
    assert pair_agreement([BAD]) == 0
    assert longer_when_stressed([BAD]) == 0
    assert cadence([BAD]) == 0
    assert split_words([BAD]) == 0.5
    assert inside_range([BAD], "alto") == 0.75


def test_songs_are_counted_together() -> None:
    assert stress_on_strong_beat([GOOD, BAD]) == 0.5
    assert measure_songs([GOOD], "alto")["range"] == 1


def test_words_of_one_syllable_do_not_count_for_stress() -> None:
    single = sheet([0, 1, 2, 3], [1, 1, 1, 1], [60] * 4, [("la", 1, "single")] * 4)
    assert math.isnan(stress_on_strong_beat([single]))
    assert math.isnan(split_words([single]))


def test_coverage_counts_syllables_with_a_note() -> None:
    assert coverage(GOOD, 4) == 1
    assert coverage(GOOD, 8) == 0.5
    assert math.isnan(coverage(GOOD, 0))


def test_a_melisma_belongs_to_its_line() -> None:
    notes = (*GOOD.notes, SungNote(2880, 240, 64, None))
    longer = LeadSheet("x", "C major", TimeSignature(4, 4), 100, 3840, notes, GOOD.chords, ())
    assert [len(line) for line in lines_of(longer)] == [5]


def melody(pitches: list[int]) -> Melody:
    notes = tuple(MelodyNote(12 * n, 12, pitch, 1, "single") for n, pitch in enumerate(pitches))
    return Melody("major", "4/4", "song", notes)


def test_the_first_order_baseline_learns_what_follows_and_the_unigram_does_not() -> None:
    train, valid = [melody([60, 62, 64, 65] * 10)], [melody([60, 62, 64, 65] * 5)]
    unigram = baseline_nats_per_note(train, valid, order=0, add=0.01)
    markov = baseline_nats_per_note(train, valid, order=1, add=0.01)
    assert unigram["pitch"] == pytest.approx(math.log(4), abs=0.1)
    assert markov["pitch"] < 0.2
    assert markov["total"] == pytest.approx(markov["position"] + markov["pitch"] + markov["duration"])


def test_an_unseen_note_costs_more_than_a_seen_one() -> None:
    train = [melody([60, 62] * 10)]
    seen, unseen = ([melody([60, 62])], [melody([60, 63])])
    assert (
        baseline_nats_per_note(train, unseen, order=1, add=0.1)["pitch"]
        > baseline_nats_per_note(train, seen, order=1, add=0.1)["pitch"]
    )


class _Uniform:
    """A model to which all ids are alike."""

    def __call__(self, input_ids: object) -> object:
        import torch

        from engine.music.melody_tokens import VOCABULARY

        ids = torch.as_tensor(input_ids)
        logits = torch.zeros(*ids.shape, len(VOCABULARY))
        return type("Output", (), {"logits": logits})


@pytest.mark.parametrize("notes", [5, 72, 73, 200])
def test_a_uniform_model_loses_log_of_the_vocabulary_on_each_choice_of_each_note(notes: int) -> None:
    from engine.music.melody_tokens import VOCABULARY

    found = mean_nats_per_note(_Uniform(), [melody([60] * notes)])
    assert found["total"] == pytest.approx(3 * math.log(len(VOCABULARY)))
