"""A Llama decoder step as an ONNX graph for onnxruntime, and the directories that the peers of the benchmark read.

Knows nothing of timing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from engine.checkpoint import Weights, write_checkpoint
from engine.llama import LlamaShape, layer_tensors, turn_table


class _Graph:
    """Nodes and constants under way; `add` returns the name of a node's first output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: np.ndarray[Any, Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def linear(self, x: str, name: str, matrix: np.ndarray[Any, Any]) -> str:
        return self.add("MatMul", [x, self.constant(f"{name}_weight", matrix.T)], [name])


def _layer(
    graph: _Graph, shape: LlamaShape, weights: Weights, layer: int, x: str, normed: str, next_norm: str
) -> tuple[str, str]:
    """Add one layer; return the residual stream and its norm for the next."""
    names, at, skip = layer_tensors(layer), f"l{layer}_", "SkipSimplifiedLayerNormalization"
    qkv = graph.linear(normed, at + "qkv", np.concatenate([weights[n] for n in names["qkv"]]))
    graph.add(
        "GroupQueryAttention",
        [qkv, "", "", f"past_key_{layer}", f"past_value_{layer}", "last", "total", "cosines", "sines"],
        [at + "mixed", f"present_key_{layer}", f"present_value_{layer}"],
        domain="com.microsoft", num_heads=shape.heads, kv_num_heads=shape.kv_heads, do_rotary=1,
    )  # fmt: skip
    out = graph.linear(at + "mixed", at + "out", weights[names["out"][0]])
    norm = graph.constant(at + "norm", weights[f"model.layers.{layer}.post_attention_layernorm.weight"])
    outputs = [at + "normed_2", "", "", at + "x_2"]
    graph.add(skip, [x, out, norm], outputs, domain="com.microsoft", epsilon=shape.epsilon)
    gate = graph.linear(at + "normed_2", at + "gate", weights[names["gate_up"][0]])
    up = graph.linear(at + "normed_2", at + "up", weights[names["gate_up"][1]])
    silu = graph.add("Mul", [gate, graph.add("Sigmoid", [gate], [at + "sigmoid"])], [at + "silu"])
    down = graph.linear(graph.add("Mul", [silu, up], [at + "gated"]), at + "down", weights[names["down"][0]])
    norm = graph.constant(at + "next_norm", weights[next_norm])
    outputs = [at + "normed_3", "", "", at + "x_3"]
    graph.add(skip, [at + "x_2", down, norm], outputs, domain="com.microsoft", epsilon=shape.epsilon)
    return at + "x_3", at + "normed_3"


def write_onnx(path: Path, shape: LlamaShape, weights: Weights) -> None:
    """Write the step as fp32.onnx; caches are (B, heads, T, D), updated in place where the runtime is asked to."""
    import onnx
    from onnx import TensorProto, helper

    graph, turns = _Graph(), turn_table(shape)
    graph.constant("cosines", turns[:, 0])
    graph.constant("sines", turns[:, 1])
    embedding = weights["model.embed_tokens.weight"]
    x = graph.add("Gather", [graph.constant("embedding", embedding), "ids"], ["x"])
    norm = graph.constant("first_norm", weights["model.layers.0.input_layernorm.weight"])
    normed = graph.add("SimplifiedLayerNormalization", [x, norm], ["normed"], axis=-1, epsilon=shape.epsilon)
    for layer in range(shape.layers):
        last = layer + 1 == shape.layers
        next_norm = "model.norm.weight" if last else f"model.layers.{layer + 1}.input_layernorm.weight"
        x, normed = _layer(graph, shape, weights, layer, x, normed, next_norm)
    graph.linear(normed, "logits", embedding if shape.tied else weights["lm_head.weight"])
    cache, number = ["B", shape.kv_heads, "T", shape.head_dim], TensorProto.FLOAT
    stacks = [f"{kind}_{layer}" for layer in range(shape.layers) for kind in ("key", "value")]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["B", "S"]),
        helper.make_tensor_value_info("last", TensorProto.INT32, ["B"]),
        helper.make_tensor_value_info("total", TensorProto.INT32, []),
        *(helper.make_tensor_value_info(f"past_{name}", number, cache) for name in stacks),
    ]
    outputs = [helper.make_tensor_value_info(f"present_{name}", number, cache) for name in stacks]
    outputs.append(helper.make_tensor_value_info("logits", number, ["B", "S", shape.vocab_size]))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    built = helper.make_graph(graph.nodes, "llama", inputs, outputs, graph.constants)
    onnx.save(helper.make_model(built, opset_imports=opsets, ir_version=9), path)


def write_directories(directory: Path, config: dict[str, Any], weights: Weights) -> None:
    """Write float32 weights in the forms of all peers: ours, hf, ct2_float32, ct2_int8, fp32.onnx, int8.onnx."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    shape = LlamaShape.from_config(config)
    write_checkpoint(directory / "ours", weights, config, None, {})
    write_checkpoint(directory / "hf", weights, config, None, {})
    _write_tokenizer(directory / "hf", shape.vocab_size)
    _convert_to_ctranslate2(directory)
    write_onnx(directory / "fp32.onnx", shape, weights)
    quantize_dynamic(
        directory / "fp32.onnx", directory / "int8.onnx", op_types_to_quantize=["MatMul"], per_channel=True,
        weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True, "DefaultTensorType": 1},  # float
    )  # fmt: skip


def _write_tokenizer(directory: Path, vocab_size: int) -> None:
    """Write a tokenizer whose token i is "t<i>": CTranslate2 converts nothing without one."""
    from tokenizers import Tokenizer, models

    names = {f"t{i}": i for i in range(vocab_size)}
    Tokenizer(models.WordLevel(names, unk_token="t2")).save(str(directory / "tokenizer.json"))
    marks = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "t0", "eos_token": "t1", "unk_token": "t2"}
    (directory / "tokenizer_config.json").write_text(json.dumps(marks))


def _convert_to_ctranslate2(directory: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    for precision in ("float32", "int8"):
        converter = TransformersConverter(str(directory / "hf"))
        converter.convert(str(directory / f"ct2_{precision}"), quantization=precision)
