"""Training of the composing model: one small Llama for all tasks of `part_tasks`. Does not know how answers are chosen.

Every row is drawn anew from its seed and index: a work, a task that it can show, a window of bars. In the first part of a run
some are moved by up to six semitones, so that keys which were told wrongly do no harm; the last part shows them as they are.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from engine.checkpoint import write_checkpoint
from engine.corpus.music_pieces import Work, read_works
from engine.errors import OutputError, RequestError
from engine.music.part_tasks import (
    Example,
    continued,
    infilled,
    with_chords,
    with_melody,
    with_pitches,
    with_rhythm,
    with_voices,
)
from engine.music.part_vocabulary import HIGHEST_PITCH, LOWEST_PITCH, TASKS, VOCABULARY
from engine.music.piece import CHOIR, Voice
from engine.music.piece_grid import GridPiece, to_grid
from engine.training.trainer import TrainingOptions, train_causal

CONTEXT_LENGTH, ROW_IDS, BATCH_ROWS = 1024, 512, 8
STEPS = 2400
# How often each task is shown where a work can show it; continuing teaches the most and is shown the most.
SHARES = {"continue": 3.0, "infill": 2.0, "chords": 2.0, "voices": 3.0, "melody": 1.0, "pitches": 1.0, "rhythm": 1.0}
STYLE_SHARES = {"chorale": 1.0, "hymn": 1.0, "song": 2.0, "lied": 0.35}
MOST_BARS, FEWEST_BARS = 8, 2
MOVED_SHARE, MOVED_UNTIL, NAMELESS_SHARE = 0.3, 0.7, 0.15
VALID_EXAMPLES = 24  # of each task


def composing_config(hidden: int = 192, layers: int = 6) -> LlamaConfig:
    """Return the architecture of the starter: Llama, 6 layers of 192, 6 heads, tied embeddings; 2.8M parameters."""
    return LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=hidden,
        intermediate_size=hidden * 11 // 4,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 32,
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        pad_token_id=VOCABULARY.pad_id,
        bos_token_id=VOCABULARY.start_id,
        eos_token_id=VOCABULARY.end_id,
        use_cache=False,
    )


def draw_example(grid: GridPiece, task: str, rng: random.Random) -> Example | None:
    """Return an example of a task from a random window of a piece; None where the piece cannot show it."""
    count = len(grid.bars)
    melody: Voice = "melody" if "melody" in grid.voices else "soprano"
    bars = rng.randint(FEWEST_BARS, MOST_BARS)
    first = rng.randrange(max(1, count - bars + 1))
    window = range(first, min(count, first + bars))
    has_chords = any(grid.chords[bar] for bar in window)
    if melody not in grid.voices or (task in ("chords", "melody") and not has_chords):
        return None
    if task == "continue":
        context = range(max(0, first - rng.randint(0, MOST_BARS)), first)
        return continued(grid, context, window, _some_voices(grid, rng))
    if task == "infill":
        before = range(max(0, first - rng.randint(0, MOST_BARS)), first)
        after = range(window.stop, min(count, window.stop + rng.randint(0, MOST_BARS // 2)))
        return infilled(grid, before, window, after, _some_voices(grid, rng))
    if task == "chords":
        return with_chords(grid, window, melody)
    if task == "voices":
        return with_voices(grid, window, "soprano") if set(CHOIR) <= set(grid.voices) else None
    if task == "melody":
        named = replace_voice(grid, melody, "melody")
        return with_melody(named, window, "melody")
    voice = rng.choice(grid.voices)
    beside = tuple(v for v in grid.voices if v != voice)
    return (with_pitches if task == "pitches" else with_rhythm)(grid, window, voice, beside)


def _some_voices(grid: GridPiece, rng: random.Random) -> tuple[Voice, ...]:
    """Return all voices, or now and then the highest alone."""
    return grid.voices if rng.random() < 0.8 else grid.voices[:1]


def replace_voice(grid: GridPiece, voice: Voice, name: Voice) -> GridPiece:
    """Return the piece with a voice under another name."""
    if voice == name:
        return grid
    notes = {name if v == voice else v: part for v, part in grid.notes.items()}
    return replace(grid, notes=notes, voices=tuple(name if v == voice else v for v in grid.voices))


@dataclass(frozen=True)
class Shown:
    """A work on the grid, and the pieces that it is moved to."""

    work: Work
    grid: GridPiece

    def moved(self, semitones: int) -> GridPiece:
        """Return the work that many semitones away from C major or A minor; as it is where a pitch would leave the range."""
        pitches = [n.pitch for part in self.grid.notes.values() for bar in part for n in bar]
        if min(pitches) + semitones < LOWEST_PITCH or max(pitches) + semitones > HIGHEST_PITCH:
            return self.grid
        piece = self.work.piece
        parts = {v: tuple(replace(n, pitch=n.pitch + semitones) for n in p) for v, p in piece.parts.items()}
        grid = to_grid(
            replace(piece, parts=parts), self.work.style
        )  # moved back by its own key: what is left is the move
        return replace(grid, chords=[[(s, _moved_chord(c, semitones)) for s, c in bar] for bar in grid.chords])


def _moved_chord(chord: int, semitones: int) -> int:
    place, qualities = chord - VOCABULARY.ranges["chord"].start, (len(VOCABULARY.ranges["chord"]) - 1) // 12
    if place == 12 * qualities:
        return chord
    root, quality = divmod(place, qualities)
    return VOCABULARY.ranges["chord"].start + (root + semitones) % 12 * qualities + quality


class TaskRows(torch.utils.data.Dataset[dict[str, np.ndarray]]):
    """`rows` rows of `length` ids, each of examples end to end; the last is cut. Prompts are not learned but in continuing."""

    def __init__(self, shown: Sequence[Shown], *, rows: int, length: int, seed: int) -> None:
        if not shown:
            raise RequestError("there are no pieces to train on; name a folder with chorales, hymns or lead sheets")
        self._shown, self._rows, self._length, self._seed = shown, rows, length, seed
        self._weights = [STYLE_SHARES.get(s.work.style, 1.0) * len(s.grid.bars) ** 0.5 for s in shown]

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        rng = random.Random(f"{self._seed}:{index}")
        may_move = index < MOVED_UNTIL * self._rows
        ids: list[int] = []
        labels: list[int] = []
        while len(ids) < self._length:
            example = self._draw(rng, may_move=may_move)
            if example is not None:
                ids += example.ids
                labels += labels_of(example)
        return {"input_ids": np.array(ids[: self._length]), "labels": np.array(labels[: self._length])}

    def _draw(self, rng: random.Random, *, may_move: bool) -> Example | None:
        (shown,) = rng.choices(self._shown, self._weights)
        (task,) = rng.choices(list(SHARES), list(SHARES.values()))
        moves = may_move and rng.random() < MOVED_SHARE
        grid = shown.moved(rng.randint(-5, 6)) if moves else shown.grid
        if rng.random() < NAMELESS_SHARE:
            grid = replace(grid, style="any")
        return draw_example(grid, task, rng)


def labels_of(example: Example) -> list[int]:
    """Return what is learned of an example: all of a continuation but its prefix, the answer alone of other tasks."""
    is_stream = example.prompt[1] == VOCABULARY.id_of("task:continue")
    known = 4 if is_stream else len(example.prompt)
    return [-100] * known + example.ids[known:]


def row_of(example: Example, length: int) -> dict[str, np.ndarray]:
    """Return one example as a padded row, its answer alone learned."""
    ids = example.ids[:length]
    labels = ([-100] * len(example.prompt) + example.answer)[:length]
    padding = length - len(ids)
    return {
        "input_ids": np.array(ids + [VOCABULARY.pad_id] * padding),
        "labels": np.array(labels + [-100] * padding),
    }


def shown_works(works: Sequence[Work], split: str) -> list[Shown]:
    """Return the works of a split on the grid; those without notes are left out."""
    on_grid = (Shown(work, to_grid(work.piece, work.style)) for work in works if work.split == split)
    return [shown for shown in on_grid if shown.grid.voices]


def examples_of(shown: Sequence[Shown], task: str, count: int, seed: int = 5) -> list[Example]:
    """Return the same examples of a task every time, from works drawn evenly; fewer where few works can show it."""
    rng = random.Random(f"{seed}:{task}")
    found: list[Example] = []
    for _ in range(20 * count):
        example = draw_example(rng.choice(shown).grid, task, rng)
        if example is not None and len(example.ids) <= CONTEXT_LENGTH:
            found.append(example)
        if len(found) == count:
            break
    return found


def train_composer(
    data: Path,
    out: Path,
    *,
    steps: int = STEPS,
    threads: int = 2,
    seed: int = 0,
    every: int = 200,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Train on what is under a data folder and write `out/checkpoint`; return its path. steps: of 8 rows of 512 ids."""
    if (out / "checkpoint").exists():
        raise OutputError(f"{out / 'checkpoint'} exists and checkpoints are never changed; choose another folder")
    works = read_works(data)
    train, valid = (shown_works(works, split) for split in ("train", "valid"))
    if not train or not valid:
        raise RequestError(f"{data} gives {len(train)} pieces to train on and {len(valid)} to validate; it needs more")
    torch.manual_seed(seed)
    model = LlamaForCausalLM(composing_config())
    report(f"{model.num_parameters()} parameters, {len(train)} works to train on, {len(valid)} to validate")
    rows = TaskRows(train, rows=steps * BATCH_ROWS, length=ROW_IDS, seed=seed)
    valid_rows = [row_of(example, ROW_IDS) for task in TASKS for example in examples_of(valid, task, VALID_EXAMPLES)]
    options = TrainingOptions(
        steps=steps, batch_rows=BATCH_ROWS, every=every, muon_rate=4e-3, adamw_rate=2e-3, weight_decay=0.1, decay=0.5,
        threads=threads, seed=seed, resume=resume,
    )  # fmt: skip
    started = time.monotonic()
    trained = train_causal(model, rows, valid_rows, out / "run", options, report=report)
    card = {
        "kind": "music",
        "parameters": model.num_parameters(),
        "options": asdict(options),
        "row_ids": ROW_IDS,
        "tokens_seen": steps * BATCH_ROWS * ROW_IDS,
        "seconds": round(time.monotonic() - started),
        "works": {"train": len(train), "valid": len(valid)},
    }
    return write_composer(trained, out / "checkpoint", card)


