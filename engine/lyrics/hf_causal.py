"""Causal language models of transformers that write plain songs: GPT-2, GPT-Neo, GPT-J, Llama, Qwen and their like.

Does not know training or how songs are asked for. torch is imported when a model is opened.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.checkpoint import CONFIG, MANIFEST, TOKENIZER, open_checkpoint
from engine.errors import CheckpointError
from engine.families import CausalModel
from engine.lyrics.plain_songs import body_start
from engine.lyrics.text_models import TextModel
from engine.torch_causal import behind_protocol, load_causal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FAMILY = "hf-causal"
IDS_AT_ONCE = 1024  # of large vocabularies: their logits take 0.2 GB


class FastTokenizer:
    """A fast tokenizer as `text_models.TextTokenizer`. What looks like one of its marks in a text is text."""

    def __init__(self, tokenizer: Tokenizer, end_id: int) -> None:
        tokenizer.encode_special_tokens = True
        self._tokenizer, self.end_id = tokenizer, end_id
        self.vocab_size = int(tokenizer.get_vocab_size())

    @classmethod
    def open(cls, path: Path, end_id: int) -> FastTokenizer:
        """Open a tokenizer.json; CheckpointError if it is none."""
        from tokenizers import Tokenizer

        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")), end_id)
        except OSError as error:
            raise CheckpointError(
                f"{path} is missing: the model needs the tokenizer that it was trained with"
            ) from error
        except Exception as error:  # the library raises nothing narrower
            raise CheckpointError(f"{path} is not a tokenizer ({error}); fetch the model again") from error

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without the end."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode_songs(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, closed by the end."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [[*encoding.ids, self.end_id] for encoding in encodings]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; the end and other marks give nothing."""
        return str(self._tokenizer.decode([int(i) for i in ids], skip_special_tokens=True))

    def given_and_all(self, text: str) -> tuple[int, list[int]]:
        """Return how many ids lie in the heading of a song, and all its ids with the end.

        An id that has letters on both sides of the heading's end is not given. Without a heading the first id is.
        """
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        heading = body_start(text)
        given = sum(stop <= heading for _, stop in encoding.offsets) if heading else 1
        return max(1, given), [*encoding.ids, self.end_id]


def open_hf_causal(directory: Path, threads: int = 2) -> TextModel:
    """Open a checkpoint of the family, or a directory that transformers wrote with its tokenizer.json; CheckpointError."""
    directory = Path(directory)
    if (directory / MANIFEST).exists():
        family = open_checkpoint(directory).family
        if family != FAMILY:
            raise CheckpointError(f"{directory} is of the family {family}, not {FAMILY}")
    elif not (directory / CONFIG).is_file():
        raise CheckpointError(f"there is no model in {directory}: it has no {CONFIG}; check the path")
    model, device = load_causal(directory, threads=threads)
    tokenizer = FastTokenizer.open(directory / TOKENIZER, end_id_of(model.config, directory))
    decoded: CausalModel = behind_protocol(model, device)
    return TextModel(FAMILY, decoded, tokenizer, partial(bits_of_songs, model, tokenizer))


def end_id_of(config: Any, directory: Path) -> int:
    """Return the id that ends a text, the first where a model has several; CheckpointError where there is none."""
    end = config.eos_token_id
    if isinstance(end, list):
        end = end[0] if end else None
    if end is None:
        raise CheckpointError(f"{directory / CONFIG} names no eos_token_id, so songs would have no end; name one there")
    return int(end)


@dataclass(frozen=True)
class _Window:
    """ids: of a piece of a song. counted: how many of the first are given, or counted in the piece before."""

    song: int
    ids: list[int]
    counted: int


def bits_of_songs(model: Any, tokenizer: FastTokenizer, texts: Sequence[str]) -> list[float]:
    """Return what each song costs in bits from its heading, which is given, to its end.

    Songs longer than the context are read in pieces that overlap by half.
    """
    context_length = int(getattr(model.config, "max_position_embeddings", None) or 2048)
    bits = [0.0] * len(texts)
    windows = [window for song, text in enumerate(texts) for window in _windows(song, text, tokenizer, context_length)]
    for batch in _batches(sorted(windows, key=lambda window: len(window.ids))):
        for window, more in zip(batch, _bits(model, batch), strict=True):
            bits[window.song] += more
    return bits


def _windows(song: int, text: str, tokenizer: FastTokenizer, context_length: int) -> Iterator[_Window]:
    counted, ids = tokenizer.given_and_all(text)
    while counted < len(ids):
        start = max(0, counted - context_length // 2)
        stop = min(start + context_length, len(ids))
        yield _Window(song, ids[start:stop], counted - start)
        counted = stop


def _batches(windows: Sequence[_Window]) -> Iterator[list[_Window]]:
    batch: list[_Window] = []
    for window in windows:
        if batch and (len(batch) + 1) * len(window.ids) > IDS_AT_ONCE:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _bits(model: Any, batch: Sequence[_Window]) -> list[float]:
    """Return the bits of the ids that count in each window; all are padded on the right."""
    import torch

    longest = max(len(window.ids) for window in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.int64)  # (B, T)
    wanted = torch.full((len(batch), longest), -100, dtype=torch.int64)
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        wanted[row, window.counted : len(window.ids)] = torch.tensor(window.ids[window.counted :])
    ids, wanted = ids.to(model.device), wanted.to(model.device)
    with torch.inference_mode():
        logits = model(input_ids=ids).logits[:, :-1].float()  # (B, T - 1, V)
        nats = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), wanted[:, 1:], reduction="none", ignore_index=-100
        )
        found: list[float] = (nats.double().sum(dim=1) / math.log(2)).tolist()
    return found
