//! What should not be sent, sent to every address there is: refused in a sentence, and nothing is
//! changed by it. What is wrong with the machine is in `startup`, `full_disk` and `tests/real`.

mod hostile;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use steward::testing::{Answer, TestApp};

use crate::routes;

const NOBODYS_ID: &str = "00000000-0000-7000-8000-000000000000";

/// Buttons without a field: whatever comes with the press is not looked at.
const BUTTONS: [&str; 8] =
    ["/audit/verify", "/logout", "/pause", "/resume", "/stop", "/open", "/delete", "/restore"];

struct House {
    app: TestApp,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new(toml: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        House { app: TestApp::with_config(folder.path(), toml).await, _folder: folder }
    }

    /// Every route with one of these methods, with somebody's nonsense where it has a value.
    fn routes(&self, under: &str, methods: &[Method]) -> Vec<(Method, String)> {
        let table = routes::table(&self.app);
        let mut found = Vec::new();
        for (path, taken) in table {
            let asked = path.starts_with("/api/") == (under == "/api/");
            for method in methods.iter().filter(|method| asked && taken.contains(method)) {
                let parts = path.split('/');
                let parts = parts.map(|part| if part.starts_with('{') { NOBODYS_ID } else { part });
                found.push((method.clone(), parts.collect::<Vec<_>>().join("/")));
            }
        }
        assert!(!found.is_empty());
        found
    }

    async fn send(&self, method: &Method, path: &str, typed: &str, body: Vec<u8>) -> Answer {
        let request = Request::builder().method(method.clone()).uri(path);
        let request = request.header("content-type", typed).header("host", "127.0.0.1:8484");
        self.app.send(request.body(Body::from(body)).unwrap()).await
    }

    /// How much was ever done here: each change has its line in the audit.
    async fn changes(&self) -> i64 {
        self.app.read(|r| r.one("select count(*) from audit", (), |row| row.get(0))).await
    }
}

/// A person is told what to do: one or more whole sentences, and nothing of the inside.
fn is_a_sentence(answer: &Answer) -> bool {
    let json = serde_json::from_str::<serde_json::Value>(&answer.text).unwrap_or_default();
    let sentence = json["error"].as_str().unwrap_or_default();
    let inside = ["sqlite", "serde", "panicked", "src/", "Error {"];
    sentence.contains(' ')
        && sentence.ends_with('.')
        && !inside.iter().any(|it| sentence.contains(it))
        && json["code"].is_string()
}

const CHANGES: [Method; 4] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

