"""The words that members use for instruments, choirs and changes of music, in English, German and Chinese.

Knows what each means, not where in a message it may stand. Latin entries are regular expressions for whole words.
"""

from __future__ import annotations

from bot.wishes.words import Vocabulary

# Names that `engine.music.programs` knows.
INSTRUMENT_WORDS: Vocabulary = {
    "piano": ("pianos?|klaviere?", "钢琴"),
    "flute": ("flutes?|quer-?flöten?|flöten?", "长笛|笛子"),
    "violin": ("violins?|violinen?|geigen?", "小提琴"),
    "fiddle": ("fiddles?|fiedeln?", ""),
    "viola": ("violas?|bratschen?", "中提琴"),
    "cello": ("cellos?|celli", "大提琴"),
    "harp": ("harps?|harfen?", "竖琴"),
    "organ": ("organs?|orgeln?", "管风琴|风琴"),
    "guitar": ("guitars?|gitarren?", "吉他"),
    "trumpet": ("trumpets?|trompeten?", "小号"),
    "trombone": ("trombones?|posaunen?", "长号"),
    "tuba": ("tubas?|tuben", "大号"),
    "clarinet": ("clarinets?|klarinetten?", "单簧管|黑管"),
    "oboe": ("oboes?|oboen", "双簧管"),
    "bassoon": ("bassoons?|fagotte?", "巴松|大管"),
    "recorder": ("recorders?|block-?flöten?", "竖笛"),
    "piccolo": ("piccolos?|pikkolo-?flöten?", "短笛"),
    "saxophone": ("saxophones?|saxofone?|saxophone?", "萨克斯管?"),
    "sax": ("sax", ""),
    "accordion": ("accordions?|akkordeons?", "手风琴"),
    "harmonica": ("harmonicas?|mundharmonikas?", "口琴"),
    "banjo": ("banjos?", "班卓琴"),
    "marimba": ("marimbas?|marimbaphone?", "马林巴"),
    "xylophone": ("xylophones?|xylophone?", "木琴"),
    "vibraphone": ("vibraphones?|vibraphone?", "颤音琴"),
    "celesta": ("celestas?", "钢片琴"),
    "music box": ("music box(?:es)?|spieluhren?", "八音盒|音乐盒"),
    "harpsichord": ("harpsichords?|cembal[oi]s?", "羽管键琴|大键琴"),
    "ocarina": ("ocarinas?|okarinas?", "陶笛"),
    "pan flute": ("pan[ -]?flutes?|pan-?flöten?", "排箫"),
    "french horn": ("french horns?|wald-?hörner|wald-?horn", "圆号"),
    "bagpipes": ("bagpipes?|dudelsack|dudelsäcke", "风笛"),
    "sitar": ("sitars?", "西塔琴"),
    "koto": ("kotos?", "日本筝"),
}

# Who has the new chords, of engine.music_edit_requests.HARMONIES.
CHOIR = (
    r"(?:(?:for|as|by|with|für|mit|als)\s+)?(?:an?\s+|the\s+|einen\s+|einem\s+)?(?:gemischten\s+|gemischtem\s+)?"
    r"(?:(?:four|4)[- ](?:part|voice)\s+|vierstimmigen?m?\s+)?(?:choirs?|chor|satb)"
)
CHOIR_ALONE = (
    r"(?:for|as|by|with|sung by|für|mit|als)\s+(?:an?\s+|the\s+|einen\s+|einem\s+)?(?:gemischten\s+|gemischtem\s+)?"
    r"(?:(?:four|4)[- ](?:part|voice)\s+|vierstimmigen?m?\s+)?(?:choirs?|chor)"
    r"|(?:in|as|for|with)?\s*(?:four|4)[- ]part (?:harmony|choir|voices|chorus)|satb|vierstimmig(?:er satz)?"
)
CHOIR_CHINESE = r"(?:改成|改编成|配成|用|做成)?(?:四部|混声|四声部)?合唱"
BLOCKS = r"(?:with|as|in|mit|als)\s+(?:block[- ]?chords|blockakkorden?|akkordblöcken?)"
BLOCKS_CHINESE = "(?:用|配上?|加上?)?(?:柱式|块状)和弦"

_NEW = r"(?:an?other|an? (?:new|different|fresh)|new|other|different)"
_NEU = r"(?:(?:mit )?(?:eine[nrm]? )?(?:neue[nrsm]?|andere[nrsm]?))"
_CHANGE = r"(?:change|rewrite|redo|replace|vary)"
_IT = r"(?:it|this|the (?:song|tune|melody|piece|music))"

HARMONIZE = (
    rf"(?:re-?)?harmoni[sz]e(?:\s+{_IT})?(?:\s+(?:again|anew|differently))?"
    rf"|(?:give {_IT} |with |write |add )?{_NEW} (?:chords|harmon(?:y|ies))|{_CHANGE} the (?:chords|harmony)"
    rf"|(?:neu )?(?:re-?)?harmonisiere?n?(?: es| das lied)?(?: neu| um)?|{_NEU} (?:akkorden?|harmonien?)"
)
HARMONIZE_CHINESE = (
    "(?:重新|给[它歌])?(?:配|编)上?(?:新的?)?和[声弦]|换(?:一?[个套组些])?(?:新的?|别的)?和[弦声]|新的?和弦"
)

MELODY = rf"(?:with |write )?{_NEW} (?:melody|tune)|{_CHANGE} the (?:melody|tune)|{_NEU} melodie"
MELODY_CHINESE = "(?:换|写|来)(?:一?[段条个])?(?:新的?|别的)?(?:主)?旋律|(?:新的?|另一[段个])旋律"

RHYTHM = (
    rf"(?:remix|shuffle|{_CHANGE}) (?:the |its )?rhythms?(?: of (?:it|the (?:tune|melody)))?|(?:in |with )?{_NEW} rhythms?"
    rf"|{_NEU} rhythmus|(?:im |in )?(?:einem )?{_NEU} rhythmus"
)
RHYTHM_CHINESE = "(?:换|改)(?:一?[个种])?(?:新的?|别的)?节奏|改变节奏|(?:新的?|另一种)节奏"
PITCHES = (
    rf"(?:remix|shuffle|{_CHANGE}) (?:the |its )?(?:pitch(?:es)?|notes)(?: of (?:it|the (?:tune|melody)))?"
    rf"|remix(?: {_IT})?|(?:with )?(?:other|different|new) (?:pitches|notes)|{_NEU} (?:tönen?|tonhöhen|noten)"
)
PITCHES_CHINESE = "(?:换|改)(?:一?[些个])?(?:新的?|别的)?(?:音高|音符)"

HUMANIZE = (
    r"humani[sz]e(?: it)?|(?:more|sound(?:s|ing)? more) (?:human|natural)|(?:less|not so|too) (?:mechanical|robotic|stiff|rigid)"
    r"|menschlicher|natürlicher|(?:weniger|nicht so|zu) (?:mechanisch|steif|gleichmäßig)|humanisiere?(?: es)?"
)
HUMANIZE_CHINESE = "更(?:自然|人性化|有人味)|人性化|(?:别|不要)(?:那么|太)(?:机械|死板)|太(?:机械|死板)"
