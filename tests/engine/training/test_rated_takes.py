"""A rated take becomes the very ids that a model wrote; what people said of it becomes what there is to learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import SongRequest
from engine.corpus.snapshots import Judgement, Rules, Snapshot, Take
from engine.decoding import Session
from engine.music.as_json import lead_sheet_to_json
from engine.song.make_song import make_song
from engine.song.making import Making
from engine.song.models import SongModels
from engine.training.rated_melodies import encode_tune
from engine.training.rated_rows import Row, drawn, liked_in_turn, liked_rows, preferred_rows, scores
from engine.training.rated_texts import RatedTexts

REQUESTS = (
    SongRequest(theme="rain over the harbour", form="VC"),
    SongRequest(theme="the long road to Tokyo", form="VCV", style="folk", mood="happy"),
    SongRequest(theme="winter light", form="VC", rhyme="ABAB", artist="Robert Burns", time_signature="3/4"),
    SongRequest(theme="stars", form="VC", style="hymn", title="Silver Stars", voice="tenor"),
)


@contextmanager
def contexts() -> Iterator[list[list[int]]]:
    """Gather what each session of a model had read and written when it ended."""
    found: list[list[int]] = []
    leave = Session.__exit__

    def told(self: Session, *raised: object) -> None:
        found.append(list(self.ids))
        leave(self, *raised)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "__exit__", told)
        yield found


def made(request: SongRequest, models: SongModels) -> tuple[Take, list[list[int]]]:
    """Return a song as a take, and the last contexts of words and tune."""
    with contexts() as found:
        song = make_song(request, Making(seed=3, models=models, outputs=()))
    assert song.sheet is not None
    return Take(
        id="1", request=request.model_dump(mode="json"), seed=3, versions={}, title=song.report.title,
        text=song.lyrics_text, sections=song.report.sections, sheet=lead_sheet_to_json(song.sheet),
    ), found  # fmt: skip


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.theme)
def test_a_row_is_what_the_model_read_and_wrote(request_: SongRequest, opened_tiny_models: SongModels) -> None:
    take, (words, tune) = made(request_, opened_tiny_models)
    row = RatedTexts(opened_tiny_models.lyrics).encode(take)
    assert row is not None
    assert list(row.ids) == words
    sung = encode_tune(take)
    assert sung is not None
    assert list(sung.ids) == tune


def test_what_was_given_is_not_learned(opened_tiny_models: SongModels) -> None:
    take, _ = made(REQUESTS[0], opened_tiny_models)
    row = RatedTexts(opened_tiny_models.lyrics).encode(take)
    assert row is not None
    given_ids = [i for i, learned in zip(row.ids, row.learned, strict=True) if not learned]
    assert set(given_ids[row.prompt :]) <= set(opened_tiny_models.lyrics.tokenizer.mark_ids().tolist())
    tune = encode_tune(take)
    assert tune is not None
    assert sum(tune.learned) * 7 == (len(tune.ids) - 3) * 3


def test_words_of_a_member_and_tunes_that_are_not_there_teach_nothing(opened_tiny_models: SongModels) -> None:
    take, _ = made(REQUESTS[0], opened_tiny_models)
    own = take.model_copy(update={"request": {"kind": "sing", "lyrics": "La la\n"}})
    assert RatedTexts(opened_tiny_models.lyrics).encode(own) is None
    assert encode_tune(take.model_copy(update={"sheet": None})) is None


def _take(number: int, theme: str = "rain") -> Take:
    return Take(id=str(number), request={"kind": "song", "theme": theme}, seed=number, versions={}, title="", text="")


def _snapshot(said: Sequence[tuple[str, int, float]], takes: Sequence[Take]) -> Snapshot:
    judged = [Judgement(rater=r, kind="stars", take=str(take), value=v, day=date(2026, 11, 21)) for r, take, v in said]
    return Snapshot(Path(), "0" * 64, date(2026, 11, 21), Rules(), {take.id: take for take in takes}, tuple(judged))


def _encode(take: Take) -> Row:
    return Row((0, take.seed), (False, True), 1)


def test_four_stars_are_praise_from_those_who_give_two_and_blame_from_those_who_give_five() -> None:
    takes = [_take(n) for n in range(8)]
    split = takes[0].split
    strict = [("strict", n, 2.0) for n in range(6)] + [("strict", 6, 4.0)]
    kind = [("kind", n, 5.0) for n in range(6)] + [("kind", 7, 4.0)]
    found = scores(_snapshot([*strict, *kind], takes), split)
    assert found["6"][0] > 0 > found["7"][0]


def test_of_two_takes_of_a_prompt_the_one_with_more_stars_is_chosen() -> None:
    takes = [_take(1), _take(2)]
    snapshot = _snapshot([("a", 1, 5.0), ("a", 2, 1.0)], takes)
    (pair,) = preferred_rows(snapshot, takes[0].split, _encode)
    assert (pair.chosen.ids, pair.rejected.ids) == ((0, 1), (0, 2))
    assert [row.liked for row in liked_rows(snapshot, takes[0].split, _encode)] == [True, False]


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=12), st.integers(0, 60), st.integers(0, 99))
def test_as_many_rows_are_drawn_as_are_asked_for_and_the_same_for_a_seed(
    weights: list[float], count: int, seed: int
) -> None:
    first, second = (drawn(weights, count, np.random.default_rng(seed)) for _ in range(2))
    assert first == second
    assert len(first) == count
    assert set(first) <= set(range(len(weights)))


def test_liked_rows_and_others_are_shown_by_turns_however_few_there_are_of_either() -> None:
    takes = [_take(n) for n in range(7)]
    snapshot = _snapshot([("a", 0, 1.0), *(("a", n, 4.0) for n in range(1, 7))], takes)
    shown = liked_in_turn(liked_rows(snapshot, takes[0].split, _encode), 10, seed=0)
    assert [row.liked for row in shown] == [True, False] * 5
