"""Four tasks over note events that one network learns side by side: going on, filling masks, chords and melodies.

Does not know how the loop feeds its rows. Each task begins with marks of its own, behind which its answer is learned:

    next     xxbos xxpad    | notes xxeos
    masked   xxbos xxmask   notes, some pitches and durations as xxmask, xxpad    | what was masked, in order, xxeos
    chords   xxbos xxmelody notes of the melody xxchords    | notes of the chords xxeos
    melody   xxbos xxchords notes of the chords xxmelody    | notes of the melody xxeos
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedModel, TrainerCallback

from engine.corpus.event_scores import piece_score
from engine.corpus.music_pieces import Work, read_works
from engine.errors import RequestError
from engine.evaluation.event_likelihood import nats_of_answers
from engine.music.events import open_vocabulary
from engine.music.note_grammar import CHORDS, END, MASK, MELODY, PAD, SEPARATOR, START
from engine.music.part_tasks import Example
from engine.music.piece import Piece
from engine.music.score import Note, Score, Track
from engine.music.theory import Chord
from engine.training.checkpoints import written_once
from engine.training.event_rows import DOWN, UP, Row, possible_moves
from engine.training.event_training import EventTraining

TASKS = ("next", "masked", "chords", "melody")
SHARES = (3.0, 2.0, 1.0, 1.0)
MOST_BARS, MASKED_SHARE, CHORD_ROOT = 8, 0.2, 48
VALID_EXAMPLES = 24  # of each task
Report = Callable[[str], None]


def draw_example(piece: Piece, task: str, rng: random.Random, *, most_semitones: int = 6) -> Example | None:
    """Return an example of a task from up to 8 bars of a piece, moved by some semitones; None where it cannot show it.

    most_semitones: how far it may be moved, up and down; 0 leaves it in its key.
    """
    first = rng.randrange(max(1, len(piece.bars) - MOST_BARS + 1))
    bars = piece.bars[first : first + MOST_BARS]
    start, end = bars[0].onset_ticks, bars[-1].end_ticks
    whole, melody, chords = (
        _within(score, start, end) for score in (piece_score(piece), _melody(piece), _chords(piece))
    )
    scores = (whole,) if task in ("next", "masked") else (melody, chords)
    if not all(score.tracks for score in scores):
        return None
    bounds = [possible_moves(score) for score in scores]
    down, up = max(DOWN, -most_semitones, *(b[0] for b in bounds)), min(UP, most_semitones, *(b[1] for b in bounds))
    semitones = rng.randint(down, up)
    bodies = [_body(score, semitones) for score in scores]
    if task == "next":
        return Example([START, PAD], [*bodies[0], END])
    if task == "masked":
        return _masked(bodies[0], rng)
    (given, before), (wanted, after) = ((bodies[0], MELODY), (bodies[1], CHORDS))[:: 1 if task == "chords" else -1]
    return Example([START, before, *given, after], [*wanted, END])


def _masked(body: list[int], rng: random.Random) -> Example:
    places = {place for place, i in enumerate(body) if i != SEPARATOR and rng.random() < MASKED_SHARE}
    places = places or {rng.randrange(len(body))}
    shown = [MASK if place in places else i for place, i in enumerate(body)]
    return Example([START, MASK, *shown, PAD], [*(body[place] for place in sorted(places)), END])


def _body(score: Score, semitones: int) -> list[int]:
    """Return the ids of a score without marks around them."""
    vocabulary = open_vocabulary("note-events")
    return vocabulary.transpose(vocabulary.encode(score), semitones)[2:-1]


def _melody(piece: Piece) -> Score:
    notes = piece.parts.get("melody") or piece.parts.get("soprano") or ()
    return _one_track(notes)


def _chords(piece: Piece) -> Score:
    """Return the chords as notes, from the root up within an octave and a half."""
    notes = []
    for span in piece.chords:
        try:
            chord = Chord.parse(span.symbol)
        except RequestError:
            continue  # N.C.
        root = CHORD_ROOT + chord.root % 12
        notes += [
            Note(span.onset_ticks, root + (pitch - chord.root) % 12, span.duration_ticks)
            for pitch in chord.pitch_classes
        ]
    return _one_track(sorted(notes))


def _one_track(notes: Sequence[Note]) -> Score:
    return Score((Track("", 0, tuple(notes)),) if notes else (), max((note.end_ticks for note in notes), default=0))


def _within(score: Score, start: int, end: int) -> Score:
    """Return what begins in a window, from tick 0 on, cut at its end; tracks without notes there are left out."""
    tracks = []
    for track in score.tracks:
        notes = tuple(
            Note(n.onset_ticks - start, n.pitch, min(n.end_ticks, end) - n.onset_ticks, n.velocity)
            for n in track.notes
            if start <= n.onset_ticks < end
        )
        if notes:
            tracks.append(Track(track.name, track.program, notes))
    return Score(tuple(tracks), end - start)


class JointRows:
    """Rows of `length` ids, examples of all tasks end to end, each row drawn anew from the seed and its place."""

    def __init__(self, works: Sequence[Work], *, rows: int, length: int, seed: int, moved_until: float) -> None:
        if not works:
            raise RequestError("there are no pieces to train on; name a folder with chorales, hymns or lead sheets")
        self._works, self._rows, self._length, self._seed = works, rows, length, seed
        self._moved_until = moved_until

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        rng = random.Random(f"{self._seed}:{index}")
        semitones = UP if index < self._moved_until * self._rows else 0
        ids: list[int] = []
        labels: list[int] = []
        while len(ids) < self._length:
            (task,) = rng.choices(TASKS, SHARES)
            example = draw_example(rng.choice(self._works).piece, task, rng, most_semitones=semitones)
            if example is not None:
                ids += example.ids
                labels += [*[-100] * len(example.prompt), *example.answer]
        return {"input_ids": np.array(ids[: self._length]), "labels": np.array(labels[: self._length])}


def examples_of(works: Sequence[Work], task: str, count: int, longest: int, seed: int = 5) -> list[Example]:
    """Return the same examples of a task every time, in their keys; fewer where few works can show it."""
    rng = random.Random(f"{seed}:{task}")
    drawn = (draw_example(rng.choice(works).piece, task, rng, most_semitones=0) for _ in range(10 * count))
    return [example for example in drawn if example is not None and len(example.ids) <= longest][:count]


def nats_by_note_task(
    model: PreTrainedModel, works: Sequence[Work], *, count: int = VALID_EXAMPLES, longest: int = 2048
) -> dict[str, dict[str, float]]:
    """Return by task the mean nats per id of the answers: four losses, for they weigh apart."""
    found = {task: nats_of_answers(model, examples_of(works, task, count, longest)) for task in TASKS}
    return {task: nats for task, nats in found.items() if nats["examples"]}


class LossesByTask(TrainerCallback):
    """Tells the loss of every task at each validation, beside the one loss of all."""

    def __init__(self, works: Sequence[Work], longest: int, report: Report) -> None:
        self._works, self._longest, self._report = works, longest, report

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        was_training = model.training
        found = nats_by_note_task(model, self._works, longest=self._longest)
        model.train(was_training)
        told = ", ".join(f"{task} {nats['nats_per_id']:.3f}" for task, nats in found.items())
        self._report(f"step {state.global_step}: nats per id of {told}")


def padded(example: Example, length: int) -> Row:
    """Return one example as a row, its answer alone learned."""
    ids, labels = example.ids[:length], ([-100] * len(example.prompt) + example.answer)[:length]
    missing = length - len(ids)
    return {
        "input_ids": np.pad(np.array(ids), (0, missing), constant_values=PAD),
        "labels": np.pad(np.array(labels), (0, missing), constant_values=-100),
    }


def train_joint(training: EventTraining, report: Report) -> Path:
    """Train on the four tasks and write `out/checkpoint`; return its path. RequestError where there are too few pieces."""
    from engine.training.event_models import CHECKPOINT, event_sampler, run_loop, save_event_model

    works, vocabulary = read_works(training.data), open_vocabulary(training.vocabulary)
    train, valid = ([work for work in works if work.split == split] for split in ("train", "valid"))
    if not train or not valid:
        raise RequestError(
            f"{training.data} gives {len(train)} pieces to train on and {len(valid)} to validate; it needs more"
        )
    length = training.row_events
    rows = JointRows(
        train, rows=training.steps * training.batch_rows, length=length, seed=training.seed,
        moved_until=training.moved_until,
    )  # fmt: skip
    valid_rows = [padded(e, length) for task in TASKS for e in examples_of(valid, task, VALID_EXAMPLES, length)]
    trained, facts = run_loop(
        training, rows, valid_rows, vocabulary, report, sample=event_sampler(training, vocabulary),
        callbacks=[LossesByTask(valid, length, report)],
    )  # fmt: skip
    card = {"kind": "music", "nats_by_task": nats_by_note_task(trained, valid, longest=length), **facts}
    return written_once(
        lambda: save_event_model(trained, training.out / CHECKPOINT, card, training.family).directory, training.out
    )
