"""Every sentence that engine and worker can tell a member is known in every language, and comes out whole."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.error_sentences import localise, template_of, template_of_named, with_subcommands, without_dashes
from bot.language_files import language_file, languages
from engine.errors import EngineError
from engine.lyrics.theme import clean_theme
from engine.music.theory import Chord, Key, voice_range
from engine.song.form import parse_form, parse_rhyme, parse_syllables
from engine.song.harmony import parse_chords
from engine.song.styles import find_style
from engine.verbs import VERBS

ROOT = Path(__file__).parents[2]
OTHERS = [code for code in languages() if code != "en"]
RAISED = {"RequestError", "FileFormatError", "Cancelled", "OutputError", "CheckpointError", "EngineError", "StoreError",
          "DeadlinePassed", "DeviceMemoryError"}  # fmt: skip
PLACES = ["engine/lyrics", "engine/music", "engine/song", "engine/output", "engine/sampling.py", "engine/checkpoint.py",
          "engine/decoding.py", "engine/families.py", "engine/slot_pool.py", "worker"]  # fmt: skip
# Only hosts meet these, in the terminal.
NOT_FOR_MEMBERS = {"worker/health.py", "worker/settings.py", "worker/queue.py", "worker/store/model_versions.py",
                   "worker/promotion.py", "worker/gate_verdict.py", "worker/tuning.py", "worker/store/tunings.py",
                   "worker/store/server_versions.py",
                   "worker/store/job_lists.py", "worker/store/artifact_places.py",
                   "worker/store/backup.py", "worker/store/postgres_dump.py", "worker/capacity/load.py",
                   "engine/lyrics/plain_writer.py", "engine/lyrics/remote.py", "engine/lyrics/markov_model.py",
                   "engine/lyrics/remote_asking.py", "engine/lyrics/remote_exchange.py", "engine/lyrics/remote_server.py",
                   "engine/lyrics/remote_writer.py",
                   "engine/lyrics/char_lstm.py", "engine/lyrics/characters.py", "engine/lyrics/hf_causal.py",
                   "engine/lyrics/text_models.py", "engine/music/event_model.py", "engine/music/event_networks.py",
                   "engine/music/events.py", "engine/music/music_vae.py",
                   "engine/music/piano_roll_model.py"}  # fmt: skip
# Sentences that the program puts together while it runs; `test_sentences_put_together_at_run_time` looks after them.
# The last is a sentence of the synthesiser's process, which is collected where it is made.
AT_RUN_TIME = {"sentence.format(where=_shown(url))", "answer[1:].decode()"}


def source_files() -> list[Path]:
    files = [
        file for place in PLACES for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    return sorted(file for file in files if str(file.relative_to(ROOT)) not in NOT_FOR_MEMBERS)


def texts_of(module: ast.Module) -> dict[str, object]:
    """Return the names of a module that stand for whole texts."""
    assigned = [node for node in module.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    texts = [node for node in assigned if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)]
    return {node.targets[0].id: node.value.value for node in texts}


@cache
def messages() -> tuple[tuple[str, ast.expr, dict[str, object]], ...]:
    """Return (place, message, texts of the module) for every error for people that is made."""
    found = []
    for file in source_files():
        module = ast.parse(file.read_text(encoding="utf-8"))
        for node in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in RAISED and node.args and ast.unparse(node.args[0]) not in AT_RUN_TIME:
                found.append((f"{file.relative_to(ROOT)}:{node.lineno}", node.args[0], texts_of(module)))
    return tuple(found)


def templates() -> dict[str, str]:
    """Return every template with the place where it is raised."""
    return {template_of(node, texts): place for place, node, texts in messages()} | put_together()


def put_together() -> dict[str, str]:
    """Return the templates of sentences that are chosen while the program runs."""
    from engine.song import write_words
    from worker import runner
    from worker.store import database

    faults = [*database._LASTING_FAULTS.values(), *database._PASSING_FAULTS.values()]
    return {template_of_named(text): "worker.store.database" for text in faults} | {
        template_of_named(write_words.LEARNED): "engine.song.write_words",
        runner.BUG_SENTENCE: "worker.runner",
        runner.UNKEPT_SENTENCE: "worker.runner",
        runner.UNREAD_SENTENCE: "worker.runner",
    }


def helping_texts() -> dict[str, str]:
    """Return the texts of modules that stand inside sentences, such as the examples of a form."""
    modules = [(file, ast.parse(file.read_text(encoding="utf-8"))) for file in source_files()]
    return {
        str(text): f"{file.name}: {name}"
        for file, module in modules
        for name, text in texts_of(module).items()
        if name.endswith(("_HELP", "_EXAMPLE"))
    }


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_for_members_is_translated(code: str) -> None:
    known = language_file(code).errors
    missing = {template: place for template, place in (templates() | helping_texts()).items() if template not in known}
    assert not missing, "\n".join(f"{place}: {template}" for template, place in missing.items())


def test_there_are_sentences_and_each_is_found_where_it_is_raised() -> None:
    assert len(templates()) > 80
    assert templates()["the request was taken back"].startswith("worker/")


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_left_of_a_sentence_that_is_gone(code: str) -> None:
    """Pieces of sentences, and those of the terminal and of recovery, are named here."""
    pieces = (
        "did you mean|known are |Chinese words do not|try |"
        "leave --artist|no \\.\\{0\\}:| (at|from|up to|above) |--length must|\\{0\\} must be a |"
        "new chords: |the \\{0\\} bars of chords are |replaced: |the words stay sung|"
        "line \\{0\\} was |the same words come again|the new line is|these words come more|new lines: |name the one that is meant|"
        "this file names no key|the pages are drawn by |signs without a sound|web addresses are|words in the \\{0\\} script|"
        "use a General MIDI|the \\{0\\} is not text|the song was taken back; nothing|the song could not be made|the program stopped"
    )
    raised = templates() | helping_texts()
    assert [known for known in language_file(code).errors if known not in raised and not re.match(pieces, known)] == []


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("template", list(templates()))
def test_a_filled_sentence_gets_its_own_translation_with_its_values(code: str, template: str) -> None:
    values = [f" Wert{number}" if f"}}{{{number}}}" in template else f"Wert{number}" for number in range(9)]
    translation = language_file(code).errors[template]
    assert localise(template.format(*values), code) == translation.format(*values)


def raised_by(act, *given) -> str:
    with pytest.raises(EngineError) as caught:
        act(*given)
    return str(caught.value)


REAL_MISTAKES = [
    (clean_theme, "🎵"), (clean_theme, "x" * 400), (clean_theme, "дождь"), (parse_form, "VQC"), (parse_form, ""), (parse_form, "I"),
    (parse_form, "V" * 30), (parse_rhyme, "A1"), (parse_rhyme, "A"), (parse_rhyme, "AA/BB/CC/DD"), (parse_syllables, "x"),
    (parse_syllables, "99"), (parse_syllables, "8,8,8,8,8,8,8,8,8"), (parse_chords, ""), (parse_chords, "C Xyz"), (Key.parse, "H"),
    (Key.parse, "Hm"), (Chord.parse, "?"), (Chord.parse, "Amm"), (find_style, "pip"), (find_style, "polka"), (find_style, "lock"),
    (voice_range, "robot"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "given"), REAL_MISTAKES)
def test_real_mistakes_are_said_in_chinese_without_english_words(act, given) -> None:
    said = localise(raised_by(act, given), "zh-CN")
    assert re.search("[\u4e00-\u9fff]", said)
    named = {"ammaj", "rain", "over", "the", "harbour", "minor", "major", "xyz", "robot", "polka", "pip", "lock", "amm",
             "strophic", "through", "composed", "blues", "verse", "chorus", "ballad"}  # of forms, as typed  # fmt: skip
    english = {word.lower() for word in re.findall("[A-Za-z]{3,}", said)} - named
    assert not {
        word for word in english if not re.fullmatch("[vqcabx]+|vcvcbc|abab|aabb|cyrillic|sus|maj|dim|aug|min", word)
    }, said


def test_an_unknown_style_is_refused_with_the_styles_by_their_own_names() -> None:
    said = localise(raised_by(find_style, "valse"), "zh-CN")
    assert said.startswith("没有 'valse' 这种风格；")
    assert "流行、摇滚、抒情、民谣、圆舞曲" in said
    assert "Walzer" in localise(raised_by(find_style, "walz"), "de")


def test_the_tempo_of_a_form_is_said_in_its_place() -> None:
    said = "this form lasts 40-90 seconds at 100 quarter notes per minute, got length 600; " \
           "leave out the form or the length, or change the tempo"  # fmt: skip
    assert "dauert bei 100 Vierteln pro Minute 40-90 Sekunden" in localise(said, "de")
    assert "dauert 40-90 Sekunden" in localise(said.replace(" at 100 quarter notes per minute", ""), "de")


def test_an_option_out_of_range_is_said_with_its_range() -> None:
    said = "--top-k must be a whole number from 0 up to 5000, got '9999': only the k likeliest; 0 is off"
    expected = "„top_k“ muss eine ganze Zahl von 0 bis 5000 sein, nicht '9999': nur die k wahrscheinlichsten; 0 ist aus"
    assert localise(said, "de") == expected
    assert localise("20 seconds are too short for one verse, which lasts 40 at 90 quarter notes per minute; "
                    "ask for a longer song, a faster tempo or fewer lines", "de").startswith(
        "20 Sekunden sind zu kurz für eine Strophe, die bei 90 Vierteln pro Minute 40 dauert")  # fmt: skip


def test_what_people_typed_is_not_translated() -> None:
    assert (
        localise('voice must be one of soprano, alto, got "jazz"', "zh-CN")
        == "声部必须是女高音、女低音之一，现在是“jazz”"
    )


@given(st.text(max_size=200))
def test_any_text_is_said_as_it_is_in_english_and_never_fails_elsewhere(text: str) -> None:
    assert localise(text, "en-US") == localise(text, None) == localise(text, "fr") == text
    assert isinstance(localise(text, "zh-CN"), str)


def test_an_unknown_sentence_stays_english() -> None:
    assert localise("the moon must be full, got half", "de") == "the moon must be full, got half"


@given(st.text(max_size=60), st.text(max_size=60))
def test_values_with_braces_and_line_ends_come_through_whole(artist: str, hint: str) -> None:
    said = localise(f"artist {artist!r} is not among the 7 authors that the model has read; {hint}", "zh-CN")
    assert said.startswith(f"作者 {artist!r} 不在")


def test_a_huge_sentence_takes_no_time() -> None:
    assert localise("form " + "a; " * 100_000, "de").startswith("form ")


def expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


@pytest.mark.parametrize(("source", "template"), [
    ('f"stars must be {low}-{high}, got {stars}; give {high}"', "stars must be {0}-{1}, got {2}; give {3}"),
    ('"plain"', "plain"),
    ('f"a {x!r}" + f" b {y:g}"', "a {0} b {1}"),
    ('f"{{{x}}}"', "{{{0}}}"),
    ("HELP", "write it"),
    ("WHERE.format(where=x)", "{0} is full"),
])  # fmt: skip
def test_a_template_has_a_number_for_each_value(source: str, template: str) -> None:
    assert template_of(expression(source), {"HELP": "write it", "WHERE": "{where} is full"}) == template


@pytest.mark.parametrize("source", ["said", "say(it)", 'f"a" + said', "error.args[0]"])
def test_a_message_that_is_known_at_run_time_only_has_no_template(source: str) -> None:
    with pytest.raises(ValueError, match="before the program runs"):
        template_of(expression(source))


def test_options_lose_their_dashes_and_ranges_keep_theirs() -> None:
    assert without_dashes("leave --artist out") == "leave artist out"
    assert without_dashes("--top-k must be 0-5000 -- or none; a well--known one") == (
        "top_k must be 0-5000 -- or none; a well--known one"
    )


@pytest.mark.parametrize(("sentence", "in_the_terminal"), [
    ("set the words to music first, with /sing", "set the words to music first, with songwright sing"),
    ("needs a new song (/song key:Dm); or", "needs a new song (songwright song --key Dm); or"),
    ("/song top_k:5 style:jazz, or /words-for", "songwright song --top-k 5 --style jazz, or songwright words-for"),
    ("there is no file /song/one.mid, tmp/song or a/words", "there is no file /song/one.mid, tmp/song or a/words"),
    ("3/4, C/G and /history stay", "3/4, C/G and /history stay"),
])  # fmt: skip
def test_commands_are_subcommands_in_the_terminal(sentence: str, in_the_terminal: str) -> None:
    assert with_subcommands(sentence) == in_the_terminal


def test_every_command_that_a_sentence_names_is_a_verb_in_its_own_form() -> None:
    """What the engine calls "sing" alone would be said so in Discord and in the terminal, where it is no command."""
    named = {found for template in templates() for found in re.findall(r"(?<![\w/.<{}])/([a-z][a-z-]+)", template)}
    assert named <= VERBS.keys()
    assert {"sing", "song"} <= named
