//! Files that come with a message: to the model, back to their owner, and to nobody else.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{Browser, Seen, TestApp};

use super::wire::models;
use crate::callers;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\xff";
const BORDER: &str = "a-border-between-the-parts";

/// Name, type, bytes.
type File<'a> = (&'a str, &'a str, &'a [u8]);

/// The composer's form.
fn composed(path: &str, text: &str, files: &[File<'_>]) -> Request<Body> {
    let mut body = Vec::new();
    let mut part = |head: &str, bytes: &[u8]| {
        body.extend(
            format!("--{BORDER}\r\ncontent-disposition: form-data; {head}\r\n\r\n").bytes(),
        );
        body.extend(bytes);
        body.extend(b"\r\n");
    };
    part("name=\"text\"", text.as_bytes());
    part("name=\"model\"", b"");
    for (name, media_type, bytes) in files {
        let head = format!("name=\"file\"; filename=\"{name}\"\r\ncontent-type: {media_type}");
        part(&head, bytes);
    }
    body.extend(format!("--{BORDER}--\r\n").bytes());
    Request::post(path)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BORDER}"))
        .body(Body::from(body))
        .unwrap()
}

async fn house(model: &ModelServer, kind: Kind) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (TestApp::with_config(folder.path(), &models(model, kind)).await, folder)
}

async fn open() -> (TestApp, tempfile::TempDir, ModelServer) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("I see."));
    let (house, folder) = house(&model, Kind::OpenAi).await;
    (house, folder, model)
}

