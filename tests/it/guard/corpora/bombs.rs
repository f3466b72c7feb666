//! Small things that grow without end when they are unpacked or read: each is cut off at a limit
//! that has a name, or refused, in a sentence, and the house stays as small as it was.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use steward::clean::TextKind;
use steward::error::Result;
use steward::guard::visit::judge_url;
use steward::net::WebUrl;
use steward::outside::fetch::{Fetcher, Page, read_page};
use steward::outside::sandbox::Sandbox;
use steward::outside::search::{SearchService, search};

use super::listed;
use crate::sandbox::{BOMB, ONE_PAGE, pdf};
use crate::site::{Site, respond};

/// What a packed body grows to.
const UNPACKED: usize = 1 << 30;
/// What each may cost at its peak: a few times the 8 MB that are read of a page. The pretend site and
/// its bomb are in this process too.
const MEMORY_MIB_MAX: usize = 128;
/// What the kernel takes for "begin the peak anew".
const FORGET_PEAK: &str = "5";
const MORE: &str = "127.0.0.1 sends more than 8 MB, which is more than is read.";
const PACKED: &str = "127.0.0.1 packs its pages in a way we did not ask for.";
const NO_JSON: &str = "The search server's answer is not JSON. Check its address in Settings.";
const BROKEN: &str = "127.0.0.1 broke off in the middle; try again later.";

/// A gigabyte of the letter a, packed by hand: a block of fixed codes (RFC 1951) in which each 13
/// bits say "the last letter, 258 times more".
fn gzip() -> Vec<u8> {
    let mut bits: Vec<bool> = [true, true, false].to_vec();
    let letter_a = 0x30 + b'a';
    bits.extend((0..8).rev().map(|at| letter_a >> at & 1 == 1));
    let again = [true, true, false, false, false, true, false, true];
    let again = again.into_iter().chain([false; 5]);
    // After eight of them the bits stand in their bytes as before.
    bits.extend(again.cycle().take(13 * 24));
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let packed: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (start, round) = packed.split_at(13);
    let rounds = UNPACKED / 258 / 8;
    [head.as_slice(), start, &round[..13].repeat(rounds)].concat()
}

fn packed_as(encoding: &str) -> Vec<u8> {
    respond(200, &format!("content-type: text/plain\r\n{encoding}\r\n"), gzip())
}

fn typed(media_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    respond(200, &format!("content-type: {media_type}\r\n"), body)
}

fn page(more: String) -> Vec<u8> {
    typed("text/html", format!("top{more}"))
}

/// A page with a style sheet of this selector, and so many line breaks to try it on.
fn styled(selector: String, breaks: usize) -> Vec<u8> {
    page(format!("<style>{selector}{{display:none}}</style>{}", "<br>".repeat(breaks)))
}

/// In as many pieces as there are, and then a big one.
fn pieces() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let rest = "a".repeat(9 << 20);
    format!("{head}{}900000\r\n{rest}", "1\r\na\r\n".repeat(20_000)).into_bytes()
}

/// A picture that says it has as many dots as there are.
fn png() -> Vec<u8> {
    let side = u32::MAX.to_be_bytes();
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
    [head, &side, &side, b"\x08\x06\0\0\0", b"\0\0\0\0IDAT"].concat()
}

fn packed_pdf() -> Vec<u8> {
    let filter = "/Filter [/FlateDecode /FlateDecode /FlateDecode]";
    typed("application/pdf", pdf(&BASE64.decode(BOMB).unwrap(), filter, ONE_PAGE))
}

/// Each laugh is ten of the one before, and the last is more than there is room for.
fn laughs() -> String {
    let more = |n: usize| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
    let entities: String = (1..20).map(more).collect();
    format!("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY l0 \"ha\">{entities}]>")
}

fn deep_item() -> Vec<u8> {
    let deep = "&lt;div&gt;".repeat(40_000);
    typed("text/xml", format!("<rss><item><title>x</title><description>{deep}"))
}

type Bomb = (&'static str, fn() -> Vec<u8>, &'static str);

/// Quotes in quotes, and a line of each few bytes in all of them.
fn quoted(quote: &str, lines: usize) -> Vec<u8> {
    page(format!("{}<pre>{}", quote.repeat(200), "x\n".repeat(lines)))
}

