"""Many sessions share one model: neighbours change nothing, memory is lent in turn, and a fault is one session's own."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.batching import SharedModel, share
from engine.contract import Sampling
from engine.decoding import Sequence as Wanted
from engine.decoding import Session, decode
from engine.device_memory import SLOTS_PER_SONG, measured_slots
from engine.direct_model import DirectModel
from engine.errors import Cancelled, DeviceLostError, DeviceMemoryError
from engine.families import CausalModel, open_model
from engine.llama import Llama, LlamaShape
from engine.llama_numpy import NumpyArithmetic
from tests.engine.tiny_llama import random_weights, tiny_config

WARM = Sampling(temperature=1.1, top_p=0.95)
DEADLINE_SECONDS = 20.0
SONGS = 6


@pytest.fixture(autouse=True)
def _one_torch_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    if "torch" not in request.node.name:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _numba(_folder: Path) -> CausalModel:
    config = tiny_config()
    return Llama.from_weights(LlamaShape.from_config(config), random_weights(config), precision="int8", threads=2)


def _numpy(_folder: Path) -> CausalModel:
    config = tiny_config()
    shape, weights = LlamaShape.from_config(config), random_weights(config)
    return Llama(shape, NumpyArithmetic(shape, weights, "fp32"), "fp32")


def _torch(folder: Path) -> CausalModel:
    from engine.checkpoint import write_checkpoint

    write_checkpoint(folder / "m", random_weights(tiny_config()), tiny_config(), None, {})
    return open_model(folder / "m", threads=1, family="hf-causal")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


def _song(model: CausalModel, seed: int) -> tuple[tuple[int, ...], ...]:
    """Write a few lines as a writer does, of a length and with a prompt of its own."""
    rng = np.random.default_rng(seed)
    with Session(model, slots=4) as session:
        session.extend(rng.integers(0, 70, int(rng.integers(1, 90))).tolist())
        lines = []
        for line in range(3):
            session.extend([5, 6])
            count, length = int(rng.integers(1, 5)), int(rng.integers(1, 9))
            found = session.sample([None] * count, WARM, [seed * 100 + line * 10 + n for n in range(count)], length)
            best = max(found, key=lambda candidate: candidate.log_probability)
            session.keep(best)
            lines.append(best.ids)
        return tuple(lines)


@pytest.mark.parametrize("sharing", [SharedModel, DirectModel], ids=["merged", "direct"])
@pytest.mark.parametrize("make", [_numba, _numpy, _torch], ids=["numba", "numpy", "torch"])
def test_a_song_is_the_same_alone_and_beside_others(
    make: Callable[[Path], CausalModel], sharing: Callable[..., Any], tmp_path: Path
) -> None:
    model = make(tmp_path)
    alone = [_song(model, seed) for seed in range(SONGS)]
    shared = sharing(model, slots=4 * 5)
    with ThreadPoolExecutor(SONGS) as pool:
        together = list(pool.map(lambda seed: _song(shared, seed), range(SONGS)))
    assert together == alone
    assert shared.statistics().slots_used == 0
    sequences = [Wanted([1 + n], WARM, n, 12) for n in range(5)]
    assert [c.ids for c in decode(shared, sequences, slots=3)] == [c.ids for c in decode(model, sequences)]


class _Recording:
    """A model without arithmetic: logits tell how many ids a slot holds. What it is asked is noted.

    most_rows: a larger step does not fit into memory. gate: a step waits for it where there is one.
    """

    vocab_size, context_length = 300, 1000

    def __init__(self, most_rows: int = 1000) -> None:
        self.most_rows, self.most_slots = most_rows, 1000
        self.asked: list[tuple[str, int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.is_in_step = threading.Event()
        self.fault: Exception | None = None
        self.threads: set[int] = set()
        self.times_emptied = 0

    def new_memory(self, slots: int) -> list[int]:
        if slots > self.most_slots:
            raise MemoryError
        return [0] * slots

    def length(self, memory: list[int], slot: int) -> int:
        return memory[slot]

    def extend(self, memory: list[int], slot: int, ids: Sequence[int]) -> Any:
        self._note("extend", len(ids))
        memory[slot] += len(ids)
        return np.full(self.vocab_size, memory[slot], np.float32)

    def step(self, memory: list[int], slots: Any, ids: Any) -> Any:
        self._note("step", len(slots))
        self.is_in_step.set()
        assert self.gate.wait(DEADLINE_SECONDS)
        if len(slots) > self.most_rows:
            raise MemoryError
        if 13 in ids:
            raise self.fault or ValueError("thirteen")
        for slot in slots:
            memory[slot] += 1
        return np.stack([np.full(self.vocab_size, memory[slot], np.float32) for slot in slots])

    def fork(self, memory: list[int], source: int, targets: Sequence[int]) -> None:
        for target in targets:
            memory[target] = memory[source]

    def truncate(self, memory: list[int], slot: int, length: int) -> None:
        memory[slot] = length

    def empty_caches(self) -> None:
        self.times_emptied += 1

    def _note(self, what: str, count: int) -> None:
        self.threads.add(threading.get_ident())
        self.asked.append((what, count))


def _held(model: _Recording, shared: SharedModel, pool: ThreadPoolExecutor) -> Any:
    """Begin a step that holds the device until `model.gate` is set."""
    memory = shared.new_memory(1)
    model.gate.clear()
    model.is_in_step.clear()
    held = pool.submit(shared.step, memory, np.array([0]), np.array([1]))
    assert model.is_in_step.wait(DEADLINE_SECONDS)
    return held


def _waiting(shared: SharedModel) -> int:
    return len(shared._device._steps)


def test_steps_that_wait_together_become_one_in_one_thread() -> None:
    model = _Recording()
    shared = SharedModel(model, slots=20)
    with ThreadPoolExecutor(4) as pool:
        memories = [shared.new_memory(3) for _ in range(3)]
        held = _held(model, shared, pool)
        steps = [pool.submit(shared.step, m, np.array([2, 0]), np.array([1, 1])) for m in memories]
        _until(lambda: _waiting(shared) == 3)
        model.gate.set()
        held.result()
        assert all((step.result() == 1).all() for step in steps)
    assert [count for what, count in model.asked if what == "step"] == [1, 6]
    assert [shared.length(memories[1], slot) for slot in range(3)] == [1, 0, 1]
    assert len(model.threads) == 1
    statistics = shared.statistics()
    assert (statistics.steps, statistics.rows, statistics.tokens) == (2, 7, 7)
    assert (statistics.slots, statistics.slots_used) == (20, 10)


def test_a_step_waits_for_those_who_were_in_the_last_one() -> None:
    model = _Recording()
    shared = SharedModel(model, slots=20, window_seconds=DEADLINE_SECONDS)
    first, second = shared.new_memory(1), shared.new_memory(1)
    row, one = np.array([0]), np.array([1])
    shared.step(first, row, one)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(shared.step, second, row, one)
        _until(lambda: _waiting(shared) == 1)
        shared.step(first, row, one)
        waiting.result()
    assert model.asked == [("step", 1), ("step", 2)]
    second.close()
    started = time.monotonic()
    shared.step(first, row, one)
    assert time.monotonic() - started < DEADLINE_SECONDS / 2, "nobody waits for a session that is closed"


def test_a_long_prompt_lets_steps_through() -> None:
    model = _Recording()
    shared = SharedModel(model, slots=20)
    memory, other = shared.new_memory(1), shared.new_memory(1)
    with ThreadPoolExecutor(4) as pool:
        held = _held(model, shared, pool)
        prompt = pool.submit(shared.extend, memory, 0, [1] * 640)
        _until(lambda: len(shared._device._prompts) == 1)
        step = pool.submit(shared.step, other, np.array([0]), np.array([1]))
        _until(lambda: _waiting(shared) == 1)
        short = pool.submit(shared.extend, other, 0, [1] * 3)
        _until(lambda: len(shared._device._prompts) == 2)
        model.gate.set()
        assert prompt.result()[0] == 640
        step.result(), short.result(), held.result()
    at = model.asked.index(("step", 1), 1)
    assert ("extend", 64) in model.asked[at:]
    assert model.asked.index(("extend", 3)) < len(model.asked) - 8, "the short prompt came before most of the long one"


def test_where_memory_runs_out_a_batch_is_halved_and_only_the_one_at_fault_fails() -> None:
    model = _Recording(most_rows=4)
    shared = SharedModel(model, slots=40, least_slots=5)
    memories = [shared.new_memory(n) for n in (3, 6, 2, 3)]
    with ThreadPoolExecutor(6) as pool:
        held = _held(model, shared, pool)
        steps = [pool.submit(shared.step, m, np.arange(n), np.ones(n, int)) for m, n in zip(memories, (3, 6, 2, 3))]  # noqa: B905
        _until(lambda: _waiting(shared) == 4)
        model.gate.set()
        held.result()
        for step, rows in zip(steps, (3, None, 2, 3), strict=True):
            if rows is None:
                with pytest.raises(DeviceMemoryError, match="more memory than the device has"):
                    step.result()
            else:
                assert step.result().shape == (rows, 300)
    assert model.times_emptied > 0
    assert shared.statistics().slots < 40
    assert shared.error is None
    for memory in memories:
        memory.close()
    assert shared.step(shared.new_memory(2), np.array([1]), np.array([1]))[0, 0] == 1, "it goes on"
    with pytest.raises(DeviceMemoryError):
        shared.new_memory(30)


def test_a_fault_of_one_step_is_not_its_neighbours() -> None:
    model = _Recording()
    shared = SharedModel(model, slots=20)
    memories = [shared.new_memory(1) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        held = _held(model, shared, pool)
        steps = [pool.submit(shared.step, m, np.array([0]), np.array([i])) for m, i in zip(memories, (1, 13, 2))]  # noqa: B905
        _until(lambda: _waiting(shared) == 3)
        model.gate.set()
        held.result()
        assert steps[0].result().shape == steps[2].result().shape == (1, 300)
        with pytest.raises(ValueError, match="thirteen"):
            steps[1].result()


def test_a_dead_device_tells_everybody() -> None:
    model = _Recording()
    model.fault = RuntimeError("CUDA error: device-side assert triggered")
    shared = SharedModel(model, slots=20)
    memories = [shared.new_memory(1) for _ in range(3)]
    with ThreadPoolExecutor(5) as pool:
        held = _held(model, shared, pool)
        steps = [pool.submit(shared.step, m, np.array([0]), np.array([13])) for m in memories]
        _until(lambda: _waiting(shared) == 3)
        prompt = pool.submit(shared.extend, memories[0], 0, [1])
        _until(lambda: len(shared._device._prompts) == 1)
        model.gate.set()
        held.result()
        for call in (*steps, prompt):
            with pytest.raises(DeviceLostError, match="the device that computes has failed"):
                call.result(DEADLINE_SECONDS)
    assert shared.error is model.fault
    with pytest.raises(DeviceLostError, match="the device that computes has failed"):
        shared.new_memory(1)


def test_a_device_that_stands_still_can_be_seen() -> None:
    model = _Recording()
    shared = SharedModel(model, slots=4)
    shared.new_memory(1).close()
    _until(lambda: shared.seconds_without_progress == 0)
    with ThreadPoolExecutor(1) as pool:
        held = _held(model, shared, pool)
        _until(lambda: shared.seconds_without_progress > 0.05)
        model.gate.set()
        held.result()
    _until(lambda: shared.seconds_without_progress == 0)


def test_slots_are_lent_in_turn() -> None:
    shared = SharedModel(_Recording(), slots=4)
    first = shared.new_memory(3)
    served: list[int] = []
    with ThreadPoolExecutor(2) as pool:

        def take(count: int) -> Any:
            lease = shared.new_memory(count)
            served.append(count)
            return lease

        large = pool.submit(take, 2)
        _until(lambda: shared._pool is not None and len(shared._pool._waiting) == 1)
        small = pool.submit(take, 1)  # there is a slot for it, but the other one came first
        _until(lambda: shared._pool is not None and len(shared._pool._waiting) == 2)
        assert served == []
        first.close()
        assert large.result(DEADLINE_SECONDS).slots.tolist() != small.result(DEADLINE_SECONDS).slots.tolist()
    assert shared.statistics().slots_used == 3
    first.close()
    assert shared.statistics().slots_used == 3, "closing twice gives nothing back twice"


def test_waiting_for_slots_can_be_cancelled() -> None:
    shared = SharedModel(_Recording(), slots=4)
    lease = shared.new_memory(4)
    with pytest.raises(Cancelled):
        Session(shared, 3, cancelled=lambda: True)
    lease.close()
    with Session(shared, 3, cancelled=lambda: True):
        assert shared.statistics().slots_used == 4


def test_slots_of_a_session_that_is_dropped_come_back_empty() -> None:
    shared = SharedModel(_Recording(), slots=4)
    lease = shared.new_memory(4)
    shared.extend(lease, 2, [1, 2, 3])
    shared.step(lease, np.array([2]), np.array([1]))
    del lease
    gc.collect()
    again = shared.new_memory(4)
    assert [shared.length(again, slot) for slot in range(4)] == [0, 0, 0, 0]


def test_memory_of_a_direct_model_goes_with_its_session(tmp_path: Path) -> None:
    model = _numba(tmp_path)
    shared = share(model)
    assert isinstance(shared, DirectModel)
    first = shared.new_memory(3)
    shared.extend(first, 1, [4, 5])
    shared.step(first, np.array([1]), np.array([6]))
    memory = weakref.ref(first.memory)
    first.close()
    first.close()
    assert memory() is None
    again = shared.new_memory(3)
    assert shared.length(again, 1) == 0
    statistics = shared.statistics()
    assert (statistics.tokens, statistics.steps, statistics.rows, statistics.slots_used) == (3, 1, 1, 3)
    del again
    gc.collect()
    assert DirectModel(model, slots=4).new_memory(4)
    with pytest.raises(DeviceMemoryError):
        DirectModel(_Recording(), slots=2000).new_memory(1500)


def test_a_pool_that_does_not_fit_is_made_smaller() -> None:
    model = _Recording()
    model.most_slots = 30
    shared = SharedModel(model, slots=100, least_slots=10)
    assert shared.new_memory(1)
    assert 10 <= shared.statistics().slots <= 30
    model.most_slots = 5
    with pytest.raises(DeviceMemoryError):
        SharedModel(model, slots=100, least_slots=10).new_memory(1)


def test_the_thread_ends_with_the_model() -> None:
    shared = SharedModel(_Recording(), slots=4)
    shared.new_memory(1).close()
    thread = shared._device._thread
    assert thread is not None
    assert thread.is_alive()
    del shared
    gc.collect()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def test_slots_are_measured_by_free_memory(tmp_path: Path) -> None:
    model = _numba(tmp_path)
    assert measured_slots(model) > measured_slots(_Recording()) >= SLOTS_PER_SONG
    huge = type("Huge", (), {"slot_bytes": 2**60})()
    assert measured_slots(huge) == SLOTS_PER_SONG


def test_a_step_may_have_more_rows_than_go_through_the_layers_together(tmp_path: Path) -> None:
    model = _numba(tmp_path)
    memory, ids = model.new_memory(150), np.arange(150) % 70
    for slot in range(150):
        model.extend(memory, slot, [slot % 69, 3])
    together = model.step(memory, np.arange(150), ids)
    apart = model.new_memory(1)
    for slot in (0, 31, 32, 75, 149):
        model.truncate(apart, 0, 0)
        model.extend(apart, 0, [slot % 69, 3])
        assert (model.step(apart, np.array([0]), ids[slot : slot + 1])[0] == together[slot]).all()


def test_slots_of_torch_grow_when_a_sequence_gets_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from engine import torch_slots

    whole = _torch(tmp_path)
    monkeypatch.setattr(torch_slots, "POSITIONS", 8)
    model = open_model(tmp_path / "m", threads=1, family="hf-causal")
    assert isinstance(model, torch_slots.TorchSlots)
    memory, other = model.new_memory(3), whole.new_memory(1)
    model.extend(memory, 2, [5, 6, 7])
    model.extend(memory, 0, list(range(30)))
    model.fork(memory, 0, [1])
    steps = model.step(memory, np.array([2, 1]), np.array([8, 9]))
    np.testing.assert_allclose(steps[0], whole.extend(other, 0, [5, 6, 7, 8]), atol=1e-4)
    whole.truncate(other, 0, 0)
    np.testing.assert_allclose(steps[1], whole.extend(other, 0, [*range(30), 9]), atol=1e-4)
    assert model.slot_bytes == 2 * 2 * 2 * 24 * 8 * 4


def test_slots_of_torch_that_could_grow_by_half_only_grow_at_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from engine.torch_slots import SlotLayer

    layer = SlotLayer(2, (1, 4), 8, torch.float32, "cpu")
    pad, calls = torch.nn.functional.pad, []

    def pad_but_once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise MemoryError
        return pad(*arguments)

    monkeypatch.setattr(torch.nn.functional, "pad", pad_but_once)
    with pytest.raises(MemoryError):
        layer.aim(torch.tensor([0]), torch.tensor([[8]]), 9)
    layer.aim(torch.tensor([0]), torch.tensor([[8]]), 9)
    assert layer.keys.shape == layer.values.shape == (2, 1, 16, 4)
