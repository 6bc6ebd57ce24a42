"""Promises of the piano-roll network: exact likelihood, no look ahead, steps that equal the whole, seeds that repeat."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.music.piano_roll_rnn import (  # noqa: E402
    HEADS,
    PianoRollRnn,
    PianoRollShape,
    RollState,
    stretches,
)

TINY = PianoRollShape(hidden=6, layers=2, head_hidden=5, lookbacks=(1, 3), keys=4)


def network(seed: int = 0, **changed: Any) -> PianoRollRnn:
    """A network with large weights, so that everything matters, and without dropout."""
    torch.manual_seed(seed)
    found = PianoRollRnn(replace(TINY, **changed)).eval()
    with torch.no_grad():
        for weight in found.parameters():
            weight.mul_(3)
    return found


def roll(rows: int, frames: int, keys: int = 4, seed: int = 1) -> torch.Tensor:
    return (torch.rand(rows, frames, keys, generator=torch.Generator().manual_seed(seed)) < 0.4).float()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("lookbacks", [(), (1, 3)])
def test_probabilities_of_all_frames_sum_to_one(head: str, lookbacks: tuple[int, ...]) -> None:
    net = network(head=head, lookbacks=lookbacks)
    past = net.nats(roll(1, 5), net.new_state(1))[1]
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)))
    before = RollState(past.hidden.repeat(1, 16, 1), past.cell.repeat(1, 16, 1), past.frames.repeat(16, 1, 1))
    nats, _ = net.nats(every[:, None], before)
    assert nats.neg().exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert nats.std() > 0.1  # and they differ


def test_nade_is_the_product_of_its_conditionals_key_by_key() -> None:
    """Beside the sum over 88 keys written out, each with the keys below it."""
    net = network(lookbacks=())
    frames, head = roll(3, 4), net.head
    nats, _ = net.nats(frames, net.new_state(3))
    features = net.trunk(frames, net.new_state(3))[0]
    b, c = head.given_bias(features), head.hidden_bias(features)
    expected = torch.zeros(3, 4)
    for key in range(4):
        below = frames.clone()
        below[..., key:] = 0
        logit = (b + head.keys(torch.relu(c + below @ head.below.weight.T)))[..., key]
        p = torch.sigmoid(logit)
        expected -= torch.where(frames[..., key] == 1, p, 1 - p).log()
    torch.testing.assert_close(nats, expected, rtol=1e-4, atol=1e-5)


def test_independent_keys_are_binary_cross_entropy_summed_over_the_keys() -> None:
    net = network(head="independent", lookbacks=())
    frames = roll(2, 3)
    nats, _ = net.nats(frames, net.new_state(2))
    logits = net.head.logits(net.trunk(frames, net.new_state(2))[0])
    for row, t in itertools.product(range(2), range(3)):
        p = [1 / (1 + math.exp(-logit)) for logit in logits[row, t].tolist()]
        played = frames[row, t].tolist()
        by_hand = -sum(y * math.log(q) + (1 - y) * math.log(1 - q) for y, q in zip(played, p, strict=True))
        assert nats[row, t].item() == pytest.approx(by_hand, rel=1e-4, abs=1e-5)


def test_a_frame_of_n_keys_has_n_plus_one_stretches_that_ask_for_each_key_once() -> None:
    frames = torch.cat([roll(1, 20)[0], torch.zeros(1, 4), torch.ones(1, 4)])
    rows, below, asked = stretches(frames)
    assert torch.bincount(rows).tolist() == [int(frame.sum()) + 1 for frame in frames]
    torch.testing.assert_close(torch.zeros_like(frames).index_add(0, rows, asked), torch.ones_like(frames))
    for row, keys, places in zip(rows, below, asked, strict=True):
        for key in places.nonzero().flatten().tolist():
            assert keys[:key].tolist() == frames[row, :key].tolist()
            assert not keys[key:].any()


@pytest.mark.parametrize("head", HEADS)
def test_frames_one_by_one_equal_the_whole(head: str) -> None:
    net = network(head=head)
    frames = roll(2, 12)
    whole, after = net.nats(frames, net.new_state(2))
    state, found = net.new_state(2), []
    for t in range(12):
        nats, state = net.nats(frames[:, t : t + 1], state)
        found.append(nats)
    torch.testing.assert_close(torch.cat(found, 1), whole, rtol=1e-4, atol=1e-5)
    for part in ("hidden", "cell", "frames"):
        torch.testing.assert_close(getattr(state, part), getattr(after, part), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("head", HEADS)
def test_a_frame_never_depends_on_those_that_come_later(head: str) -> None:
    net = network(head=head)
    frames = roll(1, 10)
    nats, _ = net.nats(frames, net.new_state(1))
    changed = frames.clone()
    changed[:, 6] = 1 - changed[:, 6]
    others, _ = net.nats(changed, net.new_state(1))
    torch.testing.assert_close(nats[:, :6], others[:, :6], rtol=0, atol=0)
    assert (nats[:, 6:] != others[:, 6:]).all()


def test_rows_that_forget_go_on_as_if_they_had_heard_nothing() -> None:
    net = network()
    frames = roll(2, 8)
    _, state = net.nats(frames, net.new_state(2))
    fresh, _ = net.nats(frames, state.forget(torch.tensor([True, False])))
    begun, _ = net.nats(frames, net.new_state(2))
    carried, _ = net.nats(frames, state)
    torch.testing.assert_close(fresh[0], begun[0])
    torch.testing.assert_close(fresh[1], carried[1])
    assert not torch.allclose(begun[1], carried[1])


@pytest.mark.parametrize("head", HEADS)
def test_samples_are_as_frequent_as_they_are_likely(head: str) -> None:
    net = network(seed=4, head=head)
    rows = 20_000
    _, past = net.nats(roll(1, 5), net.new_state(1))
    many = RollState(past.hidden.repeat(1, rows, 1), past.cell.repeat(1, rows, 1), past.frames.repeat(rows, 1, 1))
    drawn = net.sample(many, 1, torch.Generator().manual_seed(0))[:, 0]
    places = (drawn @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    frequent = torch.bincount(places, minlength=16) / rows
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)))
    first = RollState(past.hidden.repeat(1, 16, 1), past.cell.repeat(1, 16, 1), past.frames.repeat(16, 1, 1))
    likely = net.nats(every[:, None], first)[0][:, 0].neg().exp()
    torch.testing.assert_close(frequent, likely, rtol=0, atol=0.015)


@pytest.mark.parametrize("head", HEADS)
def test_the_same_seed_gives_the_same_roll_and_another_seed_another(head: str) -> None:
    net = network(head=head)
    rolls = [net.sample(net.new_state(2), 16, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)]
    assert torch.equal(rolls[0], rolls[1])
    assert not torch.equal(rolls[0], rolls[2])
    assert rolls[0].shape == (2, 16, 4)
    assert net.sample(net.new_state(2), 0, torch.Generator()).shape == (2, 0, 4)


def test_sampling_goes_on_from_where_reading_ended() -> None:
    """Frames drawn in two calls, with what was drawn first read in between, are those of one call."""
    net = network()
    _, heard = net.nats(roll(1, 6), net.new_state(1))
    whole = net.sample(heard, 10, torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    first = net.sample(heard, 4, generator)
    rest = net.sample(net.nats(first, heard)[1], 6, generator)
    torch.testing.assert_close(torch.cat([first, rest], 1), whole)


def test_low_temperature_takes_what_is_likely() -> None:
    net = network(head="independent")
    cold = net.sample(net.new_state(1), 6, torch.Generator().manual_seed(1), temperature=1e-4)
    other = net.sample(net.new_state(1), 6, torch.Generator().manual_seed(2), temperature=1e-4)
    torch.testing.assert_close(cold, other)


def test_dropout_leaves_evaluation_alone_and_changes_training() -> None:
    net = network()
    frames = roll(1, 6)
    quiet = [net.nats(frames, net.new_state(1))[0] for _ in range(2)]
    torch.testing.assert_close(quiet[0], quiet[1], rtol=0, atol=0)
    net.train()
    torch.manual_seed(0)
    assert not torch.allclose(net.nats(frames, net.new_state(1))[0], quiet[0])


@pytest.mark.parametrize("wrong", [{"head": "rbm"}, {"hidden": 0}, {"lookbacks": (0,)}])
def test_impossible_shapes_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        replace(TINY, **wrong)
