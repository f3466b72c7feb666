//! What a text from outside hides from the person who reads it, a model doesn't get to read either;
//! and what an honest text holds stays in it.

use std::sync::Arc;

use steward::guard::visit::judge_url;
use steward::net::WebUrl;
use steward::outside::fetch::{Fetcher, read_page};
use steward::outside::sandbox::Sandbox;

use super::listed;
use crate::site::{Site, html, respond};

/// Points of Unicode that show nothing (Default_Ignorable_Code_Point, controls but for blanks, and
/// places that belong to nobody).
const UNSEEN: [(u32, u32); 32] = [
    (0x0, 0x8),
    (0xe, 0x1a),
    (0x1c, 0x1f),
    (0x7f, 0x84),
    (0x86, 0x9a),
    (0x9c, 0x9f),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xe000, 0xe0ff),
    (0xfe00, 0xfe0f),
    (0xfdd0, 0xfdef),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0xfffe, 0xffff),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0x1fffe, 0x1ffff),
    (0xe0000, 0xe007f),
    (0xe0080, 0xe00ff),
    (0xe0100, 0xe01ef),
    (0xe01f0, 0xe0fff),
    (0x10fffe, 0x10ffff),
];

/// What goes in, what comes out.
const TRICKS: [(&str, &str); 36] = [
    ("\u{1b}[31mred\u{1b}[0m", "red"),
    ("\u{1b}[38;2;255;255;255mwhite\u{1b}[m", "white"),
    ("\u{1b}[8mconcealed", "concealed"),
    ("a\u{1b}[2J\u{1b}[1;1Hb", "ab"),
    ("a\u{1b}[1A\u{1b}[2Kb", "ab"),
    ("a\u{9b}31mb", "ab"),
    ("\u{1b}]0;delete everything\u{7}a", "a"),
    ("\u{1b}]0;delete everything\u{1b}\\a", "a"),
    ("\u{1b}]0;delete everything\u{9c}a", "a"),
    ("\u{1b}]52;c;ZXZpbA==\u{7}a", "a"),
    ("\u{1b}]8;;https://evil.example\u{7}bank\u{1b}]8;;\u{7}", "bank"),
    ("\u{1b}Pq#0;2;0;0;0\u{1b}\\a", "a"),
    ("\u{1b}_Gf=100;AAAA\u{1b}\\a", "a"),
    ("\u{1b}^secret\u{1b}\\a", "a"),
    ("\u{1b}Xsecret\u{1b}\\a", "a"),
    ("\u{1b}ca", "a"),
    ("a\u{1b}", "a"),
    ("a\u{1b}[", "a"),
    ("a\u{1b}\u{1b}[31mb", "ab"),
    ("password\u{8}\u{8}\u{8}\u{8}b", "passwordb"),
    ("nice\rdelete", "nice\ndelete"),
    ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
    ("\u{2067}desrever\u{2069} a", "desrever a"),
    ("ig\u{200b}no\u{200c}re\u{200d} a\u{2060}ll", "ignore all"),
    ("ｐａ\u{200d}ｓｓ", "ｐａｓｓ"),
    ("Vi\u{1ec7}\u{200d}t, \u{1f00}\u{200c}\u{1f01}", "Vi\u{1ec7}t, \u{1f00}\u{1f01}"),
    ("密\u{200d}码\u{200c}本", "密码本"),
    ("비\u{200d}밀", "비밀"),
    ("𝐩\u{200d}𝐰", "𝐩𝐰"),
    ("👨\u{200d}\u{200d}\u{200d}👩", "👨\u{200d}👩"),
    ("a\u{fe0e}b\u{fe0f}c\u{fe01}", "abc"),
    ("❤\u{fe0f}\u{fe0f}\u{fe0e}\u{fe0f}", "❤\u{fe0f}"),
    ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴"),
    ("a\u{a0}b\u{2003}c\u{202f}d\u{2800}e", "a b c d e"),
    ("a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f", "a\nb\nc\nd\ne\nf"),
    ("a\u{fff9}b\u{fffa}hidden\u{fffb}", "abhidden"),
];

