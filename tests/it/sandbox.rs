//! Hostile PDF files: what is in them is read or refused in a sentence, and nothing else happens.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use steward::outside::sandbox::Sandbox;

/// Two gigabytes of blanks, packed three times (zlib).
pub const BOMB: &str = "eNqruPX2jrbfnESJtoeKPgIcfE0KBhFlAc5GEiZMJomMS7bxcRy83uP6oGCG3gK+zscLIhi4Gpt8Tus83r/eu/bXVP99d\
    /bH3fsX1/PP+v68urc59/T6GRgYGhqt6/fFxPyoyzkv952/DySy0DoyVvK8e+P5x2ttn4MEDu6+9Xej2X/FD3VlVmV8QBGJPb3910/WcO+Y/zfSvoQfLKJ+\
    EEgxeAjygHSIgTkZEI4EMmdUZlRmVGZUZlRmVGZUZlRmVGZUZlRmVGaQyMys2/Pv3zwmNf7Nx5fOX7xt98WvZ0/9sn+3bP1BAKQ7K5U=";

async fn sandbox() -> Sandbox {
    Sandbox::probe(env!("CARGO_BIN_EXE_steward").into()).await
}

async fn read(pdf: impl Into<Vec<u8>>) -> String {
    match sandbox().await.pdf_text(pdf.into()).await {
        Ok(text) => text.trim().to_owned(),
        Err(err) => err.to_string(),
    }
}

/// A file with one page; `content` is the page's stream object, `more` further entries of objects.
pub fn pdf(stream: &[u8], filter: &str, pages: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    let length = stream.len();
    let mut content = format!("<< /Length {length} {filter} >>\nstream\n").into_bytes();
    content.extend_from_slice(stream);
    content.extend_from_slice(b"\nendstream");
    let objects: [&[u8]; 5] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        pages.as_bytes(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
          /Resources << /Font << /F1 5 0 R >> >> >>",
        &content,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ];
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    file.extend_from_slice(b"xref\n0 6\n0000000000 65535 f \n");
    for place in places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.extend_from_slice(end.as_bytes());
    file
}

pub const ONE_PAGE: &str = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
pub const WORDS: &[u8] = b"BT /F1 12 Tf 72 720 Td (Boiler serviced in May) Tj ET";

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn sandbox_is_had_on_this_machine() {
    assert_eq!(sandbox().await.missing(), None);
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn words_of_a_pdf_are_read() {
    assert_eq!(read(pdf(WORDS, "", ONE_PAGE)).await, "Boiler serviced in May");
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn damaged_pdf_is_a_sentence() {
    for broken in ["", "%PDF-1.4", "not a pdf at all", "%PDF-1.7\n1 0 obj <<"] {
        assert_eq!(read(broken).await, "This PDF can't be read: it is damaged.");
    }
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn packed_bomb_goes_off_inside() {
    let filter = "/Filter [/FlateDecode /FlateDecode /FlateDecode]";
    let said = read(pdf(&BASE64.decode(BOMB).unwrap(), filter, ONE_PAGE)).await;
    assert_eq!(said, "This PDF can't be read: it is damaged, or made to break what reads it.");
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn endless_nesting_breaks_nothing_here() {
    let deep = format!("%PDF-1.4\n1 0 obj\n{}\nendobj\n", "[".repeat(3_000_000)).into_bytes();
    let circle = pdf(WORDS, "", "<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>");
    let stack = pdf("q ".repeat(1_000_000).as_bytes(), "", ONE_PAGE);
    for hostile in [deep, circle, stack] {
        let said = read(hostile).await;
        assert!(said.starts_with("This PDF can't be read: "), "{said}");
    }
}

/// Asks the child whether it is shut in, in a room that lacks this one thing.
fn probed_without(lacking: &str) -> Vec<u8> {
    let mut room = Command::new("bwrap");
    let flags = ["--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--clearenv"];
    room.args(flags.iter().filter(|flag| **flag != lacking)).args(["--die-with-parent"]);
    for library in ["/usr/lib", "/usr/lib64", "/lib", "/lib64"] {
        room.args(["--ro-bind-try", library, library]);
    }
    room.args(["--ro-bind", env!("CARGO_BIN_EXE_steward"), "/steward", "--chdir", "/"]);
    room.args(["--", "/steward", "__extract-pdf"]).env("TOKEN", "correct-horse-battery");
    room.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = room.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"probe").unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
#[ignore = "needs bubblewrap; tests/run has it"]
fn the_child_has_no_network_no_environment_and_no_other_process_or_it_reads_nothing() {
    assert_eq!(probed_without("nothing"), b"ready");
    for lacking in ["--unshare-net", "--clearenv", "--unshare-pid"] {
        assert_ne!(probed_without(lacking), b"ready", "{lacking}");
    }
}
