"""The registry of music families. Does not know how a family works: its module is imported when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MusicFamily:
    """Where a family's functions are, as "module:function".

    open: (directory, threads) -> the opened model, by the family's own protocol. train: (its training, report) -> path of
    the checkpoint, or None where it is not trained here. summary: one line for people.
    """

    open: str
    train: str | None
    summary: str


MUSIC_FAMILIES: dict[str, MusicFamily] = {
    "music-transformer": MusicFamily(
        "engine.music.event_model:open_event_model",
        "engine.training.event_models:train_event_model",
        "a decoder over events that knows how far back each one lies",
    ),
    "transformer-xl": MusicFamily(
        "engine.music.event_model:open_event_model",
        "engine.training.event_models:train_event_model",
        "a decoder over events with a memory of the segments before, and of the place in the bar",
    ),
    "hf-causal": MusicFamily(
        "engine.music.event_model:open_event_model",
        "engine.training.event_models:train_event_model",
        "any causal architecture of transformers over events; a Llama is decoded without PyTorch",
    ),
    "piano-roll-rnn": MusicFamily(
        "engine.music.piano_roll_model:open_piano_roll_rnn",
        "engine.training.piano_roll_rnn:train_piano_roll_rnn",
        "an LSTM over frames of 88 keys: independent keys, or a NADE inside the frame",
    ),
    "music-vae": MusicFamily(
        "engine.music.music_vae:open_music_vae",
        "engine.training.music_vae:train_music_vae",
        "melodies of 2 or 16 bars as points of a space: sampled, reconstructed, blended into each other",
    ),
}
