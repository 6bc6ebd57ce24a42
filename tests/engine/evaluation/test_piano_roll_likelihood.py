"""Promises of nats per frame: sums by hand, the papers' figures where their files are, pieces that do not hear each other."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.corpus.piano_rolls import KEYS, Roll, read_piano_rolls
from engine.evaluation.piano_roll_likelihood import likelihood, markov_nats, network_nats, unigram_nats
from tests.engine.piano_rolls import made_up_pieces

BENCH = Path(__file__).parents[4] / "shared" / "data" / "music" / "bench"


def piece(*rows: str) -> Roll:
    """Return frames of two keys, the others silent: piece("10", "11")."""
    found = np.zeros((len(rows), KEYS), np.uint8)
    found[:, :2] = [[int(key) for key in row] for row in rows]
    return found


def test_unigram_counts_each_key_by_itself_with_half_a_count_added() -> None:
    found = unigram_nats([piece("10", "10", "11")], [piece("10")])[0]
    silent = 86 * math.log(3.5 / 4)
    assert found[0] == pytest.approx(-(math.log(3.5 / 4) + math.log(2.5 / 4) + silent))


def test_markov_counts_each_key_after_itself_and_does_not_predict_the_first_frame() -> None:
    found = markov_nats([piece("10", "11", "01")], [piece("11", "10")])[0]
    # key 0 sounded twice before another frame and went on once; key 1 sounded once before one and went on
    silent = 86 * math.log(2.5 / 3)
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(-(math.log(1.5 / 3) + math.log(0.5 / 2) + silent))


def test_means_are_over_frames_and_not_over_pieces() -> None:
    nats = [np.array([6.0, 1.0, 2.0]), np.array([9.0])]
    assert likelihood(nats).all_frames == 18 / 4
    assert likelihood(nats).from_second == 3 / 2
    assert likelihood(nats, left_out=(1,)).all_frames == 9 / 3
    assert likelihood(nats, left_out=(0,)).frames == 1
    assert math.isnan(likelihood(nats, left_out=(0,)).from_second)
    assert math.isnan(likelihood([]).all_frames)


@pytest.mark.parametrize(
    ("file", "unigram", "markov"), [("Nottingham.mat", 10.25, 5.153), ("JSB_Chorales.mat", 11.06, 10.491)]
)
def test_the_papers_sanity_rows_come_out(file: str, unigram: float, markov: float) -> None:
    """METRICS 1: where these do not come out, the file, the split or the sum is another than the papers'."""
    pytest.importorskip("scipy")
    if not (BENCH / file).is_file():
        pytest.skip("the papers' files are not here")
    pieces = read_piano_rolls(BENCH / file).pieces
    assert likelihood(unigram_nats(pieces["train"], pieces["test"])).all_frames == pytest.approx(unigram, abs=0.005)
    assert likelihood(markov_nats(pieces["train"], pieces["test"])).from_second == pytest.approx(markov, abs=0.0005)


def test_a_network_measures_pieces_of_all_lengths_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from engine.music.piano_roll_rnn import PianoRollRnn, PianoRollShape

    monkeypatch.setattr("engine.evaluation.piano_roll_likelihood.FRAMES_AT_ONCE", 7)
    torch.manual_seed(0)
    network = PianoRollRnn(PianoRollShape(hidden=6, head_hidden=5, lookbacks=(2,))).train()
    pieces = made_up_pieces(5)
    together = network_nats(network, pieces)
    assert network.training  # as it was
    network.eval()
    for roll, found in zip(pieces, together, strict=True):
        with torch.no_grad():
            alone, _ = network.nats(torch.from_numpy(roll[None].astype(np.float32)), network.new_state(1))
        np.testing.assert_allclose(found, alone[0].numpy(), rtol=1e-4)
