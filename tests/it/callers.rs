//! Requests by somebody else than the owner at the socket: keys with scopes, and a second user.

use axum::body::Body;
use axum::http::{Request, header};
use sha2::{Digest as _, Sha256};
use steward::ids::{TokenId, UserId};
use steward::testing::{ADA, Answer, TestApp};
use uuid::Uuid;

/// The second user of a test house; no admin.
pub const EVE: UserId = UserId::from_u128(0xe0e);

/// The request with a key of Ada's that has these scopes.
pub async fn with_token(house: &TestApp, scopes: &[&str], request: Request<Body>) -> Answer {
    send(house, ADA, scopes, request).await
}

/// The request with a key of Eve's.
pub async fn as_user(house: &TestApp, scopes: &[&str], request: Request<Body>) -> Answer {
    let add = |tx: &steward::db::Tx<'_>| {
        let sql = "insert into users (id, name, name_key, password_hash, role, created_at)
                   values (?1, 'Eve', 'eve', 'none', 'user', 0) on conflict do nothing";
        tx.execute(sql, [EVE])
    };
    house.app.db.write(add).await.unwrap();
    send(house, EVE, scopes, request).await
}

async fn send(
    house: &TestApp,
    user: UserId,
    scopes: &[&str],
    mut request: Request<Body>,
) -> Answer {
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
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    house.send_raw(request).await
}

/// A form as a browser without script sends it.
pub fn form(path: &str, fields: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(fields.to_owned()))
        .unwrap()
}
