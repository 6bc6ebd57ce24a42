"""Promises of the character LSTM: state carried is the whole sequence, it learns, it comes back from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.evaluation.lyric_baselines import HeldOut, lstm_likelihood  # noqa: E402
from engine.lyrics.char_lstm import CharLstm, CharLstmConfig  # noqa: E402
from engine.lyrics.characters import VOCAB_SIZE, join_texts  # noqa: E402
from engine.training.char_lstm import CharacterRows  # noqa: E402

TEXT = "the rain is on the sea,\nand nobody remembers me.\n"


@pytest.fixture
def model() -> CharLstm:
    torch.manual_seed(0)
    return CharLstm(CharLstmConfig(embedding_size=8, hidden_size=24, layers=2)).eval()


def test_state_carried_equals_the_whole_sequence(model: CharLstm) -> None:
    ids = torch.from_numpy(join_texts([TEXT]).astype(np.int64))[None]
    with torch.inference_mode():
        whole = model(input_ids=ids).logits
        state, pieces = None, []
        for piece in ids.split([1, 7, ids.shape[1] - 8], dim=1):
            output = model(input_ids=piece, state=state)
            state = output.state
            pieces.append(output.logits)
    assert whole.shape == (1, ids.shape[1], VOCAB_SIZE)
    assert torch.allclose(torch.cat(pieces, dim=1), whole, atol=1e-6)


def test_loss_falls_on_one_batch(model: CharLstm) -> None:
    ids = torch.from_numpy(join_texts([TEXT]).astype(np.int64))[None]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = model(input_ids=ids, labels=ids).loss
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]


def test_labels_of_minus_100_do_not_count(model: CharLstm) -> None:
    ids = torch.from_numpy(join_texts([TEXT]).astype(np.int64))[None]
    labels = ids.clone()
    labels[:, 10:] = -100
    assert model(input_ids=ids, labels=labels).loss.item() == pytest.approx(
        model(input_ids=ids[:, :10], labels=ids[:, :10]).loss.item(), rel=1e-5
    )


def test_saved_and_opened_gives_the_same_logits(model: CharLstm, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    opened = CharLstm.from_pretrained(tmp_path).eval()
    ids = torch.tensor([[0, 5, 6, 7]])
    assert torch.equal(opened(input_ids=ids).logits, model(input_ids=ids).logits)


def test_bits_of_texts_are_the_losses_of_the_model(model: CharLstm, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    texts = [TEXT, "a boat\n"]
    found = lstm_likelihood(tmp_path, HeldOut("valid", texts, sum(map(len, texts))))
    nats = 0.0
    for text in texts:
        ids = torch.from_numpy(join_texts([text]).astype(np.int64))[None]
        nats += model(input_ids=ids, labels=ids).loss.item() * (len(text) + 1)
    assert found.bits == pytest.approx(nats / np.log(2), rel=1e-4)
    assert found.ids == sum(map(len, texts)) + 2


def test_rows_are_the_texts_end_to_end() -> None:
    rows = CharacterRows([TEXT, TEXT], rows=9, length=10)
    assert len(rows) == 9
    assert np.concatenate([rows[i]["input_ids"] for i in range(9)]).tolist() == join_texts([TEXT, TEXT])[:90].tolist()
