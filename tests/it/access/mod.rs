//! Setting up, signing in, keys, people.

mod connecting;
mod keys;
mod login;
mod people;
mod setup;
mod streams;

use jiff::Timestamp;
use serde_json::Value;
use steward::testing::{Browser, TestApp};

const PASSWORD: &str = "a long enough password";
const HOME: &str = "192.0.2.7:1000";
const FAR: &str = "198.51.100.9:1000";

struct Fresh {
    house: TestApp,
    folder: tempfile::TempDir,
}

impl Fresh {
    /// A house in which nobody lives yet.
    async fn new() -> Fresh {
        Fresh::with("").await
    }

    async fn with(toml: &str) -> Fresh {
        let folder = tempfile::tempdir().unwrap();
        let start: Timestamp = "2030-01-01T09:00:00Z".parse().unwrap();
        let house = TestApp::unowned(folder.path(), toml, start).await;
        Fresh { house, folder }
    }

    /// A house that Ada has set up, and her browser.
    async fn owned() -> (Fresh, Browser) {
        let fresh = Fresh::new().await;
        let ada = fresh.browser(HOME);
        let code = fresh.code().await;
        assert_eq!(ada.submit("/setup", &[("code", &code)]).await.brief(), "303 /setup/owner");
        let owner = ada.submit("/setup/owner", &[("name", "Ada"), ("password", PASSWORD)]).await;
        assert_eq!(owner.brief(), "303 /setup/model");
        (fresh, ada)
    }

    fn browser(&self, address: &str) -> Browser {
        Browser::new(self.house.router(), address)
    }

    async fn code(&self) -> String {
        let answer = self.house.get("/api/setup/code").await;
        answer.json()["code"].as_str().unwrap().to_owned()
    }

    /// A key of Ada's.
    async fn key(&self, body: Value) -> String {
        let made = self.house.post("/api/tokens", &body).await;
        made.json()["token"].as_str().unwrap().to_owned()
    }

    /// "STATUS body" of a request with a key.
    async fn with_key(&self, key: &str, method: &str, path: &str, body: &str) -> String {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", key)
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_owned()))
            .unwrap();
        let answer = self.house.send_raw(request).await;
        format!("{} {}", answer.status.as_u16(), answer.text)
    }
}

async fn sign_in(browser: &Browser, password: &str) -> String {
    browser.submit("/login", &[("name", "ada"), ("password", password)]).await.brief()
}

/// Without what changes from request to request.
fn steady(mut json: Value) -> Value {
    if let Some(fields) = json.as_object_mut() {
        fields.remove("request_id");
    }
    json
}
