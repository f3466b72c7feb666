//! Monitors: what is new on a page or in a feed wakes an agent, once; what is not says nothing.

mod feeds;
mod pages;

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::outside::fetch::Fetcher;
use steward::testing::TestApp;

use crate::site::{Site, respond};
use crate::tasks::edits::change_twice_at_once;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A site that sends what it was last told to: a whole response.
struct Changing {
    site: Site,
    now: Arc<Mutex<Vec<u8>>>,
}

impl Changing {
    async fn start(first: Vec<u8>) -> Changing {
        let now = Arc::new(Mutex::new(first));
        let sent = now.clone();
        let site = Site::start(move |_| sent.lock().unwrap().clone()).await;
        Changing { site, now }
    }

    fn send(&self, response: Vec<u8>) {
        *self.now.lock().unwrap() = response;
    }
}

fn page(words: &str, headers: &str) -> Vec<u8> {
    let headers = format!("content-type: text/html\r\n{headers}");
    respond(200, &headers, format!("<title>T</title><p>{words}</p>"))
}

/// A house that may reach the site on loopback.
async fn open(site: &Site) -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = open_again(&folder, site).await;
    let listed = house.post("/api/web-whitelist", &json!({"domain": "127.0.0.1"})).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.text);
    (folder, house)
}

async fn open_again(folder: &tempfile::TempDir, site: &Site) -> TestApp {
    let config = format!("[guard]\nprivate_allowed = [\"{}\"]\n", site.address);
    let house = TestApp::with_config(folder.path(), &config).await;
    house.app.outside.pretend(Fetcher::default(), env!("CARGO_BIN_EXE_steward").into());
    house
}

/// Makes a monitor that notes each time something is new; gives its path in the API.
async fn add(house: &TestApp, kind: &str, url: &str) -> String {
    let body = json!({
        "name": "News", "kind": kind, "url": url, "schedule": "every hour",
        "prompt": "note: something is new", "allowed_tools": ["notes"],
    });
    let made = house.post("/api/monitors", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    format!("/api/monitors/{}", made.json()["id"].as_str().unwrap())
}

async fn outcome(house: &TestApp, monitor: &str) -> String {
    house.get(monitor).await.json()["outcome"].as_str().unwrap().to_owned()
}

/// What the runs were shown, the oldest first.
async fn shown(house: &TestApp) -> Vec<String> {
    let sql = "select text from messages where role = 'user'
                   and json_extract(label, '$.trust') = 'outside'
                   and json_extract(label, '$.origin.kind') = 'web' order by seq";
    house.read(move |r| r.rows(sql, (), |row| row.get(0))).await
}

async fn notes(house: &TestApp) -> Value {
    house.get("/api/notes").await.json()["total"].clone()
}

async fn look(house: &TestApp) {
    house.advance(HOUR).await;
}

#[tokio::test]
async fn of_two_changes_at_once_none_is_lost() {
    let site = Changing::start(page("one", "")).await;
    let (_folder, house) = open(&site.site).await;
    let monitor = add(&house, "page", &site.site.url("/")).await;
    change_twice_at_once(&house, "PATCH", &monitor).await;
}