/// A letter of each script, and a mark that can be stacked on it without end.
const STACKS: [(&str, char); 14] = [
    ("a", '\u{300}'),
    ("a", '\u{489}'),
    ("a", '\u{20dd}'),
    ("a", '\u{1ab0}'),
    ("я", '\u{483}'),
    ("ש", '\u{5b8}'),
    ("ع", '\u{64e}'),
    ("ܐ", '\u{730}'),
    ("क", '\u{951}'),
    ("ก", '\u{e47}'),
    ("ກ", '\u{ec8}'),
    ("ཀ", '\u{f74}'),
    ("か", '\u{3099}'),
    ("ꦏ", '\u{a9b3}'),
];

/// Nobody is to lose a letter of these.
const HONEST: [&str; 22] = [
    "Grüße aus Malmö, Ærø et Besançon; žluťoučký kůň.",
    "Z\u{30c}lut\u{30c} e\u{301}",
    "Tiếng Việt, ⅓ x² ≤ ∞ → €",
    "Ελληνικά: ἄνθρωπος",
    "Привет, їжак",
    "שָׁלוֹם, בְּרֵאשִׁ֖ית בָּרָ֣א",
    "السَّلَامُ عَلَيْكُمْ",
    "می\u{200c}خواهم",
    "क्\u{200d}ष, हिन्दी, श्री",
    "বাংলা র\u{200d}্য",
    "ශ්\u{200d}රී ලංකා",
    "ภาษาไทย น้ำ ที่",
    "བོད་སྐད་ བསྒྲུབས",
    "မြန်မာ",
    "日本語、かな\u{3000}カナ",
    "한국어",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦 👩🏽\u{200d}🚀 🏳\u{fe0f}\u{200d}🌈",
    "❤\u{fe0f}\u{200d}🔥 ☎\u{fe0e} 1\u{fe0f}\u{20e3} 🇩🇪",
    "🧑\u{200d}⚕\u{fe0f} 🐻\u{200d}❄\u{fe0f}",
    "tab\there\nand a second line",
    "if a < b && c > d { \"x\" }",
    "fn main() {\n    let a = [1, 2];\n}",
];

/// Blanks of every kind, which push what follows out of sight.
const BLANKS: [&str; 12] = [
    " ",
    "\t",
    "\n",
    "\r\n",
    "\u{a0}",
    "\u{2003}",
    "\u{2800}",
    "\u{3000}",
    "\u{2028}",
    " \n",
    "\u{3000}\n\u{200b}",
    "\u{1680}\u{205f}",
];