/// Where it lies, what it is, and how what is said of it begins.
const BOMBS: [Bomb; 40] = [
    ("gzip", || packed_as("content-encoding: gzip"), MORE),
    ("gzip-in-gzip", || packed_as("content-encoding: gzip, gzip"), PACKED),
    ("gzip-and-gzip", || packed_as("content-encoding: gzip\r\ncontent-encoding: gzip"), MORE),
    ("gzip-in-capitals", || packed_as("content-encoding: GZIP"), PACKED),
    ("deflate", || packed_as("content-encoding: deflate"), PACKED),
    ("brotli", || packed_as("content-encoding: br"), PACKED),
    ("zstd", || packed_as("content-encoding: zstd"), PACKED),
    ("no-gzip", || typed("text/plain\r\ncontent-encoding: gzip", "plain"), BROKEN),
    ("cut-gzip", || typed("text/plain\r\ncontent-encoding: gzip", &gzip()[..500]), BROKEN),
    ("flood", || typed("text/plain", vec![b'a'; 9 << 20]), MORE),
    ("pieces", pieces, MORE),
    ("zip", || typed("application/zip", "PK"), "127.0.0.1 sent a file of the kind application/zip"),
    ("png", || typed("image/png", png()), "127.0.0.1 sent a file of the kind image/png"),
    ("png-of-no-kind", || typed("application/octet-stream", png()), "127.0.0.1 sent a file"),
    ("png-as-text", || typed("text/plain", png()), "‰PNG"),
    ("svg", || typed("image/svg+xml", "<svg width='1e9'/>"), "127.0.0.1 sent a file of the kind"),
    ("pdf", packed_pdf, "This PDF can't be read: it is damaged, or made to break what reads it."),
    ("arrays", || typed("application/json", "[".repeat(2_000_000)), "[[[["),
    ("objects", || typed("application/json", "{\"a\":".repeat(400_000)), "{\"a\":{\"a\":"),
    ("html", || page("<div>".repeat(1_500_000)), "top"),
    ("links", || page("<a><b><p>".repeat(200_000)), "top"),
    ("tables", || page("<table><tr>x<td><b>".repeat(400_000)), "top"),
    ("attributes", || page(format!("<p {}>", "a=1 ".repeat(200_000))), "top"),
    (
        "names",
        || page(format!("<p{}>", (0..100_000).map(|n| format!("/a{n}")).collect::<String>())),
        "top",
    ),
    ("attribute", || page(format!("<p style='{}'>", "x:y;".repeat(200_000))), "top"),
    ("entities", || page("&nGt;".repeat(50_000)), "top≫"),
    ("endless-selector", || styled("a>a>a,".repeat(30_000), 1), "top"),
    ("selectors", || styled(format!("{}br", "a,".repeat(60_000)), 20_000), "top"),
    ("neighbours", || styled(format!("{}br", "br+".repeat(60_000)), 30_000), "top"),
    ("later-neighbours", || styled("a~br".to_owned(), 30_000), "top"),
    ("brackets", || styled("[a".repeat(60_000), 1), "top"),
    ("quotes", || quoted("<blockquote>", 60_000), "```\nx\nx\n"),
    ("lists", || quoted("<ul><li>", 30_000), "top"),
    ("html-laughs", || page(format!("{} &l19;", laughs())), "top"),
    ("xml-laughs", || typed("application/xml", format!("{}<a>&l19;</a>", laughs())), "<?xml"),
    ("deep-xml", || typed("application/xml", "<a>".repeat(500_000)), "<a><a>"),
    (
        "feed-laughs",
        || typed("text/xml", format!("{}<rss><item><title>&l19;</title>", laughs())),
        "- **&l19;**",
    ),
    (
        "items",
        || typed("text/xml", format!("<rss>{}", "<item><title>x</title>".repeat(300_000))),
        "- **x**",
    ),
    ("deep-item", deep_item, "- **x**"),
    ("none", || respond(404, "", ""), "127.0.0.1 has no such page"),
];

fn answer(path: &str) -> Vec<u8> {
    let name = path.trim_start_matches('/');
    BOMBS.iter().find(|bomb| bomb.0 == name).map(|bomb| bomb.1()).unwrap_or_default()
}

async fn fetch(site: &Site, path: &str, sandbox: &Sandbox) -> Result<Page> {
    let visit = judge_url(WebUrl::parse(&site.url(path))?, &listed(site))?;
    read_page(Fetcher::default().get(visit).await?, sandbox).await
}

/// The most memory that this process has had at once, in MiB.
fn peak_mib() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() >> 10
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn bombs_are_cut_off_at_their_limit_in_a_sentence_and_little_memory() {
    let site = Site::start(answer).await;
    let sandbox = Sandbox::probe(env!("CARGO_BIN_EXE_steward").into()).await;
    let mut wrong = Vec::new();
    for (name, _, want) in BOMBS {
        fs::write("/proc/self/clear_refs", FORGET_PEAK).unwrap();
        let before = peak_mib();
        let said = match fetch(&site, &format!("/{name}"), &sandbox).await {
            Ok(page) => page.text,
            Err(err) => err.to_string(),
        };
        let grown = peak_mib().saturating_sub(before);
        let short = said.len() < 4 * TextKind::Page.chars_max();
        if !said.starts_with(want) || !short || grown > MEMORY_MIB_MAX {
            let start: String = said.chars().take(100).collect();
            wrong.push(format!("{name}: {grown} MiB, {} bytes: {start}", said.len()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_bottomless_answer_of_the_search_server_is_a_sentence() {
    let site = Site::start(|path| match path {
        _ if path.contains("q=deep") => typed("application/json", "[".repeat(5_000_000)),
        _ => typed("application/json", format!("{{\"results\": {}", "[".repeat(1_000_000))),
    })
    .await;
    let service = SearchService::SearXng { url: site.url("/") };
    for query in ["deep", "results"] {
        let said = search(&service, &Fetcher::default(), query, 5).await.unwrap_err().to_string();
        assert_eq!(said, NO_JSON, "{query}");
    }
}
