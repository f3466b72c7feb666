//! A secret stands nowhere but sealed in the vault, however it is used, spoken or echoed.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::data_folder::SOCKET;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::house::{House, Key, client};
use crate::site::{Site, html};
use crate::talk::{Chat, scripted_house};

const PAGES: [&str; 20] = [
    "/chat",
    "/conversations",
    "/credentials",
    "/audit",
    "/notes",
    "/models",
    "/settings",
    "/approvals",
    "/reminders",
    "/notifications",
    "/notifications/channels",
    "/whitelists",
    "/security",
    "/tasks",
    "/triggers",
    "/monitors",
    "/runs",
    "/agents",
    "/mcp-servers",
    "/tokens",
];

const TOOL_SERVERS_SECRET: &str = "system:search_key";

/// The names of the credentials and their values: used, odd, long.
fn canaries() -> [(&'static str, String); 4] {
    let long: String =
        (0..200_u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761))).collect();
    [
        ("system:model_key", "sk-canary-Zq8vB2xW9tRk4mLp7nHsJ3".to_owned()),
        ("system:search_key", "BSA-canary-71kd93mfu20sl57qpz84".to_owned()),
        ("secret:odd", "Pä%55\"wörd\\<canary>&✓ 4711-Xy".to_owned()),
        ("mail:long", long),
    ]
}

fn forms(value: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(value).unwrap();
    let url: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    vec![
        ("as it is", value.to_owned()),
        ("in JSON", json.trim_matches('"').to_owned()),
        ("in HTML", html.replace('"', "&#34;")),
        ("base64", STANDARD_NO_PAD.encode(value)),
        ("base64 for URLs", URL_SAFE_NO_PAD.encode(value)),
        ("hex", hex::encode(value)),
        ("HEX", hex::encode_upper(value)),
        ("URL-encoded", url),
        ("all URL-encoded", value.bytes().map(|byte| format!("%{byte:02X}")).collect()),
        ("reversed", value.chars().rev().collect()),
    ]
}

/// What is looked through: where it is from, and its bytes as text; a value is text in any case.
#[derive(Default)]
struct Net(Vec<(String, String)>);

impl Net {
    fn take(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let text = String::from_utf8_lossy(&bytes.into()).into_owned();
        self.0.push((place.into(), text));
    }

    fn take_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.take_folder(&path);
            } else if path.is_file() {
                self.take(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }

    fn assert_empty(&self) {
        let mut found = Vec::new();
        for (name, value) in canaries() {
            for (form, needle) in forms(&value) {
                for (place, text) in self.0.iter().filter(|(_, text)| text.contains(&needle)) {
                    let before = text.split(&needle).next().unwrap_or_default();
                    let before: String = before.chars().rev().take(60).collect();
                    let before: String = before.chars().rev().collect();
                    found.push(format!("{name}, {form}, in {place} after {before:?}"));
                }
            }
        }
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }
}

async fn canary_house(model: &ModelServer, site: &Site) -> (House, Key) {
    let address = site.address.to_string();
    let settings = [
        ("MODELS__PROVIDERS__SCRIPTED__CREDENTIAL", "system:model_key"),
        ("WEB__BRAVE_CREDENTIAL", "system:search_key"),
        ("GUARD__PRIVATE_ALLOWED", address.as_str()),
        ("LOG__LEVEL", "debug"),
    ];
    let (house, _) = scripted_house(model, Kind::OpenAi, &settings).await;
    let key = house.key("*,approvals,credentials:reveal").await;
    for (name, value) in canaries() {
        key.post("/credentials", &json!({"key": name, "value": value})).await;
    }
    key.post("/web-whitelist", &json!({"domain": "127.0.0.1", "note": ""})).await;
    (house, key)
}

