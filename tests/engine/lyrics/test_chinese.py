"""Chinese lyrics: sounds, plans, tunes, masks and the writer, with a tiny random model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.corpus.chinese_corpus import planned, prepare_chinese_corpus
from engine.corpus.shards import Shard
from engine.errors import Cancelled, RequestError
from engine.llama import Llama, LlamaShape
from engine.lyrics.chinese.constraint import ChineseLineConstraint, WishedCharacters
from engine.lyrics.chinese.prompt import (
    ChineseLine,
    ChinesePrompt,
    PlannedLine,
    WantedLine,
    letters_of,
    lines_of,
    plan_ids,
)
from engine.lyrics.chinese.ranking import ChineseDraft, score_line
from engine.lyrics.chinese.rhyme import NAMES, is_level, lines_rhyme, readings, rhyme_class, tones_kept, tones_of
from engine.lyrics.chinese.theme import theme_words
from engine.lyrics.chinese.tokenizer import FREE, ChineseTokenizer, special_tokens
from engine.lyrics.chinese.tunes import TunePattern, learn_patterns, open_patterns, tune_names
from engine.lyrics.chinese.writer import ChineseWriter
from tests.engine.tiny_llama import random_weights, tiny_config

CHARACTERS = "春风明月江南花开落水流东西人家天上下山云雨夜长短亭年心头楼酒愁秋来去归飞红绿青白光香乡阳霜王唐堂忙郎"
WANXISHA = "一曲新词酒一杯，去年天气旧亭台。夕阳西下几时回。\n无可奈何花落去，似曾相识燕归来。小园香径独徘徊。"


@pytest.fixture(scope="module")
def tokenizer() -> ChineseTokenizer:
    return ChineseTokenizer.of_characters(CHARACTERS)


@pytest.fixture(scope="module")
def model(tokenizer: ChineseTokenizer) -> Llama:
    config = tiny_config(vocab_size=tokenizer.vocab_size, max_position_embeddings=256)
    return Llama.from_weights(LlamaShape.from_config(config), random_weights(config, 3), precision="int8", threads=1)


@pytest.mark.parametrize(
    ("first", "second", "rhyme"),
    [("花开", "归来", True), ("明月", "白雪", True), ("东风", "云中", True), ("诗", "你", False), ("知", "诗", True),
     ("鱼", "衣", True), ("人", "东", False), ("山", "天", True), ("来", "来", False), ("春", "", False)],
)  # fmt: skip
def test_lines_rhyme_by_the_pinyin_final(first: str, second: str, rhyme: bool) -> None:
    assert lines_rhyme(first, second) is rhyme


def test_spelling_is_read_as_it_is_said() -> None:
    found = {character: NAMES[rhyme_class(character) or 0] for character in "月鱼云圆翁雨军女为文外"}
    assert found == {"月": "ie", "鱼": "i", "云": "en", "圆": "an", "翁": "eng", "雨": "i", "军": "en", "女": "i",
                     "为": "ei", "文": "en", "外": "ai"}  # fmt: skip
    assert is_level("春") is True
    assert is_level("月") is False
    assert readings("a") == ()


def test_letters_are_given_to_lines_that_rhyme_with_another() -> None:
    assert letters_of([3, 5, 3, 5, 7, None]) == "ABABXX"


def test_a_poem_is_read_into_lines_and_its_plan() -> None:
    lines = lines_of(WANXISHA)
    assert lines is not None
    assert [len(line.characters) for line in lines] == [7] * 6
    assert "".join(line.mark for line in lines) == "，。。，。。"
    plan = planned(lines)
    assert plan[0].rhyme == plan[2].rhyme  # 杯, 回
    assert plan[1].rhyme == plan[4].rhyme == plan[5].rhyme  # 台, 来, 徊
    assert lines_of("春风abc。") is None
    assert lines_of("") is None


@given(st.text(alphabet=CHARACTERS, max_size=30))
def test_characters_survive_their_ids(text: str) -> None:
    tokenizer = ChineseTokenizer.of_characters(CHARACTERS)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.text(max_size=60) | st.lists(st.sampled_from(special_tokens()), max_size=5).map("".join))
def test_no_text_becomes_a_mark_of_the_plan(text: str) -> None:
    tokenizer = ChineseTokenizer.of_characters(CHARACTERS)
    marks = {tokenizer.id_of(mark) for mark in special_tokens()} - {tokenizer.id_of("<unk>")}
    assert not marks & set(tokenizer.encode(text))


def test_the_tokenizer_is_kept_in_a_file_that_transformers_can_read(
    tokenizer: ChineseTokenizer, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer

    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    assert ChineseTokenizer.open(tmp_path / "tokenizer.json").entries == tokenizer.entries
    other = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert other.encode("<ci>春风").ids == [tokenizer.id_of("<ci>"), *tokenizer.encode("春风")]


def test_names_of_a_tune_begin_with_the_usual_one() -> None:
    assert tune_names("望江南・忆江南") == ("忆江南", "望江南")
    assert tune_names("失调名") == tune_names("") == ("",)


def test_a_pattern_is_the_commonest_form_with_the_rhymes_that_most_texts_keep() -> None:
    usual = [PlannedLine(5, "A", "，"), PlannedLine(7, "X", "，"), PlannedLine(5, "A", "。")]
    rare = [PlannedLine(4, "X", "，"), PlannedLine(4, "X", "。")]
    (found,) = learn_patterns([*[("忆秦娥", usual)] * 13, *[("忆秦娥", rare)] * 5, *[("少见", rare)] * 3])
    assert found == TunePattern("忆秦娥", tuple(usual), 13)
    assert TunePattern.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_the_mask_lets_a_line_be_nothing_but_its_characters(tokenizer: ChineseTokenizer) -> None:
    ends = np.zeros(tokenizer.vocab_size, bool)
    ends[tokenizer.encode("花家")] = True
    wish = WishedCharacters(tokenizer.encode("月明"), after=1)
    constraint = ChineseLineConstraint(tokenizer, 4, ends, wish)
    assert tokenizer.decode(np.flatnonzero(constraint.allowed())) in ("花家", "家花")
    assert not constraint.accept(tokenizer.id_of("花"))
    for wanted in "月明":
        assert tokenizer.decode(np.flatnonzero(constraint.allowed())) == wanted
        assert not constraint.accept(tokenizer.id_of(wanted))
    assert set(tokenizer.decode(np.flatnonzero(constraint.allowed()))) == set(CHARACTERS)
    assert constraint.accept(tokenizer.id_of("春"))


@pytest.mark.parametrize(
    ("theme", "found"),
    [("江南春雨", ["江南", "春雨"]), ("写一首关于明月的歌", ["明月"]), ("我的家", ["家"]), ("rain", []), ("", []),
     ("手机", []), ("<ci>春风!", ["春风"])],
)  # fmt: skip
def test_the_words_of_a_theme(tokenizer: ChineseTokenizer, theme: str, found: list[str]) -> None:
    assert theme_words(theme, {"江南", "明月"}, tokenizer) == found


PLANS = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from("AABX"), st.sampled_from("，。")).map(lambda x: WantedLine(*x)),
    min_size=1, max_size=7,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(plan=PLANS, seed=st.integers(0, 1000))
def test_every_line_has_its_length_and_its_rhyme(
    model: Llama, tokenizer: ChineseTokenizer, plan: list[WantedLine], seed: int
) -> None:
    writer = ChineseWriter(model, tokenizer, candidates=4)
    try:
        lines = writer.write([ChinesePrompt(theme=["明月"])], plan, seed=seed, sampling=Sampling())
    except RequestError as error:
        if "rhyme" in str(error):  # so few characters know few rhymes
            return
        raise
    assert [len(line.characters) for line in lines] == [line.length for line in plan]
    assert [line.mark for line in lines] == [line.mark for line in plan]
    first: dict[str, str] = {}
    for wanted, line in zip(plan, lines, strict=True):
        if wanted.rhyme != FREE:
            before = first.setdefault(wanted.rhyme, line.characters)
            assert before is line.characters or lines_rhyme(before, line.characters)


def test_the_same_seed_gives_the_same_text_and_another_one_does_not(model: Llama, tokenizer: ChineseTokenizer) -> None:
    writer, plan = ChineseWriter(model, tokenizer, candidates=4), [WantedLine(7, FREE, "。")] * 3
    texts = [writer.write([ChinesePrompt()], plan, seed=seed, sampling=Sampling()) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_word_that_is_to_be_avoided_is_not_written(model: Llama, tokenizer: ChineseTokenizer) -> None:
    writer, plan = ChineseWriter(model, tokenizer, candidates=8), [WantedLine(5, FREE, "。")] * 4
    usual = writer.write([ChinesePrompt()], plan, seed=5, sampling=Sampling())
    avoid = [usual[0].characters[-1], usual[1].characters[1:3]]
    other = writer.write([ChinesePrompt()], plan, seed=5, sampling=Sampling(), avoid=avoid)
    assert not any(word in line.characters for word in avoid for line in other)


def test_avoided_words_are_not_written_however_many_they_are(model: Llama, tokenizer: ChineseTokenizer) -> None:
    pairs = [a + b for a in CHARACTERS[:20] for b in CHARACTERS]
    avoid = [*CHARACTERS[20 : len(CHARACTERS) // 2], *pairs, "不在内", ""]
    plan = [WantedLine(7, "A", "，"), WantedLine(7, "A", "。"), WantedLine(7, FREE, "。")]
    writer = ChineseWriter(model, tokenizer, candidates=4)
    prompt = ChinesePrompt(theme=[pairs[1], avoid[0]])
    for line in writer.write([prompt], plan, seed=3, sampling=Sampling(), avoid=avoid):
        assert len(line.characters) == 7
        assert not [word for word in avoid if word and word in line.characters]


def test_it_stops_when_it_is_told_to(model: Llama, tokenizer: ChineseTokenizer) -> None:
    writer = ChineseWriter(model, tokenizer, candidates=2)
    with pytest.raises(Cancelled):
        writer.write(
            [ChinesePrompt()], [WantedLine(7, FREE, "。")], seed=1, sampling=Sampling(), cancelled=lambda: True
        )


def test_more_lines_than_the_model_holds_are_refused_with_a_way_out(model: Llama, tokenizer: ChineseTokenizer) -> None:
    with pytest.raises(RequestError, match="ask for fewer lines"):
        ChineseWriter(model, tokenizer).write(
            [ChinesePrompt()], [WantedLine(16, FREE, "。")] * 20, seed=1, sampling=Sampling()
        )


def test_a_corpus_is_prepared_with_what_the_model_is_told(tmp_path: Path) -> None:
    rows = [
        {"id": f"t{number}", "kind": "ci", "rhythmic": "浣溪沙", "author": "晏殊",
         "text": WANXISHA.replace("酒", CHARACTERS[number % len(CHARACTERS)]).replace("燕", CHARACTERS[-1 - number // 20])}
        for number in range(300)
    ]  # fmt: skip
    (tmp_path / "verse.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (pattern,) = prepare_chinese_corpus([tmp_path / "verse.jsonl"], tmp_path / "out", seed=1, report=lambda line: None)
    assert (pattern.name, [line.length for line in pattern.lines]) == ("浣溪沙", [7] * 6)
    assert open_patterns(tmp_path / "out" / "tunes.json")["浣溪沙"] == pattern
    tokenizer = ChineseTokenizer.open(tmp_path / "out" / "tokenizer.json")
    shards = {split: Shard.open(tmp_path / "out" / f"{split}.npz") for split in ("train", "valid", "test")}
    assert all(len(shard) for shard in shards.values())
    train = shards["train"]
    told = {tokenizer.entries[i] for i in train.ids[~train.learned]}
    assert {"<ci>", "<tune>", "<words>", "<n7，>", "<n7。>"} <= told
    learned = [tokenizer.entries[i] for i in train.text_ids(0)[train.learned[: train.starts[1]]]]
    assert learned.pop() == "<eos>"
    assert 40 <= len(learned) <= 42  # six lines of seven and nothing of the plan, but for characters that are too rare


def test_a_plan_is_announced_by_two_ids(tokenizer: ChineseTokenizer) -> None:
    ids = plan_ids(PlannedLine(7, "A", "。"), tokenizer)
    assert [tokenizer.entries[i] for i in ids] == ["<n7。>", "<rA>"]
    assert ChineseLine("春风", "。").mark == "。"


def test_lines_that_stand_are_kept_and_new_ones_rhyme_with_those_after_them(
    model: Llama, tokenizer: ChineseTokenizer
) -> None:
    writer = ChineseWriter(model, tokenizer, candidates=6)
    plan = [
        WantedLine(7, "A", "，", refused="阳"),
        WantedLine(7, "A", "。", given="门前流水向斜阳"),
        WantedLine(20, FREE, "。", given="春" * 20),  # longer than any line that the model has read
        WantedLine(5, "A", "。"),
    ]
    for seed in range(5):
        told: list[str] = []
        lines = writer.write(
            [ChinesePrompt()],
            plan,
            seed=seed,
            sampling=Sampling(),
            report=lambda n, of, text, told=told: told.append(text),
        )
        assert [line.characters for line in lines][1:3] == [plan[1].given, plan[2].given]
        assert told == [lines[0].characters + "，", lines[3].characters + "。"]
        assert all(lines_rhyme(lines[n].characters, plan[1].given) for n in (0, 3))


@pytest.mark.parametrize(("better", "worse"), [("月落水去来", "风光春阳去"), ("月落水天去", "月落水天来")])
def test_of_lines_that_are_as_likely_the_one_with_more_tones_of_the_tune_is_better(better: str, worse: str) -> None:
    draft = ChineseDraft([WantedLine(5, FREE, "。", "仄仄仄？仄")], (), theme_anew=False)
    assert score_line(better, -15.0, 0, draft) > score_line(worse, -15.0, 0, draft)


def test_tones_of_a_tune_are_those_of_most_of_its_texts() -> None:
    texts = ["春风来", "春雨来", "明月来", "春月去", "春月去", "春水落"]
    plans = [[PlannedLine(3, FREE, "。", tones_of(text))] for text in texts] * 3
    (found,) = learn_patterns([("无题", plan) for plan in plans])
    assert found.lines[0].tones == "平仄？"
    assert TunePattern.from_json(json.loads(json.dumps(found.as_json()))) == found
    assert tones_of("春月a") == "平仄？"
    assert tones_kept("春月来", "平平？") == (1, 2)