async fn talks(house: &TestApp) -> Vec<Value> {
    house.get("/api/conversations").await.json()["conversations"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_picture_from_the_composer_reaches_the_provider_on_either_wire() {
    for kind in [Kind::OpenAi, Kind::Anthropic] {
        let model = ModelServer::start().await;
        model.always(Answer::of(kind, &[Say::Text("A dot.")]));
        let (house, _folder) = house(&model, kind).await;
        let files = [("dot.png", "image/png", PNG), ("", "application/octet-stream", b"")];
        let sent = house.send(composed("/chat", "What is this?", &files)).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        house.work().await;
        let data = STANDARD.encode(PNG);
        let picture = match kind {
            Kind::OpenAi => json!({
                "type": "image_url",
                "image_url": {"url": format!("data:image/png;base64,{data}")},
            }),
            Kind::Anthropic => json!({
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": data},
            }),
        };
        let messages = model.requests()[0].json()["messages"].clone();
        let mut said = messages.as_array().unwrap().last().unwrap().clone();
        for part in said["content"].as_array_mut().unwrap() {
            part.as_object_mut().unwrap().remove("cache_control");
        }
        let parts = said["content"].as_array().unwrap();
        assert!(parts.contains(&picture), "{said}");
        assert!(said.to_string().contains("What is this?"), "{said}");
        let chat = talks(&house).await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(house.last_answer(&chat).await, "A dot.");
        // It is shown again with every later question of the conversation.
        let more = composed(&format!("/chat/{chat}"), "And its colour?", &[]);
        assert_eq!(house.send(more).await.status, StatusCode::SEE_OTHER);
        house.work().await;
        assert!(model.requests()[1].json()["messages"].to_string().contains(&data));
    }
}

#[tokio::test]
async fn files_alone_are_a_message_and_name_the_conversation() {
    let (house, _folder, model) = open().await;
    let sent = house.send(composed("/chat", "", &[("list.txt", "text/plain", b"milk")])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    house.work().await;
    let told = model.requests()[0].json()["messages"].to_string();
    assert!(told.contains("list.txt") && told.contains("milk"), "{told}");
    assert_eq!(talks(&house).await[0]["title"], "Files");
}

#[tokio::test]
async fn commands_say_that_a_model_has_to_read_the_file() {
    let files: [File<'_>; 2] = [("dot.png", "image/png", PNG), ("list.txt", "text/plain", b"milk")];
    for (text, file) in [("What is this?", files[0]), ("What is this?", files[1]), ("", files[1])] {
        let folder = tempfile::tempdir().unwrap();
        let house = TestApp::open(folder.path()).await;
        let sent = house.send(composed("/chat", text, &[file])).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        house.work().await;
        let chat = talks(&house).await[0]["id"].as_str().unwrap().to_owned();
        let said = house.last_answer(&chat).await;
        assert!(said.starts_with("I take short commands and can't look into a file"), "{said}");
    }
}

#[tokio::test]
async fn a_command_says_that_it_left_the_file_that_came_along() {
    let file = ("a.txt", "text/plain", b"milk".as_slice());
    for (text, done) in [("note: with file", "Noted: with file"), ("remind me to eat", "When?")] {
        let folder = tempfile::tempdir().unwrap();
        let house = TestApp::open(folder.path()).await;
        let sent = house.send(composed("/chat", text, &[file])).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        house.work().await;
        let chat = talks(&house).await[0]["id"].as_str().unwrap().to_owned();
        let said = house.last_answer(&chat).await;
        let left = "I did nothing with the file that came along: commands take words alone.";
        assert_eq!(said, format!("{done}\n\n{left}"));
        if done == "When?" {
            house.say(Some(&chat), "in 1 hour").await;
            house.work().await;
            assert_eq!(house.last_answer(&chat).await, "I'll remind you today at 10:00: eat");
        }
    }
}

#[tokio::test]
async fn what_can_not_be_taken_is_said_with_the_words_kept_and_nothing_sent() {
    let (house, _folder, model) = open().await;
    let large = vec![b'x'; (10 << 20) + 1];
    let many: Vec<File<'_>> = (0..11).map(|_| ("a.txt", "text/plain", b"a".as_slice())).collect();
    let cases: [(&[File<'_>], &str); 5] = [
        (&[("big.png", "image/png", &large[..(5 << 20) + 1])], "big.png is larger than 5 MB."),
        (&[("big.txt", "text/plain", &large)], "big.txt is larger than 10 MB."),
        (&[("a.zip", "application/zip", b"PK")], "a.zip is of a kind that can"),
        (&[("a.txt", "text/plain", b"\xff\xfe")], "a.txt is not UTF-8 text."),
        (&many, "Attach at most 10 files to one message."),
    ];
    for (files, why) in cases {
        let refused = house.send(composed("/chat", "my own words", files)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(refused.text.contains(why), "{why}: {}", refused.text);
        assert!(refused.text.contains("my own words"), "{why}");
    }
    assert_eq!(talks(&house).await.len(), 0);
    let unknown = format!(
        "--{BORDER}\r\ncontent-disposition: form-data; name=\"cc\"\r\n\r\nx\r\n--{BORDER}--\r\n"
    );
    let unknown = Request::post("/chat")
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BORDER}"))
        .body(Body::from(unknown))
        .unwrap();
    assert_eq!(house.send(unknown).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let plain = callers::form("/chat", "text=hello");
    assert_eq!(house.send(plain).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    house.work().await;
    assert_eq!(model.requests().len(), 0);
}

#[tokio::test]
async fn the_api_takes_files_as_large_as_the_page_does_and_refuses_the_same() {
    let (house, _folder, model) = open().await;
    let post = async |files: Value| {
        let body = json!({"message": "What is this?", "attachments": files});
        let post = house.post("/api/chat/completions", &body);
        let work = async {
            loop {
                house.work().await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = post => answer,
            () = work => unreachable!("the house works until the answer is there"),
        }
    };
    let file = |media_type: &str, bytes: &[u8]| {
        json!({"name": "it", "media_type": media_type,
                                                       "data": STANDARD.encode(bytes)})
    };
    let large = vec![b'x'; 10 << 20];
    let refused: [(Value, &str); 5] = [
        (json!([file("image/png", b"not a picture")]), "is no picture of the kind that it says"),
        (json!([file("image/png", &large)]), "it is larger than 5 MB."),
        (json!([file("application/zip", b"PK")]), "of a kind that can't be read"),
        (json!(vec![file("text/plain", b"a"); 11]), "Attach at most 10 files"),
        (json!([{"media_type": "text/plain", "data": "%"}]), "not base64"),
    ];
    for (files, why) in refused {
        let answer = post(files).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert!(answer.text.contains(why), "{}", answer.text);
    }
    assert_eq!(model.requests().len(), 0);
    let picture = [PNG, &large[..(5 << 20) - PNG.len()]].concat();
    let taken = post(json!([file("image/png", &picture), file("text/plain", &large)])).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    assert!(taken.text.contains("event: done"), "{}", taken.text);
}

#[tokio::test]
async fn a_lower_limit_of_uploads_holds_for_attachments_too() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), "[limits]\nupload_bytes_max = 1024\n").await;
    let large = vec![b'x'; 1025];
    let why = "big.txt is larger than 1024 bytes. Attach a smaller file, or raise \
               limits.upload_bytes_max.";
    let refused =
        house.send(composed("/chat", "my own words", &[("big.txt", "text/plain", &large)])).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains(why) && refused.text.contains("my own words"),
        "{}",
        refused.text
    );
    let file =
        json!({"name": "big.txt", "media_type": "text/plain", "data": STANDARD.encode(&large)});
    let body = json!({"message": "What is this?", "attachments": [file]});
    let refused = house.post("/api/chat/completions", &body).await;
    assert_eq!((refused.status, &refused.json()["error"]), (StatusCode::BAD_REQUEST, &json!(why)));
    assert_eq!(talks(&house).await.len(), 0);
    let fits = [("fits.txt", "text/plain", &large[1..])];
    assert_eq!(house.send(composed("/chat", "Keep it", &fits)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn files_come_back_to_their_owner_alone_and_never_as_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let (house, ada, eve) = callers::signed_in(folder.path()).await;
    let page = "<script>alert(1)</script>";
    let files = [("dot.png", "image/png", PNG), ("a b\u{e9}.html", "text/html", page.as_bytes())];
    let sent = house.send(composed("/chat", "Keep these", &files)).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let chat = talks(&house).await[0]["id"].as_str().unwrap().to_owned();
    let path = |n: u32| format!("/chat/{chat}/files/{n}");
    let shown = ada.get(&format!("/chat/{chat}")).await.text;
    assert!(shown.contains(&path(1)) && shown.contains(&path(2)), "{shown}");
    let headers = |seen: &Seen| {
        assert_eq!(seen.headers["x-content-type-options"], "nosniff");
        ["content-type", "content-disposition"]
            .map(|it| seen.headers[it].to_str().unwrap().to_owned())
    };
    let image = ada.get(&path(1)).await;
    assert_eq!((image.status, headers(&image)), (200, ["image/png", "inline"].map(str::to_owned)));
    assert_eq!(image.text, String::from_utf8_lossy(PNG));
    let text = ada.get(&path(2)).await;
    let kept = ["application/octet-stream", "attachment; filename=\"a b.html\""];
    assert_eq!((text.status, headers(&text)), (200, kept.map(str::to_owned)));
    assert_eq!(text.text, page);
    for nothing in [path(3), format!("/chat/{chat}/files/x"), format!("/chat/{chat}/files/-1")] {
        assert_eq!(ada.get(&nothing).await.status, 404, "{nothing}");
    }
    // Not in another conversation of one's own, not by another person, not once it is deleted.
    house.send(composed("/chat", "status", &[])).await;
    let other = talks(&house).await.into_iter().find(|it| it["id"] != chat.as_str()).unwrap();
    let other = format!("/chat/{}/files/1", other["id"].as_str().unwrap());
    assert_eq!(ada.get(&other).await.status, 404);
    assert_eq!(eve.get(&path(1)).await.status, 404);
    let nobody = Browser::new(house.router(), "198.51.100.9:2000");
    assert_eq!(nobody.get(&path(1)).await.status, 303);
    let gone = house.send_json("DELETE", &format!("/api/conversations/{chat}"), &json!({})).await;
    assert_eq!(gone.status, StatusCode::OK);
    assert_eq!(ada.get(&path(1)).await.status, 404);
}
