"""Processor seconds to write 1,000 events with memory, by reading all of them anew for each, and with `generate()`.

Run by `make bench`; not a test, and knows nothing of how a family computes. One thread, greedy, on the CPU, random
weights: the architecture of the starter that composes, with its kernels, and what `songwright train music` makes of
each family. Memory is our loop on the checkpoint as it is opened for music; the others are torch on the same weights in
fp32, `generate()` with its own cache. Reading anew is measured at every 50th length and stands for the 50 around it;
`--every 1` measures each. Beside the seconds stands how many events come out the same; with random weights int8 goes a
way of its own sooner than with trained ones.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import torch
from transformers import LlamaForCausalLM, PreTrainedModel

from engine.contract import Sampling
from engine.decoding import Sequence, decode
from engine.families import CausalModel, Precision, open_model
from engine.music.event_model import open_event_model
from engine.music.events import open_vocabulary
from engine.music.transformer_xl import TransformerXlForCausalLM
from engine.training.composing import composing_config, write_composer
from engine.training.event_models import save_event_model
from engine.training.event_training import CONTEXT, EventTraining, new_network

EVENTS = 1000
TARGETS = {"anew": 5.0, "generate": 3.0}  # how many times the processor seconds of memory each takes, at least
# Of the random weights: so wide that the next event hangs on those before; with the usual 0.02 one is said for ever.
SPREAD = 0.15
PROMPT = list(range(3, 11))
GREEDY = Sampling(temperature=0.0)
T = TypeVar("T")


@dataclass(frozen=True)
class Writer:
    """One network, as we open its checkpoint and as torch has it."""

    name: str
    ours: CausalModel
    network: Any

    def with_memory(self, events: int) -> list[int]:
        """Return what our loop writes after the prompt."""
        (written,) = decode(self.ours, [Sequence(PROMPT, GREEDY, 0, events)])
        return list(written.ids)

    def by_generate(self, events: int) -> list[int]:
        """Return what transformers writes; Transformer-XL is told no places in the bar there."""
        ids = torch.tensor([PROMPT])
        written = self.network.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=events, do_sample=False, use_cache=True
        )
        return written[0, len(PROMPT) :].tolist()

    def next_anew(self, ids: list[int]) -> int:
        """Return the event after all of ids, which are read from the first on."""
        more = {}
        if isinstance(self.network, TransformerXlForCausalLM):
            places = open_vocabulary(self.network.config.event_vocabulary).onsets(ids)
            more["onsets"] = torch.from_numpy(places)[None]
        with torch.inference_mode():
            logits = self.network(torch.tensor([ids]), use_cache=False, logits_to_keep=1, **more).logits  # (1, 1, V)
        return int(logits[0, -1].argmax())


def composer(folder: Path, precision: Precision) -> Writer:
    """Return the architecture of the starter that composes, with room for the events."""
    config = composing_config()
    config.max_position_embeddings = CONTEXT
    network = spread(LlamaForCausalLM(config))
    path = write_composer(network, folder / precision, {})
    return Writer(f"composer {precision}", open_model(path, precision, threads=1), network)


def of_family(folder: Path, family: str) -> Writer:
    """Return what `songwright train music --family` begins with; of hf-causal a GPT-2, as a Llama gets our kernels."""
    network = spread(new_network(EventTraining(family, folder, folder, architecture="gpt2")))
    checkpoint = save_event_model(network, folder / family, {}, family)
    name = f"{family} (gpt2)" if family == "hf-causal" else family
    return Writer(name, open_event_model(checkpoint.directory).model, network)


def spread(network: PreTrainedModel) -> PreTrainedModel:
    """Give all matrices wide random weights by a fixed seed, and let nothing end the writing."""
    torch.manual_seed(0)
    for weight in network.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=SPREAD)
            weight.data = weight.data.half().float()  # as a composer's checkpoint has them, so that all read the same
    assert network.generation_config is not None
    network.generation_config.eos_token_id = None
    return network.eval()


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the processor seconds of a call, and what it returns."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def seconds_anew(writer: Writer, written: list[int], every: int) -> tuple[float, float]:
    """Return the seconds for all events, each read anew, and the share of those looked at that come out the same."""
    seconds, places, same = 0.0, range(every // 2, len(written), every), 0
    for place in places:
        spent, found = timed(partial(writer.next_anew, PROMPT + written[:place]))
        seconds += spent
        same += found == written[place]
    return seconds * len(written) / len(places), same / len(places)


def measured(writer: Writer, *, events: int, every: int, repeats: int) -> dict[str, Any]:
    """Return the figures of one network: medians of rounds in which each way has its turn, after a round not counted."""
    writer.with_memory(10), writer.by_generate(10), writer.next_anew(PROMPT)
    seconds: dict[str, list[float]] = {"memory": [], "anew": [], "generate": []}
    for _ in range(repeats):
        spent, written = timed(lambda: writer.with_memory(events))
        seconds["memory"].append(spent)
        spent, same_anew = seconds_anew(writer, written, every)
        seconds["anew"].append(spent)
        spent, generated = timed(lambda: writer.by_generate(events))
        seconds["generate"].append(spent)
        assert len(written) == len(generated) == events
    medians = {way: statistics.median(found) for way, found in seconds.items()}
    return {
        "name": writer.name,
        "parameters": writer.network.num_parameters(),
        "different_events": len(set(written)),
        "seconds": {way: round(median, 3) for way, median in medians.items()},
        "ratios": {way: round(medians[way] / medians["memory"], 2) for way in TARGETS},
        "same_events": {
            "anew": round(same_anew, 3),
            "generate": sum(a == b for a, b in zip(written, generated, strict=True)) / events,
        },
    }


@click.command()
@click.option("--events", default=EVENTS, show_default=True, help=f"Events to write; at most {CONTEXT - len(PROMPT)}.")
@click.option("--every", default=50, show_default=True, help="Lengths between two at which reading anew is measured.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(events: int, every: int, repeats: int, as_json: bool) -> None:
    """Measure and print."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # processor seconds say nothing of a GPU
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writers = [composer(folder, precision) for precision in ("int8", "fp32")]
        writers += [of_family(folder, family) for family in ("music-transformer", "transformer-xl", "hf-causal")]
        rows = [measured(writer, events=events, every=every, repeats=repeats) for writer in writers]
    if as_json:
        print(json.dumps({"events": events, "every": every, "repeats": repeats, "targets": TARGETS, "rows": rows}))
        return
    print(f"{events} events, one thread, processor seconds, median of {repeats}; ratios to memory, and what is asked")
    for row in rows:
        print(f"{row['name']:20}{row['seconds']['memory']:8.2f} s with memory", end="")
        for way, least in TARGETS.items():
            verdict = "reached" if row["ratios"][way] >= least else "MISSED"
            same = f"{row['same_events'][way]:.0%} the same"
            print(
                f"   {way} {row['seconds'][way]:.2f} s: {row['ratios'][way]:.1f} ({least:g} {verdict}; {same})", end=""
            )
        print()


if __name__ == "__main__":
    main()