/// Ways to hide an X from whoever looks at the page.
const HIDDEN: [&str; 61] = [
    "<p style='display:none'>X</p>",
    "<p style='DISPLAY\n:\tNONE'>X</p>",
    "<p style='display:none!important'>X</p>",
    "<p style='color:red;;display:/* */none'>X</p>",
    "<p style='d\\69splay:n\\6f ne'>X</p>",
    "<div style='display:none'><div style='display:block'>X</div></div>",
    "<p style='visibility:hidden'>X</p>",
    "<p style='visibility:collapse'>X</p>",
    "<p style='content-visibility:hidden'>X</p>",
    "<p style='opacity:0'>X</p>",
    "<p style='opacity:0.0'>X</p>",
    "<p style='opacity:0%'>X</p>",
    "<p style='opacity:1%'>X</p>",
    "<p style='filter:opacity(0)'>X</p>",
    "<p style='filter:blur(2px) opacity(0%)'>X</p>",
    "<p style='font-size:0'>X</p>",
    "<p style='font-size:.1px'>X</p>",
    "<p style='font-size:1%'>X</p>",
    "<p style='font:1px serif'>X</p>",
    "<p style='zoom:0'>X</p>",
    "<p style='zoom:1%'>X</p>",
    "<p style='position:absolute;left:-10000px'>X</p>",
    "<p style='position:fixed;top:-100vh'>X</p>",
    "<p style='margin-left:-100vw'>X</p>",
    "<p style='position:absolute;left:-1000%'>X</p>",
    "<p style='position:absolute;left:10000px'>X</p>",
    "<p style='text-indent:-9999px'>X</p>",
    "<p style='text-indent:9999px'>X</p>",
    "<p style='transform:scale(0)'>X</p>",
    "<p style='transform:scale(0.0, 1)'>X</p>",
    "<p style='transform:scale(.001)'>X</p>",
    "<p style='transform:translate(-9999px, 0)'>X</p>",
    "<p style='transform:translateX(-200vw)'>X</p>",
    "<p style='scale:0'>X</p>",
    "<p style='clip:rect(0 0 0 0)'>X</p>",
    "<p style='clip-path:inset(100%)'>X</p>",
    "<p style='clip-path:circle(0)'>X</p>",
    "<p style='height:0;overflow:hidden'>X</p>",
    "<p style='height:1px;width:1px;overflow:hidden'>X</p>",
    "<p style='max-height:0'>X</p>",
    "<p style='color:transparent'>X</p>",
    "<p style='color:#0000'>X</p>",
    "<p style='color:#ffffff00'>X</p>",
    "<p style='color:rgba(0,0,0,0)'>X</p>",
    "<p style='color:rgb(0 0 0 / 0)'>X</p>",
    "<p style='color:hsl(0 0% 0% / 0%)'>X</p>",
    "<p style='-webkit-text-fill-color:transparent'>X</p>",
    "<p style='color:white;background:white'>X</p>",
    "<p style='background-color:#FFF;color:#fff'>X</p>",
    "<style>.x{display:none}</style><p class=x>X</p>",
    "<style>#x{position:absolute;left:-9999px}</style><p id=x>X</p>",
    "<p hidden>X</p>",
    "<p HIDDEN=until-found>X</p>",
    "<p aria-hidden=TRUE>X</p>",
    "<!-- X --><!--[if IE]>X<![endif]-->",
    "<template>X</template><script>X</script><style>X</style><noscript>X</noscript>",
    "<noembed>X</noembed><noframes>X</noframes>",
    "<img alt=X title=X src=X><p title=X data-x=X aria-label=X></p><a title=X></a>",
    "<input value=X placeholder=X><button>X</button><select><option>X</select><textarea>X</textarea>",
    "<svg><title>X</title><desc>X</desc></svg><iframe srcdoc=X>X</iframe><video>X</video>",
    "<meta name=description content=X><meta http-equiv=refresh content='0;url=X'><link title=X>",
];

/// Pages that a visitor sees whole.
const SHOWN: [&str; 15] = [
    "<p style='display:block;opacity:1;visibility:visible'>X</p>",
    "<p style='opacity:50%'>X</p>",
    "<p style='font-size:80%;zoom:1'>X</p>",
    "<p style='left:-20px;margin-left:-5%;top:10%'>X</p>",
    "<p style='transform:scale(0.9) translate(-50%, -50%)'>X</p>",
    "<p style='color:#000;background:#fff'>X</p>",
    "<p style='color:rgb(0 0 0 / 80%);filter:opacity(90%)'>X</p>",
    "<p style='color:#f000f0'>X</p>",
    "<p style='clip-path:circle(50%);max-height:100px;height:1em'>X</p>",
    "<p style='text-indent:2em;background:url(a;b)'>X</p>",
    "<style>@media print{p{display:none}}p:hover{display:none}</style><p>X</p>",
    "<p style='left:50%;margin-left:-50vw;width:100vw'>X</p>",
    "<p style='-webkit-text-fill-color:transparent;background-clip:text'>X</p>",
    "<p style='width:1px;white-space:nowrap'>X</p>",
    "<p aria-hidden=false>X</p>",
];

