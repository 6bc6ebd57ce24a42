"""Promises of piano-roll networks as checkpoints, and of what they write: it is the same again, and comes back from MIDI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.checkpoint import write_checkpoint  # noqa: E402
from engine.errors import CheckpointError  # noqa: E402
from engine.music.midi_file import score_to_midi  # noqa: E402
from engine.music.midi_reading import midi_to_score  # noqa: E402
from engine.music.piano_roll import score_to_roll  # noqa: E402
from engine.music.piano_roll_model import (  # noqa: E402
    EIGHTH_TICKS,
    open_piano_roll_rnn,
    sample_roll,
    sample_score,
    save_piano_roll_rnn,
)
from engine.music.piano_roll_rnn import FAMILY, HEADS, PianoRollRnn, PianoRollShape  # noqa: E402
from tests.engine.piano_rolls import made_up_pieces  # noqa: E402


def network(head: str = "nade") -> PianoRollRnn:
    """A network that plays about ten keys of 88 in a frame."""
    torch.manual_seed(0)
    found = PianoRollRnn(PianoRollShape(head, hidden=6, head_hidden=5, lookbacks=(1, 3))).eval()
    with torch.no_grad():
        (found.head.logits if head == "independent" else found.head.given_bias).bias.fill_(-2.0)
    return found


@pytest.mark.parametrize("head", HEADS)
def test_saving_and_opening_changes_nothing(tmp_path: Path, head: str) -> None:
    net = network(head)
    save_piano_roll_rnn(net, tmp_path / "model", {"seed": 0})
    opened = open_piano_roll_rnn(tmp_path / "model")
    assert opened.shape == net.shape
    frames = torch.from_numpy(made_up_pieces(1)[0][None].astype(np.float32))
    with torch.no_grad():
        before, after = (model.nats(frames, model.new_state(1))[0] for model in (net, opened))
    torch.testing.assert_close(after, before, rtol=0, atol=0)


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    saved = save_piano_roll_rnn(network(), tmp_path / "model", {})
    weights, config = saved.read_weights(), saved.config
    write_checkpoint(tmp_path / "llama", weights, config, None, {}, family="llama")
    with pytest.raises(CheckpointError, match="no checkpoint of the family piano-roll-rnn but of llama"):
        open_piano_roll_rnn(tmp_path / "llama")
    for place, wrong in enumerate(({"hidden": 7}, {"head": "rbm"}, {"hidden": None})):
        write_checkpoint(tmp_path / str(place), weights, {**config, **wrong}, None, {}, family=FAMILY)
        with pytest.raises(CheckpointError, match="does not fit its weights"):
            open_piano_roll_rnn(tmp_path / str(place))


@pytest.mark.parametrize("head", HEADS)
def test_the_same_seed_writes_the_same_roll_and_a_start_is_kept(head: str) -> None:
    net, start = network(head), made_up_pieces(1)[0][:6]
    first, again, other = (sample_roll(net, 20, seed=seed, start=start) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (20, 88)
    assert np.array_equal(first[:6], start)
    assert np.array_equal(sample_roll(net, 4, seed=1, start=start), start[:4])
    assert sample_roll(net, 0, seed=1).shape == (0, 88)


def test_what_is_written_comes_back_from_its_midi_file() -> None:
    roll = sample_roll(network(), 32, seed=3)
    assert roll.sum() > 32
    score = sample_score(network(), 32, seed=3)
    back = score_to_roll(midi_to_score(score_to_midi(score)), EIGHTH_TICKS)
    assert np.array_equal(back[:32], roll[: len(back)])
    assert not roll[len(back) :].any()