/// A tool server that is given a secret in its environment, and says all that stands there: to its
/// log when it does not start, and in its answer when it is called. Gives its row.
async fn tool_server(model: &ModelServer, house: &House, chat: &mut Chat) -> Value {
    let folder = house.path().join("tools");
    fs::create_dir(&folder).unwrap();
    let schema = json!({"type": "object", "properties": {}});
    let tool = json!({"name": "environment", "description": "Tells it.", "inputSchema": schema});
    fs::write(folder.join("tools.json"), json!([tool]).to_string()).unwrap();
    fs::write(folder.join("sick"), "").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mcp_servers/server.sh");
    let path = json!({"name": "PATH", "value": "/usr/bin:/bin"});
    let token = json!({"name": "TOKEN", "credential": TOOL_SERVERS_SECRET});
    let server = json!({
        "name": "tools", "transport": "stdio", "command": "/bin/sh", "args": [script, folder],
        "env": [path, token], "agents": [ASSISTANT],
    });
    // A key can add no program; the owner at the socket can.
    let owner = reqwest::Client::builder().unix_socket(house.data().join(SOCKET)).build().unwrap();
    let send = async |path: &str, body: &Value| {
        let answer = owner.post(format!("http://steward/api/mcp-servers{path}")).json(body);
        let text = answer.send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let sick = send("", &server).await;
    assert_eq!(sick["error"], format!("[hidden: {TOOL_SERVERS_SECRET}]"), "{sick}");
    fs::remove_file(folder.join("sick")).unwrap();
    let path = format!("/{}", sick["id"].as_str().unwrap());
    let well = send(&format!("{path}/refresh"), &json!({})).await;
    let seen = json!({"tools": {"environment": well["tools"][0]["fingerprint"]}});
    let server = send(&format!("{path}/accept"), &seen).await;
    let plan = json!({"effects": [{"tool": "mcp__tools__environment"}]}).to_string();
    model.answer(Answer::openai_tool_call("mcp__tools__environment", json!({})));
    model.answer(Answer::openai_text(&plan));
    model.answer(Answer::openai_text("That is it."));
    chat.turn("Tell me the server's environment").await;
    let told = model.requests().pop().unwrap().json()["messages"].to_string();
    assert!(told.contains(&format!("[hidden: {TOOL_SERVERS_SECRET}]")), "{told}");
    server
}

/// The page of one of each, with a secret in the owner's words wherever there are any.
async fn pages_of_one(key: &Key, site: &Site, server: &Value) -> Vec<String> {
    let [(_, value), ..] = canaries();
    let words = format!("note: {value}");
    let sets = json!(["notes"]);
    let task =
        json!({"name": value, "prompt": words, "schedule": "@yearly", "allowed_tools": sets});
    let trigger = json!({"name": value, "prompt": words, "allowed_tools": sets,
                         "auth": "shared_secret", "secret": "a-secret-of-the-sender-0123456789"});
    let monitor = json!({"name": value, "kind": "page", "url": site.url("/"), "prompt": words,
                         "schedule": "every hour", "allowed_tools": sets});
    let mut pages = vec![format!("/agents/{ASSISTANT}"), format!("/agents/{ASSISTANT}/edit")];
    for (here, api, new) in [
        ("/tasks", "/tasks", task),
        ("/triggers", &*format!("/agents/{ASSISTANT}/triggers"), trigger),
        ("/monitors", "/monitors", monitor),
    ] {
        let page = format!("{here}/{}", key.post(api, &new).await["id"].as_str().unwrap());
        pages.extend([format!("{page}/edit"), page]);
    }
    for (list, page) in [("notes", "/notes"), ("conversations", "/chat")] {
        let all = key.get(&format!("/{list}")).await;
        let ids = all[list].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap());
        pages.extend(ids.map(|id| format!("{page}/{id}")));
    }
    let page = format!("/mcp-servers/{}", server["id"].as_str().unwrap());
    pages.extend([format!("{page}/tools/mcp__tools__environment"), page]);
    pages
}

/// Every value, in every form, in the mouth of the owner, of a model, of a page and of a provider.
async fn spoken(model: &ModelServer, site: &Site, chat: &mut Chat) {
    for (_, value) in canaries() {
        for (form, text) in forms(&value) {
            model.answer(Answer::openai_text("Noted."));
            chat.turn(&format!("my key ({form}) is {text} so keep it")).await;
            let pieces: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = pieces.chunks(5).map(String::from_iter).collect();
            let mut said = vec![Say::Text("It is ")];
            said.extend(pieces.iter().map(|piece| Say::Text(piece)));
            model.answer(Answer::openai(&said));
            chat.turn("say it").await;
            let half = text.char_indices().nth(text.chars().count() / 2).unwrap().0;
            let (first, second) = text.split_at(half);
            model.answer(Answer::openai_tool_call("notes_add", json!({"content": text})));
            let parts = json!({"title": first, "content": second});
            model.answer(Answer::openai_tool_call("notes_add", parts));
            model.answer(Answer::openai_tool_call(&text, json!({})));
            model.answer(Answer::openai_text("I may not."));
            chat.turn("write it down").await;
            let error =
                json!({"error": {"message": format!("Incorrect API key provided: {text}")}});
            model.answer(Answer::json(400, &error));
            chat.say("break").await;
            chat.ended().await;
        }
    }
    model.answer(Answer::openai_tool_call("fetch_page", json!({"url": site.url("/")})));
    model.answer(Answer::openai_text("The page holds keys."));
    chat.turn(&format!("read {}", site.url("/"))).await;
}