#[tokio::test]
async fn no_address_of_the_api_takes_a_body_that_is_wrong() {
    let house = House::new("[limits]\nbody_bytes_max = 100_000").await;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let bodies: [(&str, Vec<u8>); 7] = [
        ("cut off", b"{\"name\": \"x".to_vec()),
        ("a list", b"[1, 2]".to_vec()),
        ("an unknown field", b"{\"no_such_field\": 1}".to_vec()),
        ("not UTF-8", b"{\"name\": \"\xff\xfe\"}".to_vec()),
        ("deep", deep.into_bytes()),
        ("two values", b"{} {}".to_vec()),
        ("too large", vec![b' '; 200_000]),
    ];
    let before = house.changes().await;
    let mut wrong = Vec::new();
    for (method, path) in house.routes("/api/", &CHANGES) {
        for (what, body) in &bodies {
            let answer = house.send(&method, &path, "application/json", body.clone()).await;
            let status = answer.status.as_u16();
            if !(400..500).contains(&status) || !is_a_sentence(&answer) {
                wrong.push(format!("{method} {path}, {what}: {status} {}", answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(house.changes().await, before, "something was changed");
}

#[tokio::test]
async fn a_list_stands_for_no_object_whatever_is_in_it() {
    let house = House::new("").await;
    let before = house.changes().await;
    for (path, list) in [
        ("/api/settings/limits", json!([7, 8, 2])),
        ("/api/credentials", json!(["secret:arr", "valuevaluevalue"])),
        ("/api/web-whitelist", json!(["example.org", "mine"])),
        ("/api/reminders", json!(["stretch", "tomorrow at 9"])),
        ("/api/notes", json!(["roses", "they are red"])),
        ("/api/chat/completions", json!(["hello", null, null, []])),
    ] {
        let answer = house.app.post(path, &list).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.json()["error"], "The body must be an object, not a list.", "{path}");
    }
    // Nor does one further in: in a list, and where there may be nothing.
    for (path, body, field) in [
        (
            "/api/mcp-servers",
            json!({"name": "x", "transport": "stdio", "command": "/bin/true", "env": [["A", "b"]]}),
            "env[0]",
        ),
        (
            &format!("/api/tool-calls/{NOBODYS_ID}/approve"),
            json!({"always": ["this_tool", "week"]}),
            "always",
        ),
    ] {
        let answer = house.app.post(path, &body).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.json()["detail"], field, "{path}: {}", answer.text);
    }
    assert_eq!(house.changes().await, before, "something was changed");
}

#[tokio::test]
async fn no_address_of_the_api_takes_an_unknown_parameter() {
    let house = House::new("").await;
    let mut wrong = Vec::new();
    for (method, path) in house.routes("/api/", &[Method::GET]) {
        for query in ["no_such_parameter=1", "page=many", "q=%ff"] {
            let answer = house.send(&method, &format!("{path}?{query}"), "", Vec::new()).await;
            let status = answer.status.as_u16();
            if !(400..500).contains(&status) || !is_a_sentence(&answer) {
                wrong.push(format!("{path}?{query}: {status} {}", answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_form_takes_a_field_that_is_wrong() {
    let house = House::new("[limits]\nbody_bytes_max = 100_000").await;
    let form = "application/x-www-form-urlencoded";
    let before = house.changes().await;
    let mut wrong = Vec::new();
    for (method, path) in house.routes("/", &[Method::POST]) {
        if BUTTONS.iter().any(|button| path.ends_with(button)) {
            continue;
        }
        for (what, body) in [
            ("an unknown field", b"no_such_field=1".to_vec()),
            ("not UTF-8", b"name=%ff".to_vec()),
            ("too large", vec![b'a'; 200_000]),
        ] {
            let answer = house.send(&method, &path, form, body).await;
            let status = answer.status.as_u16();
            let page = answer.text.starts_with("<!doctype html>") || answer.text.starts_with('{');
            if !(400..500).contains(&status) || !page {
                let text: String = answer.text.chars().take(200).collect();
                wrong.push(format!("{method} {path}, {what}: {status} {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(house.changes().await, before, "something was changed");
}

#[tokio::test]
async fn a_full_disk_is_said_to_programs_and_people_and_nothing_is_half_written() {
    let house = House::new("").await;
    house.app.post("/api/notes", &serde_json::json!({"content": "boiler serviced in May"})).await;
    let pages = |most: u32| {
        let sql = format!("pragma max_page_count = {most}");
        house.app.app.db.write(move |tx| tx.one(&sql, (), |row| row.get::<_, u32>(0)))
    };
    pages(1).await.unwrap();
    let long = "the letter goes on and on ".repeat(2_000);
    let said = loop {
        let before = house.changes().await;
        let answer =
            house.app.post("/api/notes", &serde_json::json!({"content": &long[..7_000]})).await;
        if answer.status != 201 {
            assert_eq!(house.changes().await, before);
            break answer;
        }
    };
    insta::assert_snapshot!(format!("{} {}", said.status.as_u16(), said.json()["error"]), @r#"503 "The disk is full, so nothing was changed. Free some space and try again.""#);
    assert_eq!(said.json()["code"], "disk");
    let talk = serde_json::json!({"message": &long[..7_000]});
    assert_eq!(house.app.post("/api/chat/completions", &talk).await.status, 503);
    let form = "application/x-www-form-urlencoded";
    let body = format!("text={}", &long[..7_000]).into_bytes();
    let page = house.send(&Method::POST, "/notes", form, body).await;
    assert!(page.status == 503 && page.text.contains("The disk is full"), "{}", page.text);
    let found = house.app.get("/api/notes?q=boiler").await;
    assert!(found.text.contains("boiler serviced in May"), "{}", found.text);
    pages(100_000).await.unwrap();
    let after = house.app.post("/api/notes", &serde_json::json!({"content": "room again"})).await;
    assert_eq!(after.status, 201);
    assert_eq!(house.app.get("/api/audit/verify").await.json()["ok"], true);
}
