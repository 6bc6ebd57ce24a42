"""Our loop and its peers behind one method, `write(batch, tokens)`, each made to run in a process of its own.

Knows nothing of timing or of the table that is printed. Every peer writes greedily from the same prompts, a fixed
number of tokens without end. onnxruntime gets the strongest graph that we know for it: one GroupQueryAttention per
layer with rotary positions inside and keys and values in place, fused norms, bound inputs and outputs.

Run as `python -m tests.bench.decoding_peers PEER DIRECTORY THREADS`: reads "batch tokens" lines, answers with JSON
lines.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

PROMPT_LENGTH = 8


class Peer(Protocol):
    """Writes tokens after the prompts, for a batch at once."""

    def write(self, batch: int, tokens: int) -> list[list[int]]:
        """Return the new ids of each sequence."""


def prompts(batch: int, vocab_size: int) -> list[list[int]]:
    """Return the same prompts for every peer."""
    return np.random.default_rng(7).integers(3, vocab_size, (batch, PROMPT_LENGTH)).tolist()


class Ours:
    """`engine.decoding.decode` on engine.llama."""

    def __init__(self, directory: Path, threads: int, precision: str) -> None:
        from engine.families import open_model

        self._model = open_model(directory / "ours", precision, threads=threads)  # type: ignore[arg-type]

    def write(self, batch: int, tokens: int) -> list[list[int]]:
        from engine.contract import Sampling
        from engine.decoding import Sequence, decode

        greedy = Sampling(temperature=0.0)
        asked = [Sequence(prompt, greedy, 0, tokens) for prompt in prompts(batch, self._model.vocab_size)]
        return [list(candidate.ids) for candidate in decode(self._model, asked, slots=batch)]


class Generate:
    """transformers' generate() in float32."""

    def __init__(self, directory: Path, threads: int) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(threads)
        self._model = AutoModelForCausalLM.from_pretrained(directory / "hf", dtype=torch.float32).eval()

    def write(self, batch: int, tokens: int) -> list[list[int]]:
        import torch

        ids = torch.tensor(prompts(batch, self._model.config.vocab_size))
        with torch.inference_mode():
            out = self._model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False,
                pad_token_id=0, use_cache=True,  # whatever the checkpoint was trained with
            )  # fmt: skip
        return out[:, PROMPT_LENGTH:].tolist()


class CTranslate2:
    """CTranslate2's Generator on the converted directory."""

    def __init__(self, directory: Path, threads: int, precision: str) -> None:
        import ctranslate2

        self._generator = ctranslate2.Generator(
            str(directory / f"ct2_{precision}"), compute_type=precision, inter_threads=1, intra_threads=threads
        )
        self._vocab_size = json.loads((directory / "hf" / "config.json").read_text())["vocab_size"]

    def write(self, batch: int, tokens: int) -> list[list[int]]:
        asked = [[f"t{i}" for i in prompt] for prompt in prompts(batch, self._vocab_size)]
        results = self._generator.generate_batch(
            asked, max_length=tokens, min_length=tokens, sampling_topk=1, beam_size=1, include_prompt_in_result=False
        )
        return [result.sequences_ids[0] for result in results]


class OnnxRuntime:
    """onnxruntime on the graph of `onnx_llama`, caches bound in place."""

    def __init__(self, directory: Path, threads: int, precision: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        path = str(directory / f"{precision}.onnx")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._config = json.loads((directory / "hf" / "config.json").read_text())

    def write(self, batch: int, tokens: int) -> list[list[int]]:
        from onnxruntime import OrtValue

        config, binding = self._config, self._session.io_binding()
        size = (batch, config["num_key_value_heads"], PROMPT_LENGTH + tokens, config["head_dim"])
        for layer in range(config["num_hidden_layers"]):
            for kind in ("key", "value"):
                value = OrtValue.ortvalue_from_numpy(np.zeros(size, np.float32))  # keeps the array itself
                binding.bind_ortvalue_input(f"past_{kind}_{layer}", value)
                binding.bind_ortvalue_output(f"present_{kind}_{layer}", value)
        new, written, length = np.array(prompts(batch, config["vocab_size"]), np.int64), [], 0
        while len(written) < tokens:
            length += new.shape[1]
            binding.bind_cpu_input("ids", new)
            binding.bind_cpu_input("last", np.full(batch, length - 1, np.int32))
            binding.bind_cpu_input("total", np.array(length, np.int32))
            binding.bind_output("logits")
            self._session.run_with_iobinding(binding)
            logits = binding.get_outputs()[-1].numpy()  # logits are bound last
            new = logits[:, -1].argmax(axis=1)[:, None]
            written.append(new[:, 0])
        return np.stack(written, axis=1).tolist()


PEERS: dict[str, Callable[[Path, int], Any]] = {
    "ours int8": lambda d, t: Ours(d, t, "int8"),
    "ours fp32": lambda d, t: Ours(d, t, "fp32"),
    "generate() fp32": Generate,
    "CTranslate2 int8": lambda d, t: CTranslate2(d, t, "int8"),
    "CTranslate2 fp32": lambda d, t: CTranslate2(d, t, "float32"),
    "onnxruntime int8": lambda d, t: OnnxRuntime(d, t, "int8"),
    "onnxruntime fp32": lambda d, t: OnnxRuntime(d, t, "fp32"),
}


def _peak_megabytes() -> float:
    """Return the most resident memory that this process has had (VmHWM), in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def serve(name: str, directory: Path, threads: int) -> None:
    """Answer every line "batch tokens" with seconds, peak memory and the first ids."""
    begun = time.perf_counter()
    peer: Peer = PEERS[name](directory, threads)
    print(json.dumps({"open_seconds": time.perf_counter() - begun}), flush=True)
    for line in sys.stdin:
        batch, tokens = map(int, line.split())
        begun, cpu_begun = time.perf_counter(), time.process_time()
        ids = peer.write(batch, tokens)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
        assert all(len(sequence) == tokens for sequence in ids)
        first = [sequence[:20] for sequence in ids]
        answer = {
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "peak_megabytes": _peak_megabytes(),
            "first_ids": first,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