#[tokio::test]
async fn a_secret_is_found_nowhere_but_sealed_in_the_vault() {
    let model = ModelServer::start().await;
    let page: String = canaries()
        .iter()
        .flat_map(|(_, value)| forms(value))
        .fold("<title>Keys</title>".to_owned(), |page, (form, text)| {
            page + &format!("<p>{form}: <code>{}</code></p>", escaped(&text))
        });
    let site = Site::start(move |_| html(&page)).await;
    let (mut house, key) = canary_house(&model, &site).await;
    let mut chat = Chat::open(&house, &key).await;
    let server = tool_server(&model, &house, &mut chat).await;
    spoken(&model, &site, &mut chat).await;
    let mut net = Net::default();
    net.take("events over the socket", chat.heard());
    for seen in model.requests() {
        net.take(format!("a prompt ({})", seen.path), seen.body);
    }
    for (name, value) in canaries() {
        for wrong in
            [json!({"key": "nokind", "value": value}), json!({"key": name, "value": [value]})]
        {
            let answer =
                client().post(house.url("/api/credentials")).bearer_auth(&key.key).json(&wrong);
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), 400);
            net.take("an error's text", answer.text().await.unwrap());
        }
    }
    let cookies = house.cookies().await;
    take_pages(&mut net, &house, &cookies, PAGES.map(str::to_owned).to_vec()).await;
    take_pages(&mut net, &house, &cookies, pages_of_one(&key, &site, &server).await).await;
    take_runs(&mut net, &house, (&key, &cookies)).await;
    let conversations: Value = key.get("/conversations").await;
    net.take("the conversations", conversations.to_string());
    net.take("the settings", house.run(&["config", "show", "--sources"]).await.done());
    house.run(&["vault", "rotate"]).await.done();
    for file in ["environ", "cmdline"] {
        let path = format!("/proc/{}/{file}", house.pid());
        // Closed to all but root, which is tested elsewhere.
        net.take(path.clone(), fs::read(&path).unwrap_or_default());
    }
    let backups = house.data().join("backups");
    fs::create_dir_all(&backups).unwrap();
    let database = rusqlite::Connection::open(house.data().join("steward.db")).unwrap();
    let copy = backups.join("copy.db");
    database.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
    // While it runs and after a kill, so that the write-ahead log is looked through as well.
    net.take_folder(house.path());
    house.kill().await;
    net.take_folder(house.path());
    assert!(net.0.iter().any(|(place, text)| place.ends_with("-wal") && !text.is_empty()));
    net.assert_empty();
    house.start().await;
    for (name, value) in canaries().into_iter().filter(|(name, _)| !name.starts_with("secret:")) {
        assert_eq!(key.get(&format!("/credentials/{name}")).await["value"], value.as_str());
    }
    house.run(&["audit", "verify"]).await.done();
}

async fn take_pages(net: &mut Net, house: &House, cookies: &str, pages: Vec<String>) {
    for path in pages {
        let page = client().get(house.url(&path)).header("cookie", cookies).send().await.unwrap();
        assert!(page.status().is_success(), "{path}: {}", page.status());
        assert_eq!(page.url().path(), path, "it is not led to another page");
        net.take(path, page.text().await.unwrap());
    }
}

/// Each run's page, and its parts over the API.
async fn take_runs(net: &mut Net, house: &House, (key, cookie): (&Key, &str)) {
    for run in key.get("/runs?per_page=200").await["runs"].as_array().unwrap() {
        let id = run["id"].as_str().unwrap();
        let page = client().get(house.url(&format!("/runs/{id}"))).header("cookie", cookie);
        net.take("a run's page", page.send().await.unwrap().text().await.unwrap());
        for part in ["", "/events", "/tool-calls", "/context-windows"] {
            let told: Value = key.get(&format!("/runs/{id}{part}")).await;
            net.take(format!("a run's {part}"), told.to_string());
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[tokio::test]
async fn a_kill_during_a_rotation_loses_no_value() {
    /// More take longer and find no more: each comes a little later in the rotation.
    const KILLS: u64 = 12;
    let (mut house, _) = House::lived_in(&[]).await;
    let key = house.key("*,credentials:reveal").await;
    let canaries = canaries();
    for (name, value) in &canaries {
        key.post("/credentials", &json!({"key": name, "value": value})).await;
    }
    for round in 0..KILLS {
        let rotating = async {
            loop {
                house.run(&["vault", "rotate"]).await;
            }
        };
        let after = std::time::Duration::from_micros(20_000 + 3_700 * round);
        let cut: Result<(), _> = tokio::time::timeout(after, rotating).await;
        assert!(cut.is_err());
        house.kill().await;
        house.start().await;
        for (name, value) in canaries.iter().filter(|(name, _)| !name.starts_with("secret:")) {
            let found = key.get(&format!("/credentials/{name}")).await;
            assert_eq!(found["value"], value.as_str(), "round {round}");
        }
        assert!(!house.data().join("master.key.new").exists(), "round {round}");
    }
    house.run(&["audit", "verify"]).await.done();
}
