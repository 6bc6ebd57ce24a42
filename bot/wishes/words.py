"""The words that members use for styles, moods, parts and changes, in English, German and Chinese.

Knows what each means, not where in a message it may stand. Latin entries are regular expressions for whole words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.music.theory import Key

# What a word may not go on with; Chinese characters may follow, since Chinese has no spaces.
LATIN = "A-Za-z0-9_À-ÖØ-öø-ſ"
END = f"(?![{LATIN}]|['’][a-z])"

# field -> value -> (whole Latin words, Chinese)
Vocabulary = Mapping[str, tuple[str, str]]

STYLE_WORDS: Vocabulary = {
    "pop": ("pop(?:-?songs?)?", "流行"),
    "rock": ("rock-?songs?|rock(?:[ ']*(?:n|and)[ ']*roll)?", "摇滚"),
    "ballad": ("ballads?|balladen?", "叙事曲|抒情"),
    "folk": ("folk|folksy|folksongs?|volkslied(?:er)?", "民谣|民歌"),
    "waltz": ("waltz(?:es)?(?:[ -]?time)?|walzer", "华尔兹|圆舞曲"),
    "hymn": ("hymns?|hymnen?|kirchenlied|choral", "圣歌|赞美诗|赞歌"),
    "lullaby": ("lullab(?:y|ies)|cradle song|wiegenlied|schlaflied", "摇篮曲"),
    "country": ("country(?:[ -]and[ -]western)?|country[ -]?song", "乡村"),
    "blues": ("blues|bluesy", "蓝调|布鲁斯"),
    "jazz": ("jazz|jazzy", "爵士"),
    "bossa nova": ("bossa[ -]?novas?|bossa", "波萨诺瓦|巴萨诺瓦|波莎诺娃"),
    "hip-hop": ("hip[ -]?hop(?:[ -]?songs?)?|rap(?:[ -]?songs?)?", "嘻哈|说唱"),
    "electronic": (
        "electronic(?: dance)?(?: music)?|edm|electronica|elektronische?[nrsm]?(?: musik)?",
        "电子舞曲|电子音乐|电子",
    ),
    # "A song in Chinese" is a language, as are "Chinese lyrics".
    "chinese": (
        "(?:traditional )?(?<!\\bin )chinese(?: traditional)?(?:[ -](?:style|folk))?(?! (?:lyrics|words|poem|text|language|"
        "characters))|in (?:the )?(?:traditional )?chinese style|(?:traditionell )?chinesische[nrsm]?(?: stils?)?",
        "中国传统|中国风|国风|古风|民乐",
    ),
}
OTHER_STYLES = (
    "trap|drill|metal|heavy metal|punk|grunge|reggae|ska|techno|house|trance|"
    "dubstep|disco|funk|soul|"
    "r&b|rnb|gospel|opera|tango|salsa|samba|polka|march|marsch|schlager|k-pop|j-pop|emo|shanty|"
    "classical|symphony"
)
OTHER_STYLES_CHINESE = "金属|朋克|雷鬼|迪斯科|放克|灵魂乐|歌剧|探戈|古典"

# A mood chooses the key where none is named: one that every style and voice can do with.
MOODS: Vocabulary = {
    "A minor": ("sad|sadly|sorrowful|mournful|traurige?[nrsm]?", "悲伤|伤感|悲|难过"),
    "E minor": ("melanchol(?:y|ic)|wistful|melancholische?[nrsm]?|wehmütige?[nrsm]?", "忧伤|忧郁"),
    "D minor": ("dark|gloomy|sombre|somber|tragic|düstere?[nrsm]?|dunkle?[nrsm]?", "黑暗|阴郁|沉重"),
    "G major": ("happy|merry|glückliche?[nrsm]?|fröhliche?[nrsm]?|lustige?[nrsm]?", "快乐|开心|高兴"),
    "D major": ("joyful|joyous|cheerful|bright|freudige?[nrsm]?|heitere?[nrsm]?", "欢快|欢乐|明亮"),
}
MOOD_OF_KEY = {"A minor": "sad", "E minor": "sad", "D minor": "sad", "G major": "happy", "D major": "happy"}
# Moods of the words that leave the key to the engine.
MORE_MOODS: Vocabulary = {
    "tender": ("tender(?:ly)?|zärtliche?[nrsm]?", "温柔"),
    "angry": ("angry|angrily|furious|wütende?[nrsm]?|zornige?[nrsm]?", "愤怒|生气"),
    "calm": ("calm|peaceful|soothing|ruhige?[nrsm]?|friedliche?[nrsm]?", "平静|宁静|安静"),
    "hopeful": ("hopeful|optimistic|hoffnungsvolle?[nrsm]?", "充满希望|有希望"),
    "lonely": ("lonely|lonesome|einsame?[nrsm]?", "孤独|寂寞"),
    "mysterious": ("mysterious|spooky|eerie|geheimnisvolle?[nrsm]?|unheimliche?[nrsm]?", "神秘|诡异"),
}
METRE_WORDS: Vocabulary = {
    "iambic": ("(?:in )?(?:iambic|iambs)(?: (?:metre|meter|tetrameter|verse))?|(?:in )?(?:jamben|jambisch)", "抑扬格"),
    "trochaic": ("(?:in )?(?:trochaic|trochees)(?: (?:metre|meter|verse))?|(?:in )?(?:trochäen|trochäisch)", "扬抑格"),
    "anapaestic": ("(?:in )?(?:anapa?estic|anapa?ests)(?: (?:metre|meter|verse))?|anapästisch", "抑抑扬格"),
    "dactylic": ("(?:in )?(?:dactylic|dactyls)(?: (?:metre|meter|verse))?|daktylisch", "扬抑抑格"),
}
MODES: Vocabulary = {
    "A minor": ("(?:in )?(?:a )?minor(?: key)?|(?:in )?moll", "小调"),
    "C major": ("(?:in )?(?:a )?major(?: key)?|(?:in )?dur", "大调"),
}
PACES: Vocabulary = {
    "very slow": ("(?:very|really) slow(?:ly)?|largo|sehr langsame?[nrsm]?", "很慢|非常慢"),
    "slow": ("slow(?:ly)?|adagio|langsame?[nrsm]?", "慢速|慢板|慢"),
    "moderate": ("moderate(?:ly)?|medium tempo|mid-?tempo|andante|moderato|mäßige?[nrsm]?", "中速|中板"),
    "fast": ("fast|quick(?:ly)?|up-?tempo|lively|upbeat|allegro|schnelle?[nrsm]?|flotte?[nrsm]?", "快速|快板|快"),
    "very fast": ("(?:very|really) (?:fast|quick)|presto|sehr schnelle?[nrsm]?", "很快|非常快"),
}
VOICE_WORDS: Vocabulary = {
    "soprano": ("sopranos?|sopran", "女高音"),
    "alto": ("altos?|alt|contralto|female voice|woman's voice|frauenstimme", "女低音|女中音|女声"),
    "tenor": ("tenors?|male voice|man's voice|männerstimme", "男高音|男声"),
    "bass": ("bass voice|bass singer|bassstimme", "男低音"),
    "child": ("child(?:ren)?(?:'s)? voices?|kinderstimmen?", "童声"),
}
METERS: Vocabulary = {
    "3/4": ("(?:in )?three[ -]four(?: time)?|(?:im )?dreivierteltakt", "四三拍"),
    "6/8": ("(?:in )?six[ -]eight(?: time)?|(?:im )?sechsachteltakt", "八六拍"),
    "4/4": ("(?:in )?(?:common|four[ -]four) time|(?:im )?viervierteltakt", "四四拍"),
    "2/4": ("(?:in )?(?:march|two[ -]four) time|(?:im )?zweivierteltakt", "四二拍"),
}
RHYME_WORDS: Vocabulary = {
    "AABB": ("(?:in )?(?:rhym(?:ing|ed) )?couplets|(?:im )?paarreime?", "双行韵|随韵"),
    "ABAB": ("(?:alternate|alternating|cross)(?: rhymes?)?|(?:im )?kreuzreime?", "交韵"),
    "ABBA": ("(?:enclosed|envelope) rhymes?|umarmender reim", "抱韵"),
    "X": ("(?:no|without(?: any)?) rhymes?|unrhymed|(?:in )?free verse|ohne reime?", "不押韵"),
}
KINDS: Vocabulary = {
    "lyrics": ("(?:the )?(?:lyrics|words|poem|lyric)|liedtexte?|songtexte?|gedicht", "歌词|诗"),
    "music": (
        "music|instrumental|instrumental music|musik|instrumentalmusik|without words|no words",
        "纯音乐|器乐|音乐",
    ),
}
PART_WORDS: Vocabulary = {
    "second voice": (
        "(?:second|2nd|harmony|other) voice|backing (?:vocals?|voices?|singers?)|counter-?melody|zweite stimme|gegenstimme",
        "第二声部|副旋律|伴唱",
    ),
    "solo": ("solos?|solo instrument|soloist", "独奏"),
    "drums": ("drums?|percussion|drum kit|schlagzeug|trommeln?", "鼓声|鼓点|架子鼓|鼓|打击乐"),
    "bass": ("bass|bass ?line|bass guitar", "贝斯|低音"),
    "pad": ("pads?|strings|synths?|flächen?|streicher", "铺底|弦乐|合成器"),
    "chords": ("chords?|accompaniment|akkorde|begleitung", "和弦|伴奏"),
    "melody": ("melody|tune|singing|vocals?|melodie|gesang", "主旋律|旋律|人声"),
}
SECTION_LETTERS: Vocabulary = {
    "V": ("verses?|strophen?|stanzas?", "主歌"),
    "P": ("pre-?chorus(?:es)?", ""),
    "C": ("chorus(?:es)?|refrains?", "副歌"),
    "B": ("bridges?|brücken?", "桥段"),
    "I": ("intro", "前奏"),
    "O": ("outro", "尾奏"),
}
# percent of the tempo that there is; what stands first where two begin alike is the longer
TEMPO_CHANGES: Vocabulary = {
    "200": (
        "(?:twice as|double(?: the)?) (?:fast|tempo|speed)|double time|doppelt so schnell|doppeltes tempo",
        "快一倍|两倍速|加倍",
    ),
    "50": (
        "half (?:as fast|the tempo|the speed|tempo|speed|time)|(?:twice as|at half) slow|halb so schnell|halbes tempo",
        "慢一半|慢一倍|半速",
    ),
    "106": (
        "(?:just )?(?:a (?:little )?bit|a little|slightly) (?:faster|quicker)|(?:ein )?(?:bisschen|wenig|"
        "etwas) schneller",
        "稍快一点|稍微快一点",
    ),
    "94": (
        "(?:just )?(?:a (?:little )?bit|a little|slightly) slower|(?:ein )?(?:bisschen|wenig|etwas) langsamer",
        "稍慢一点|稍微慢一点",
    ),
    "130": ("(?:much|a lot|way|far) (?:faster|quicker)|viel schneller", "快很多|快得多"),
    "77": ("(?:much|a lot|way|far) slower|viel langsamer", "慢很多|慢得多"),
    "112": (
        "faster|quicker|speed (?:it )?up|(?:far |way |much )?too slow|not so slow|schneller|zu langsam|"
        "nicht so langsam",
        "再快一点|快一点儿?|快一些|快点儿?|更快|加快|太慢",
    ),
    "89": (
        "slower|slow (?:it )?down|slow|(?:far |way |much )?too fast|not so fast|langsamer|zu schnell|nicht so schnell",
        "再慢一点|慢一点儿?|慢一些|慢点儿?|更慢|放慢|减慢|太快",
    ),
}
SEMITONE_CHANGES: Vocabulary = {
    "1": ("(?:a (?:little )?bit|a little|slightly) higher|(?:etwas|ein bisschen|ein wenig) höher", "高一点儿?|高一些"),
    "-1": ("(?:a (?:little )?bit|a little|slightly) lower|(?:etwas|ein bisschen|ein wenig) tiefer", "低一点儿?|低一些"),
    "2": ("higher|too low|key up|höher|zu tief", "更高|升调|升key|太低"),
    "-2": ("lower|too high|key down|tiefer|zu hoch", "更低|降调|降key|太高"),
}
LENGTH_CHANGES: Vocabulary = {
    "2": ("twice as long|double the length|doppelt so lang", "长一倍"),
    "0.5": ("half as long|half the length|halb so lang", "短一半"),
    "1.5": ("longer|too short|länger|zu kurz", "再长一点|长一点儿?|长一些|更长|太短"),
    "0.66": ("shorter|too long|kürzer|zu lang", "再短一点|短一点儿?|短一些|更短|太长"),
}
MOOD_CHANGES: Vocabulary = {
    "minor": (
        "sadder|less happy|darker|sad|trauriger|düsterer|in moll|in minor|in a minor key|minor",
        "悲伤一点|伤感一点|忧伤一点",
    ),
    "major": (
        "happier|less sad|less dark|brighter|happy|fröhlicher|heiterer|in dur|in major|in a major key|major",
        "欢快一点|快乐一点|开心一点",
    ),
}
AGAIN = (
    "another (?:take|one|version|try|song)|(?:try|do it|once)? ?again|once more|one more time|redo(?: it)?|"
    "(?:with )?(?:different|other|new) (?:words|lyrics)|change the (?:words|lyrics)|noch ?mals?|noch einmal|"
    "noch eins|(?:eine )?(?:neue|andere) (?:version|fassung)|neuer versuch|(?:mit )?(?:anderer|anderem|neuem) text"
)
AGAIN_CHINESE = "再来一首|再来一次|再来一遍|再来一个|重来|重新来|重写|换一首|换个版本|换歌词|换词"

# Words that change nothing. The German ones count only where a message is German: "die" and "was" are English, too.
FILLERS = (
    "please|pls|make|write|compose|create|generate|produce|give|get|sing|play|do|build|me|us|you|i|i'd|i'll|"
    "a|an|the|some|any|my|our|your|this|"
    "that|these|song|songs|tune|track|piece|number|can|could|would|will|may|want|wish|need|like to|"
    "like to hear|to|hear|have|let|lets|let's|for|with|"
    "and|but|in|of|is|it|its|it's|be|should|as|at|on|by|kind of|sort of|type of|style|tempo|speed|meter|"
    "metre|time|key|voice|"
    "thanks|thank you|thx|hey|hi|hello|songwright|now|then|also|about|change|turn|put|set|use|more|instead|"
    "just|rather|how about|"
    "what about|so|one|version|into|from|go|bring|sound|sounding|keep|transpose|transposed|than|singer|sung|long|"
    "something|anything|ok|okay|well|like it|called|titled|entitled|named|that's|which|bit|lasting|length|there|"
    "new|other"
)
GERMAN_FILLERS = (
    "bitte|mach|mache|machen|schreib|schreibe|schreiben|gib|sing|singe|spiel|spiele|kannst|könntest|du|ihr|"
    "mir|uns|es|das|die|der|den|dem|ein|eine|"
    "einen|einem|einer|eines|ich|möchte|will|hätte|gern|gerne|lied|lieder|song|stück|im|in|mit|und|für|von|"
    "als|auf|zu|zum|soll|sein|danke|hallo|"
    "aber|noch|mal|takt|tempo|stil|stimme|doch|jetzt|auch|dann|lieber|stattdessen|statt|über|daraus|draus|etwas|"
    "um|dauert|lang|sich|reime|reim|tonart|nach"
)
CHINESE_FILLERS = (
    "请|帮我|给我|为我|我想要|我想听|我要|我想|可以|能不能|能|吗|写|做|来|唱|创作|生成|一首|一个|一段|首|个|歌曲|歌|曲子|曲|的|吧|呢|啊|了|谢谢|"
    "把|它|换|主题|这首|改成|变成|换成|改为|改|调成|用|要|再|和|并且|并|然后|请把|风格|速度|节奏|节拍|拍子|拍|调|成|版|版本|让|一下|音乐|声音|声|一些|一点"
)
GERMAN = re.compile(
    r"[äöüß]|\b(?:bitte|ein(?:e[nmrs]?)?|mach\w*|schreib\w*|lied|und|mit|ohne|noch|strophe|walzer|moll|dur|"
    r"silben|reim\w*|"
    r"ist|soll|schneller|langsamer|traurig\w*|langsam\w*|takt|sing|im|als|zu|doch|stattdessen)\b",
    re.IGNORECASE,
)
NOT_FOLLOWED = "(?!\\s+(?:of|in|to|before|after|until|till|from|ago|late)\\b)"
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "half a": 0.5, "one and a half": 1.5, "two and a half": 2.5, "three and a half": 3.5,
    "ein": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "zehn": 10, "zwölf": 12, "eine halbe": 0.5, "anderthalb": 1.5, "eineinhalb": 1.5, "zweieinhalb": 2.5,
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "半": 0.5,
}  # fmt: skip
NUMBER = r"(?:\d{1,9}(?:\.\d{1,3})?|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
INTERVALS = {
    "semitone": 1, "half step": 1, "half tone": 1, "half-step": 1, "halbton": 1, "halbtöne": 1, "半音": 1, "半个音": 1,
    "半调": 1, "半个调": 1,
    "tone": 2, "whole tone": 2, "step": 2, "whole step": 2, "ganzton": 2, "ton": 2, "全音": 2, "调": 2, "key": 1,
    "minor third": 3, "third": 4, "major third": 4, "terz": 4, "fourth": 5, "quarte": 5, "fifth": 7, "quinte": 7,
    "octave": 12, "oktave": 12, "八度": 12,
}  # fmt: skip


def number(text: str) -> float:
    """Return what a match of `NUMBER` means."""
    plain = " ".join(text.lower().split())
    return NUMBERS[plain] if plain in NUMBERS else float(plain)


_GERMAN_LETTERS = {"h": "B", "b": "Bb", "es": "Eb", "as": "Ab"}


def german_key(name: str, mode: str) -> Key:
    """Return the key that "fis", "moll" names; b is Bb and h is B. RequestError for a name that is none."""
    low = name.lower()
    tonic = _GERMAN_LETTERS.get(low) or low[0].replace("h", "b").upper() + {"": "", "is": "#", "es": "b"}[low[1:]]
    return Key.parse(f"{tonic} {'minor' if mode.lower() == 'moll' else 'major'}")