/// Puts each text on a site; gives what the house reads of each.
async fn read(pages: Vec<Vec<u8>>) -> Vec<String> {
    let pages = Arc::new(pages);
    let served = pages.clone();
    let site = Site::start(move |path| served[path[1..].parse::<usize>().unwrap()].clone()).await;
    let (fetcher, rules) = (Fetcher::default(), listed(&site));
    let sandbox = Sandbox::Missing { why: "it is not needed".to_owned() };
    let mut read = Vec::new();
    for at in 0..pages.len() {
        let url = WebUrl::parse(&site.url(&format!("/{at}"))).unwrap();
        let fetched = fetcher.get(judge_url(url, &rules).unwrap()).await.unwrap();
        read.push(read_page(fetched, &sandbox).await.unwrap().text);
    }
    read
}

async fn read_plain(texts: &[String]) -> Vec<String> {
    let plain = |text: &String| respond(200, "content-type: text/plain; charset=utf-8\r\n", text);
    read(texts.iter().map(plain).collect()).await
}

#[tokio::test]
async fn no_character_that_shows_nothing_comes_through() {
    let all = UNSEEN.iter().flat_map(|(first, last)| *first..=*last).filter_map(char::from_u32);
    let wrap = |c: char| format!("pass{c}word");
    let lines: Vec<String> = all.map(wrap).collect();
    let texts: Vec<String> = lines.chunks(100).map(|lines| lines.join("\n")).collect();
    for (text, clean) in texts.iter().zip(read_plain(&texts).await) {
        for (line, clean) in text.split('\n').zip(clean.split('\n')) {
            assert_eq!(clean, "password", "{line:?}");
        }
    }
}

#[tokio::test]
async fn tricks_of_terminals_directions_and_joiners_are_taken_away() {
    let texts = TRICKS.map(|(text, _)| text.to_owned());
    for ((text, want), clean) in TRICKS.iter().zip(read_plain(&texts).await) {
        assert_eq!(clean, *want, "{text:?}");
    }
}

#[tokio::test]
async fn marks_are_not_stacked_up_in_any_script() {
    let stack = |(letter, mark): (&str, char)| format!("{letter}{}b", mark.to_string().repeat(99));
    let texts = STACKS.map(stack);
    for ((letter, mark), clean) in STACKS.iter().zip(read_plain(&texts).await) {
        assert!(clean.chars().count() < 12, "{letter} with {mark:?}: {clean}");
        assert!(clean.starts_with(letter) && clean.ends_with('b'), "{clean}");
    }
}

#[tokio::test]
async fn walls_of_blanks_push_nothing_out_of_sight() {
    let texts = BLANKS.map(|blank| format!("seen{}too", blank.repeat(5000)));
    for (blank, clean) in BLANKS.iter().zip(read_plain(&texts).await) {
        assert!(clean.chars().count() < 80, "{blank:?}: {} characters", clean.chars().count());
        assert!(clean.starts_with("seen") && clean.ends_with("too"), "{blank:?}: {clean}");
    }
}

#[tokio::test]
async fn honest_text_of_every_script_stays_as_it_is() {
    let texts = HONEST.map(str::to_owned);
    for (text, clean) in texts.iter().zip(read_plain(&texts).await) {
        assert_eq!(clean, *text);
    }
}

#[tokio::test]
async fn what_a_page_hides_is_not_read() {
    let around = |hidden: &str| html(&format!("<body><p>seen</p>{hidden}<p>too</p></body>"));
    for (hidden, text) in HIDDEN.iter().zip(read(HIDDEN.map(around).to_vec()).await) {
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["seen", "too"], "{hidden}");
    }
    for (shown, text) in SHOWN.iter().zip(read(SHOWN.map(around).to_vec()).await) {
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["seen", "X", "too"], "{shown}");
    }
}
