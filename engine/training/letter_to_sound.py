"""Training of the letter-to-sound network on a pronouncing dictionary.

Does not know how the network is used: `engine.lyrics.letter_to_sound` reads what this writes.
Train with `python -m engine.training.letter_to_sound`, measure with `--evaluate --json`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TextIO

import torch
from torch import Tensor, nn

from engine.evaluation.pronunciation_metrics import evaluate
from engine.lyrics.letter_alignment import COSTS_FILE, LETTERS
from engine.lyrics.letter_to_sound import WEIGHTS_FILE, save_letter_to_sound
from engine.lyrics.pronouncing_dictionary import dictionary_words, is_held_out, look_up
from engine.training.letter_alignment import Sounds, align_by_expectation_maximisation

SMALLEST_CLASS = 8  # letters that sound as a class must; rarer spellings are left out of training
Example = tuple[str, tuple[Sounds, ...]]  # a word and the phonemes, with stress, of each letter


class LetterNetwork(nn.Module):
    """The network of `LetterToSound.logits`, over a batch of words of one length."""

    def __init__(self, class_count: int, embedding: int = 32, hidden: int = 128, width: int = 5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(LETTERS), embedding)
        self.first = nn.Conv1d(embedding, hidden, width, padding=width // 2)
        self.second = nn.Conv1d(hidden, hidden, width, padding=width // 2)
        self.third = nn.Conv1d(hidden, hidden, width, padding=width // 2)
        self.whole = nn.Linear(hidden, hidden, bias=False)
        self.out = nn.Linear(hidden, class_count)
        self.dropout = nn.Dropout(0.05)

    def forward(self, letters: Tensor) -> Tensor:
        x = self.embedding(letters).transpose(1, 2)  # (B, E, L)
        x = torch.relu(self.first(x))  # (B, H, L)
        x = x + torch.relu(self.second(self.dropout(x)))
        x = x + self.whole(x.mean(dim=2))[:, :, None]
        x = x + torch.relu(self.third(self.dropout(x)))
        logits: Tensor = self.out(self.dropout(x.transpose(1, 2)))  # (B, L, C)
        return logits

    def arrays(self) -> dict[str, Tensor]:
        """Return the weights under the names and in the shapes that `LetterToSound` reads."""
        found = {"embedding": self.embedding.weight, "whole": self.whole.weight.T}
        for name, layer in (("first", self.first), ("second", self.second), ("third", self.third)):
            found[name] = layer.weight.permute(2, 1, 0).flatten(0, 1)  # (K * I, O)
            assert layer.bias is not None
            found[name + "_bias"] = layer.bias
        return {**found, "out": self.out.weight.T, "out_bias": self.out.bias}


def training_words() -> dict[str, Sounds]:
    """Return the usual pronunciation of the dictionary's words of letters that are not held out."""
    plain = re.compile(r"[a-z']*[a-z][a-z']*")
    return {w: look_up(w)[0] for w in dictionary_words() if plain.fullmatch(w) and not is_held_out(w)}


def align_with_stress(words: dict[str, Sounds]) -> tuple[list[Example], dict[str, float]]:
    """Return the words with the phonemes of each letter, and the alignment's log probabilities."""
    unstressed = {word: tuple(p.rstrip("012") for p in phonemes) for word, phonemes in words.items()}
    costs, aligned = align_by_expectation_maximisation(sorted(unstressed.items()))
    examples = []
    for word, phonemes in sorted(words.items()):
        groups, at = [], 0
        for group in aligned.get((word, unstressed[word]), ()):
            groups.append(phonemes[at : at + len(group)])
            at += len(group)
        if groups:
            examples.append((word, tuple(groups)))
    return examples, {" ".join((letter, *group)): round(cost, 2) for (letter, group), cost in costs.items()}


def train(examples: list[Example], *, epochs: int, seed: int, report: Callable[[str], None]) -> None:
    """Fit the network and write it. Takes a few minutes of one thread."""
    counts = Counter(group for _, groups in examples for group in groups)
    classes = tuple(sorted(group for group, count in counts.items() if count >= SMALLEST_CLASS))
    number = {group: index for index, group in enumerate(classes)}
    kept = [(word, groups) for word, groups in examples if all(group in number for group in groups)]
    report(f"{len(kept)} words, {len(classes)} classes")
    torch.manual_seed(seed)
    rng, network = Random(seed), LetterNetwork(len(classes))
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    steps = epochs * sum(1 for _ in _batches(kept, number, Random(seed)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        started, total, batch_count = time.perf_counter(), 0.0, 0
        for letters, targets in _batches(kept, number, rng):
            loss = nn.functional.cross_entropy(network(letters).flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total, batch_count = total + loss.item(), batch_count + 1
        report(f"epoch {epoch + 1}: loss {total / batch_count:.4f} nats, {time.perf_counter() - started:.0f} s")
    save_letter_to_sound(
        WEIGHTS_FILE, {n: a.detach().contiguous().numpy() for n, a in network.arrays().items()}, classes
    )


def _batches(
    examples: list[Example], number: dict[Sounds, int], rng: Random, size: int = 160
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield shuffled batches of words of one length: letters (B, L), classes (B, L)."""
    by_length: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        by_length[len(example[0])].append(example)
    batches: list[list[Example]] = []
    for _, group in sorted(by_length.items()):
        rng.shuffle(group)
        batches.extend(group[at : at + size] for at in range(0, len(group), size))
    rng.shuffle(batches)
    for batch in batches:
        letters = torch.tensor([[LETTERS.index(c) for c in word] for word, _ in batch])
        yield letters, torch.tensor([[number[group] for group in groups] for _, groups in batch])


def write_alignment(costs: dict[str, float], path: Path = COSTS_FILE) -> None:
    """Write the alignment's log probabilities."""
    path.write_text(json.dumps(costs, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")


def main() -> None:
    """Train the network, or with `--evaluate` measure the one that ships."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--evaluate", action="store_true", help="measure on the held-out words, train nothing")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if not options.evaluate:
        torch.set_num_threads(1)
        examples, costs = align_with_stress(training_words())
        write_alignment(costs)
        train(examples, epochs=options.epochs, seed=options.seed, report=lambda line: _write(sys.stderr, line))
    figures = evaluate()
    text = json.dumps(figures, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items())
    _write(sys.stdout, text)


def _write(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()


if __name__ == "__main__":
    main()
