//! Requests by somebody else than the owner at the socket: keys with scopes, and a second user.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use steward::ids::{TokenId, UserId};
use steward::testing::{ADA, Answer, Browser, TestApp};
use uuid::Uuid;

/// The second user of a test house; no admin.
pub const EVE: UserId = UserId::from_u128(0xe0e);

/// The request with a key of Ada's that has these scopes.
pub async fn with_token(house: &TestApp, scopes: &[&str], request: Request<Body>) -> Answer {
    send(house, ADA, scopes, request).await
}

/// The request with a key of Eve's.
pub async fn as_user(house: &TestApp, scopes: &[&str], request: Request<Body>) -> Answer {
    add_eve(house).await;
    send(house, EVE, scopes, request).await
}

/// Eve lives here too from now on.
pub async fn add_eve(house: &TestApp) {
    let add = |tx: &steward::db::Tx<'_>| {
        let sql = "insert into users (id, name, name_key, password_hash, role, created_at)
                   values (?1, 'Eve', 'eve', 'none', 'user', 0) on conflict do nothing";
        tx.execute(sql, [EVE])
    };
    house.app.db.write(add).await.unwrap();
}

async fn send(
    house: &TestApp,
    user: UserId,
    scopes: &[&str],
    mut request: Request<Body>,
) -> Answer {
    let key = key(house, user, scopes).await;
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    house.send_raw(request).await
}

/// A new key of this user's with these scopes.
pub async fn key(house: &TestApp, user: UserId, scopes: &[&str]) -> String {
    let key = format!("stw_{}", Uuid::new_v4().simple());
    let hash: [u8; 32] = Sha256::digest(&key).into();
    let scopes = serde_json::to_string(scopes).unwrap();
    let id = TokenId::new(house.app.clock.now());
    let add = move |tx: &steward::db::Tx<'_>| {
        let sql = "insert into tokens (id, user_id, name, prefix, token_hash, scopes, created_at)
                   values (?1, ?2, 'test', 'stw_', ?3, ?4, 0)";
        tx.execute(sql, (id, user, hash, scopes))
    };
    house.app.db.write(add).await.unwrap();
    key
}

const PASSWORD: &str = "a long enough password";

/// A house that Ada has set up and in which Eve lives too, and a browser of each, signed in.
pub async fn signed_in(folder: &Path) -> (TestApp, Browser, Browser) {
    let start = "2030-01-01T09:00:00Z".parse().unwrap();
    let house = TestApp::unowned(folder, "", start).await;
    let ada = Browser::new(house.router(), "192.0.2.7:1000");
    let code = house.get("/api/setup/code").await.json()["code"].as_str().unwrap().to_owned();
    ada.submit("/setup", &[("code", &code)]).await;
    let owner = [("name", "Ada"), ("password", PASSWORD)];
    assert_eq!(ada.submit("/setup/owner", &owner).await.brief(), "303 /setup/model");
    let new = json!({"username": "eve", "password": PASSWORD});
    let made = ada.json("POST", "/api/admin/users", &new).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let eve = Browser::new(house.router(), "198.51.100.9:1000");
    let login = [("name", "eve"), ("password", PASSWORD)];
    assert_eq!(eve.submit("/login", &login).await.brief(), "303 /chat");
    (house, ada, eve)
}

/// A form as a browser without script sends it.
pub fn form(path: &str, fields: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(fields.to_owned()))
        .unwrap()
}
