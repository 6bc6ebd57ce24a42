"""Promises of what a planned model writes while it learns: the plan of a held-out text is kept, the words are its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from engine.corpus.chinese_corpus import given_ids  # noqa: E402
from engine.lyrics.chinese.prompt import ChinesePrompt, PlannedLine, plan_ids  # noqa: E402
from engine.lyrics.chinese.tokenizer import EOS, ChineseTokenizer  # noqa: E402
from engine.training.chinese_lyrics import chinese_form  # noqa: E402
from engine.training.lyrics import english_form  # noqa: E402
from engine.training.planned_samples import (  # noqa: E402
    LONGEST_LINE,
    Line,
    PlanKept,
    bytes_per_id,
    heading_and_lines,
    sampler,
    training_lines,
)
from tests.tiny_chinese import CHARACTERS  # noqa: E402
from tests.tiny_models import tiny_tokenizer  # noqa: E402

ENGLISH, CHINESE = tiny_tokenizer(), ChineseTokenizer.of_characters(CHARACTERS + "浣沙苏轼")
FORMS = {"en": english_form(ENGLISH), "zh": chinese_form(CHINESE)}
ENGLISH_TEXT = (
    "<bos><song><plain><late><theme> rain sea<title> Rain<words>"
    "<verse><s4><rA> bay the to down\n<s4><rA> day the all\n<chorus><s2><rX> sea the\n<eos>"
)
PROMPT = ChinesePrompt(tune="浣溪沙", theme=("春风", "明月"), author="苏轼")


def chinese_ids(lines: list[str]) -> list[int]:
    ids = PROMPT.ids(CHINESE)
    for line in lines:
        ids += [*plan_ids(PlannedLine(len(line), "A", "。"), CHINESE), *CHINESE.encode(line[::-1])]
    return [*ids, CHINESE.id_of(EOS)]


TEXTS = {"en": np.array(ENGLISH.encode(ENGLISH_TEXT)), "zh": np.array(chinese_ids(["春江水", "明月夜来归", "天"]))}
LANGUAGES = st.sampled_from(sorted(FORMS))


def tiny_model(language: str) -> Any:
    torch.manual_seed(0)
    size = len(FORMS[language].is_mark) + 3  # a model may have room for entries that its tokenizer has not
    config = transformers.LlamaConfig(
        vocab_size=size, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=True, use_cache=False,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()


@pytest.mark.parametrize("language", FORMS)
def test_the_parts_of_a_text_are_the_text(language: str) -> None:
    heading, lines = heading_and_lines(TEXTS[language], FORMS[language])
    body = [i for line in lines for i in (*line.marks, *line.words)]
    assert [*heading, *body] == TEXTS[language].tolist()[:-1]  # all but the end
    assert len(lines) == 3


def test_lines_are_told_in_reading_order() -> None:
    assert list(training_lines([TEXTS["en"]], FORMS["en"])) == [("down to the bay", "all the day", "the sea")]
    assert list(training_lines([TEXTS["zh"], TEXTS["zh"]], FORMS["zh"])) == [("春江水", "明月夜来归", "天")]


def test_lines_without_marks_end_where_the_line_does() -> None:
    ids = ENGLISH.encode("<bos><poem><words><verse> bay the\n sea the\n<eos>")
    assert [line.marks for line in heading_and_lines(ids, FORMS["en"])[1]] == [(ENGLISH.id_of("<verse>"),), ()]


@given(LANGUAGES, st.integers(0, 10_000))
def test_whatever_is_chosen_the_marks_come_as_planned_and_only_words_between(language: str, seed: int) -> None:
    form, generator = FORMS[language], np.random.default_rng(seed)
    _, plan = heading_and_lines(TEXTS[language], form)
    kept, ids, is_finished = PlanKept(plan, form, len(form.is_mark) + 3), [], False
    while not is_finished:
        ids.append(int(generator.choice(np.flatnonzero(kept.allowed()))))
        is_finished = kept.accept(ids[-1])
    assert ids == [i for line in kept.lines for i in (*line.marks, *line.words)]
    assert [line.marks for line in kept.lines] == [line.marks for line in plan]
    assert max(ids) < len(form.is_mark)
    for line, planned in zip(kept.lines, plan, strict=True):
        assert not form.is_mark[list(line.words)].any()
        if language == "zh":
            assert len(line.words) == len(planned.words)
        else:
            assert line.words.index(ENGLISH.newline_id) == len(line.words) - 1 <= LONGEST_LINE


def test_english_bytes_are_those_that_people_read_over_the_ids_that_are_learned() -> None:
    marks = np.setdiff1d(ENGLISH.mark_ids(), [ENGLISH.id_of("<eos>")])
    ids = TEXTS["en"]
    learned = ~np.isin(ids, marks)
    learned[: list(ids).index(ENGLISH.id_of("<words>")) + 1] = False
    found = bytes_per_id([ids], [learned], FORMS["en"])
    assert found == pytest.approx(len("down to the bay\nall the day\nthe sea\n") / learned.sum())


def test_chinese_characters_are_three_bytes_each_and_the_end_is_learned_too() -> None:
    ids = TEXTS["zh"]
    learned = ~np.isin(ids, given_ids(CHINESE))
    learned[: list(ids).index(CHINESE.id_of("<words>")) + 1] = False
    assert bytes_per_id([ids], [learned], FORMS["zh"]) == pytest.approx(3 * 9 / (9 + 1))
    assert bytes_per_id([], [], FORMS["zh"]) is None


@pytest.mark.parametrize("language", FORMS)
def test_a_sample_has_its_heading_the_form_of_its_plan_and_is_the_same_for_the_same_step(language: str) -> None:
    sample = sampler([TEXTS[language]], FORMS[language])
    first, again, other = (sample(tiny_model(language), step) for step in (3, 3, 4))
    assert first == again != other
    assert first is not None
    heading, *lines = first.splitlines()
    if language == "zh":
        assert heading == "ci, tune 浣□沙, theme 春风 明月, author 苏轼"
        assert [len(line) for line in lines] == [4, 6, 2]
        assert {line[-1] for line in lines} == {"。"}
    else:
        assert heading == "song, plain, late, theme rain sea, title Rain"
        assert [line for line in lines if line.startswith("[")] == ["[Verse]", "[Chorus]"]


def test_a_text_of_which_nothing_but_the_heading_is_left_gives_no_sample() -> None:
    heading, _ = heading_and_lines(TEXTS["en"], FORMS["en"])
    assert sampler([np.array(heading)], FORMS["en"])(tiny_model("en"), 1) is None


def test_a_line_knows_its_marks_and_words() -> None:
    assert heading_and_lines(TEXTS["zh"], FORMS["zh"])[1][-1] == Line(
        (CHINESE.id_of("<n1。>"), CHINESE.id_of("<rA>")), tuple(CHINESE.encode("天"))
    )