def write_composer(model: PreTrainedModel, directory: Path, card: dict[str, Any]) -> Path:
    """Write the model as a checkpoint, weights in half precision; an existing directory is refused."""
    weights = {name: weight.half().numpy() for name, weight in model.state_dict().items() if name != "lm_head.weight"}
    config = {**model.config.to_dict(), "dtype": "float16", "use_cache": True}
    return write_checkpoint(directory, weights, config, None, card).directory


def nats_by_task(model: PreTrainedModel, shown: Sequence[Shown], count: int = 60) -> dict[str, dict[str, float]]:
    """Return by task the mean nats per id of the answers and per note or chord; each task by itself, as they weigh apart."""
    found: dict[str, dict[str, float]] = {}
    model.eval()
    for task in TASKS:
        nats = ids = things = 0.0
        examples = examples_of(shown, task, count)
        for example in examples:
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([example.ids])).logits[0, :-1].float()  # (T - 1, V)
            costs = torch.nn.functional.cross_entropy(logits, torch.tensor(example.ids[1:]), reduction="none")
            nats += float(costs[len(example.prompt) - 1 :].sum())
            ids += len(example.answer)
            things += sum(VOCABULARY.kind(t) in ("pitch", "chord") for t in example.answer)
        if examples:
            found[task] = {
                "nats_per_id": nats / ids,
                "nats_per_note": nats / max(1.0, things),
                "examples": len(examples),
            }
    return found
