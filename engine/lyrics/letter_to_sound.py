"""A small convolutional network that pronounces words that no dictionary has, stress included.

Does not know any dictionary or spelling rule: each letter is given its phonemes by the letters around it.
The weights were trained by `engine.training.letter_to_sound`; numpy is loaded with them, at the first unknown word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.lyrics.letter_alignment import LETTERS, plain_letters

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS_FILE = Path(__file__).with_name("letter_to_sound.npz")
LONGEST_LETTERS = 64  # longer strings are no words; they are pronounced piece by piece


@dataclass(frozen=True)
class LetterToSound:
    """The network's arrays. C classes: the groups of 0-2 phonemes that a letter can stand for."""

    weights: dict[str, NDArray[Any]]
    classes: tuple[tuple[str, ...], ...]
    stressed: NDArray[Any]  # (C,) bool: the class holds a primary stress

    def logits(self, letters: str) -> NDArray[Any]:
        """Return the score of each class for each letter, (letters, C)."""
        import numpy as np

        w = self.weights
        x = w["embedding"][[LETTERS.index(c) for c in letters]]  # (L, E)
        x = np.maximum(_convolve(x, w["first"]) + w["first_bias"], 0)  # (L, H)
        x = x + np.maximum(_convolve(x, w["second"]) + w["second_bias"], 0)
        x = x + x.mean(axis=0) @ w["whole"]  # what the word as a whole says, mostly about stress
        x = x + np.maximum(_convolve(x, w["third"]) + w["third_bias"], 0)
        scores: NDArray[Any] = x @ w["out"] + w["out_bias"]
        return scores

    def pronounce(self, letters: str) -> tuple[str, ...]:
        """Return the best phonemes with exactly one primary stress. letters: 1-64 of LETTERS."""
        import numpy as np

        scores = self.logits(letters)
        plain = np.where(self.stressed, -np.inf, scores)
        primary = np.where(self.stressed, scores, -np.inf)
        chosen = plain.argmax(axis=1)
        place = int((primary.max(axis=1) - plain.max(axis=1)).argmax())
        chosen[place] = primary[place].argmax()
        return tuple(phoneme for index in chosen for phoneme in self.classes[index])


def _convolve(x: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
    """Return a same-length convolution. x: (L, I); kernel: (K * I, O), offsets outermost."""
    import numpy as np

    width = len(kernel) // x.shape[1]
    padded = np.zeros((len(x) + width - 1, x.shape[1]), dtype=x.dtype)
    padded[width // 2 : width // 2 + len(x)] = x
    result: NDArray[Any] = np.concatenate([padded[k : k + len(x)] for k in range(width)], axis=1) @ kernel
    return result


def pronounce_by_letters(word: str) -> tuple[str, ...]:
    """Return the phonemes that the letters of a word suggest; () for a word without letters."""
    letters = plain_letters(word)
    if not letters.strip("'"):
        return ()
    pieces = [letters[at : at + LONGEST_LETTERS] for at in range(0, len(letters), LONGEST_LETTERS)]
    return tuple(phoneme for piece in pieces for phoneme in open_letter_to_sound().pronounce(piece))


@lru_cache(maxsize=1)
def open_letter_to_sound(path: Path = WEIGHTS_FILE) -> LetterToSound:
    """Return the network of a file that `save_letter_to_sound` wrote."""
    import numpy as np

    with np.load(path, allow_pickle=False) as stored:
        names = [name for name in stored.files if not name.endswith("_scale") and name != "classes"]
        weights = {name: stored[name].astype(np.float32) * stored[name + "_scale"].astype(np.float32) for name in names}
        classes = tuple(tuple(group.split()) for group in str(stored["classes"]).split("|"))
    return LetterToSound(weights, classes, np.array([any(p.endswith("1") for p in group) for group in classes]))


def save_letter_to_sound(path: Path, weights: dict[str, NDArray[Any]], classes: tuple[tuple[str, ...], ...]) -> None:
    """Write a network with its weights rounded to 8 bits, one scale per column."""
    import numpy as np

    arrays: dict[str, NDArray[Any]] = {"classes": np.array("|".join(" ".join(group) for group in classes))}
    for name, value in weights.items():
        scale = np.maximum(np.abs(value).max(axis=0), 1e-8) / 127 if value.ndim == 2 else np.float32(1)
        arrays[name + "_scale"] = np.asarray(scale, dtype=np.float32)
        arrays[name] = np.round(value / scale).astype(np.int8) if value.ndim == 2 else value.astype(np.float32)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
