//! Hostile words and files: shown as what they are, and nothing of them runs or leads elsewhere.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use steward::features::ALL;
use steward::outside::fetch::Fetcher;
use steward::outside::model::Kind;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;
use steward::testing::{ADA, TestApp};

use crate::sandbox::{BOMB, ONE_PAGE, pdf};

const HTML: &str = "<img src=x onerror=alert(1)><script>alert(1)</script><svg onload=alert(1)>";
const MARKDOWN: &str = "[x](javascript:alert(1)) ![p](javascript:alert(1)) <iframe src=//evil.example> \
    <a href=\"javascript:alert(1)\" onclick=alert(1)>y</a>\n\n```html\n<script>alert(1)</script>\n```";

/// No tag that a browser would run: none of ours has a handler, an inline script or such an address.
fn is_harmless(page: &str) -> Result<(), String> {
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default().to_lowercase();
        let mut quoted = false;
        let bare: String = tag
            .chars()
            .filter(|c| {
                quoted ^= *c == '"';
                !quoted
            })
            .collect();
        let inline = bare.starts_with("script") && !tag.contains("src=\"/static/");
        let foreign =
            ["iframe", "object", "embed", "svg onload"].iter().any(|it| bare.starts_with(it));
        let handler = bare.split_whitespace().skip(1).any(|it| it.starts_with("on"));
        let address = tag.contains("=\"javascript:") || tag.contains("=javascript:");
        if inline || foreign || handler || address {
            return Err(tag);
        }
    }
    Ok(())
}

#[tokio::test]
async fn hostile_words_are_shown_on_every_page_and_run_on_none() {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    model.always(Answer::openai_text(&format!("{MARKDOWN}\n\n{HTML}")));
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    let talk = house.say(None, HTML).await;
    house.work().await;
    let line = "<img src=x onerror=alert(1)>";
    for (path, body) in [
        ("/api/notes", json!({"content": HTML})),
        ("/api/reminders", json!({"text": line, "due_at": "2030-01-02T18:00:00Z"})),
        ("/api/web-whitelist", json!({"domain": "example.org", "note": line})),
        ("/api/email-whitelist", json!({"email": "a@example.org", "daily_limit": 1})),
        ("/api/credentials", json!({"key": "system:x", "value": "hunter22", "description": line})),
        ("/api/tokens", json!({"name": line})),
    ] {
        let made = house.post(path, &body).await;
        assert!(made.status.is_success(), "{path}: {}", made.text);
    }
    let entries = ALL.iter().flat_map(|feature| feature.nav).map(|entry| entry.url.to_owned());
    let pages: Vec<String> =
        entries.chain([format!("/chat/{talk}"), "/conversations".to_owned()]).collect();
    let mut shown = 0;
    for path in pages {
        let page = house.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        is_harmless(&page.text).unwrap_or_else(|found| panic!("{path} holds {found}"));
        shown += page.text.matches("onerror=alert").count();
    }
    assert!(shown >= 6, "the words are there to be read, and were seen {shown} times");
}

#[tokio::test]
async fn no_path_leads_out_of_the_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let own = folder.path().join("data/files").join(ADA.to_string());
    std::fs::create_dir_all(&own).unwrap();
    std::os::unix::fs::symlink(folder.path().join("config.toml"), own.join("link")).unwrap();
    std::os::unix::fs::symlink(folder.path(), own.join("out")).unwrap();
    let long = "a/".repeat(5_000);
    let paths = [
        "../../steward.db",
        "/../../steward.db",
        "a/../../../config.toml",
        "..%2F..%2Fconfig.toml",
        "link",
        "out/config.toml",
        "%00",
        "a%00b",
        "/etc/passwd",
        "//etc/passwd",
        "%5C..%5Cx",
        &long,
    ];
    for path in paths {
        for (method, way) in
            [("GET", "/download"), ("GET", "/download-zip"), ("DELETE", ""), ("POST", "")]
        {
            let uri = format!("/api/my/files{way}?path={path}");
            let request = Request::builder().method(method).uri(&uri);
            let body = "--line\r\ncontent-disposition: form-data; name=\"file\"; filename=\"config.toml\"\r\n\r\nx\r\n--line--\r\n";
            let request = request.header("content-type", "multipart/form-data; boundary=line");
            let answer = house.send(request.body(Body::from(body)).unwrap()).await;
            // Only a link itself is taken away, never what it leads to.
            let own = method == "POST" || (method == "DELETE" && path == "link");
            // What was sent to "/etc/passwd" before made a folder of that name in the own one.
            let own = own || (way == "/download-zip" && path == "//etc/passwd");
            let inside = answer.status.is_success() && own;
            assert!(inside || answer.status.is_client_error(), "{method} {uri}: {}", answer.text);
            assert!(inside || super::is_a_sentence(&answer), "{method} {uri}: {}", answer.text);
        }
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("config.toml")).unwrap(), "");
    assert!(own.join("out").is_symlink());
    for name in ["../up.txt", "..", "a/b.txt", "\0", ""] {
        let body = format!(
            "--line\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nx\r\n--line--\r\n"
        );
        let request = Request::post("/api/my/files?path=/")
            .header("content-type", "multipart/form-data; boundary=line");
        let answer = house.send(request.body(Body::from(body)).unwrap()).await;
        assert!(!answer.status.is_server_error(), "{name:?}: {}", answer.text);
    }
    assert!(!folder.path().join("data/files/up.txt").exists());
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn a_pdf_that_is_a_bomb_is_refused_in_a_sentence_wherever_it_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.app.outside.pretend(Fetcher::default(), env!("CARGO_BIN_EXE_steward").into());
    let filter = "/Filter [/FlateDecode /FlateDecode /FlateDecode]";
    let bomb = pdf(&BASE64.decode(BOMB).unwrap(), filter, ONE_PAGE);
    let own = folder.path().join("data/files").join(ADA.to_string());
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("bill.pdf"), &bomb).unwrap();
    insta::assert_snapshot!(house.ask("read file bill.pdf").await, @"That did not work: This PDF can't be read: it is damaged, or made to break what reads it.");
    let file =
        json!({"media_type": "application/pdf", "name": "bill.pdf", "data": BASE64.encode(&bomb)});
    let body = json!({"message": "what is this?", "attachments": [file]});
    let attached = house.post("/api/chat/completions", &body).await;
    insta::assert_snapshot!(format!("{} {}", attached.status.as_u16(), attached.json()["error"]), @r#"400 "This PDF can't be read: it is damaged, or made to break what reads it.""#);
    let talks = house.get("/api/conversations").await;
    assert!(!talks.text.contains("what is this?"), "nothing was taken: {}", talks.text);
}
