"""A tiny random model of Chinese lyrics: it keeps lengths and rhymes and says nothing. Knows nothing of training."""

from __future__ import annotations

import json
from pathlib import Path

from engine.checkpoint import write_checkpoint
from engine.lyrics.chinese.prompt import PlannedLine
from engine.lyrics.chinese.tokenizer import ChineseTokenizer
from engine.lyrics.chinese.tunes import TunePattern
from engine.song.chinese_model import AUTHORS_FILE, TUNES_FILE, WORDS_FILE
from tests.engine.tiny_llama import random_weights, tiny_config

# Families of rhymes, each with more characters than any tune needs.
CHARACTERS = (
    "春江南花开来台杯回徊山间天年前烟船边泉眠川风东中红空钟翁同虫松浓峰月雪别叶夜接蝶铁血节洁"
    "光香乡阳霜王唐堂忙郎长凉芳伤章明清声情城惊轻生平行心人春新尘门魂昏痕云身雨去语路树舞处苦度"
    "流秋楼愁留头州舟休游水醉碎岁泪美归飞微时诗知迟枝我吾你君他恨笑喜"
)
TUNES = (
    TunePattern("浣溪沙", tuple(PlannedLine(7, r, m) for r, m in zip("AAAXAA", "，。。，。。", strict=True)), 800),
    TunePattern("长相思", tuple(PlannedLine(n, "A", "。") for n in (3, 3, 7, 5, 3, 3, 7, 5)), 98),
    TunePattern("如梦令", tuple(PlannedLine(n, r, "。") for n, r in zip((6, 6, 5, 6, 2, 2, 6), "AAXAAAA", strict=True)), 178),
)  # fmt: skip
WORDS = {"春风": 90, "江南": 80, "明月": 70}
AUTHORS = ("李清照", "苏轼", "辛弃疾")


def write_tiny_chinese_model(directory: Path) -> Path:
    """Write the checkpoint and return its directory; the same bytes every time."""
    tokenizer = ChineseTokenizer.of_characters(CHARACTERS)
    config = tiny_config(vocab_size=tokenizer.vocab_size, max_position_embeddings=512)
    more = {
        TUNES_FILE: json.dumps([tune.as_json() for tune in TUNES]),
        WORDS_FILE: json.dumps(WORDS),
        AUTHORS_FILE: "\n".join(AUTHORS),
    }
    write_checkpoint(
        directory,
        random_weights(config, 4),
        config,
        tokenizer.to_json().encode(),
        {"name": "tiny random model of Chinese lyrics", "licence": "CC0-1.0"},
        more_files={name: text.encode() for name, text in more.items()},
    )
    return directory
