//! What every request passes before a handler sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use steward::clock::Clock;
use steward::config::{Config, Flags, Live};
use steward::db::Db;
use steward::error::{Error, Result as HouseResult};
use steward::ids::{TokenId, UserId};
use steward::web::caller::{Caller, OverSocket};
use steward::web::door::Door;
use steward::web::error::{ApiError, PageError, no_such_method, no_such_page};
use steward::web::form::Json;
use steward::web::scope::Scope;
use steward::web::session::{self, Login};
use tower::ServiceExt as _;

const ADA: UserId = UserId::from_u128(1);
const EVE: UserId = UserId::from_u128(2);

/// A house with a few rooms, and Ada (admin) and Eve living in it.
struct House {
    router: Router,
    db: Db,
    clock: Arc<Mutex<Timestamp>>,
    _dir: tempfile::TempDir,
}

async fn me(caller: Caller) -> String {
    format!("{} over {}", caller.name, caller.channel())
}

async fn admin(caller: Caller) -> Result<&'static str, ApiError> {
    caller.admin()?;
    Ok("done")
}

async fn values(caller: Caller) -> Result<&'static str, ApiError> {
    caller.require(Scope::CredentialsReveal)?;
    Ok("shown")
}

async fn sign_in(session: tower_sessions::Session) -> Result<&'static str, PageError> {
    let now = "2026-11-23T08:00:00Z".parse().unwrap();
    let login = Login::new(ADA, &axum::http::HeaderMap::new(), "192.0.2.7".to_owned(), now);
    session::sign_in(&session, login).await?;
    Ok("welcome")
}

async fn fail(Json(kind): Json<String>) -> Result<String, ApiError> {
    Err(match kind.as_str() {
        "conflict" => Error::Conflict("That was answered already.".to_owned()),
        "outside" => Error::outside("Paperless", "Paperless does not answer. Try again later."),
        "full" => Error::internal(anyhow::anyhow!("commit: database or disk is full")),
        "panic" => panic!("this is what is tested"),
        _ => Error::internal(anyhow::anyhow!("the password is hunter2")),
    }
    .into())
}

impl House {
    async fn new() -> House {
        House::with("").await
    }

    async fn with(config: &str) -> House {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let flags =
            Flags { data_dir: Some(dir.path().to_owned()), config: Some(file), ..Flags::default() };
        let loaded = Config::load(&flags, [], &BTreeMap::new()).unwrap_or_else(|e| panic!("{e}"));
        let db = Db::open(&dir.path().join("t.db"), &dir.path().join("backups")).unwrap();
        let clock = Arc::new(Mutex::new("2026-11-23T08:00:00Z".parse().unwrap()));
        let door = Door::new(db.clone(), Clock::Set(clock.clone()), Live::new(loaded));
        let rooms = Router::new()
            .route("/login", post(sign_in))
            .route("/notes", get(me).post(me))
            .route("/api/notes", get(me).post(me))
            .route("/api/me", get(me))
            .route("/api/approvals/1", post(me))
            .route("/api/chat/completions", post(me))
            .route("/api/objects/people/records", get(me).post(me))
            .route("/api/admin/users", get(admin))
            .route("/api/credentials/x", get(values))
            .route("/api/fail", post(fail))
            .route("/forgotten", get(|| async { "a room that asks nobody" }));
        let rooms = rooms.fallback(no_such_page).method_not_allowed_fallback(no_such_method);
        let house = House { router: door.guard(rooms), db, clock, _dir: dir };
        house.person(ADA, "ada", "admin").await;
        house.person(EVE, "eve", "user").await;
        house
    }

    async fn write(&self, sql: &'static str, params: impl rusqlite::Params + Send + 'static) {
        let change =
            move |tx: &steward::db::Tx<'_>| -> HouseResult<usize> { tx.execute(sql, params) };
        self.db.write(change).await.unwrap();
    }

    async fn person(&self, id: UserId, name: &'static str, role: &'static str) {
        let sql = "insert into users (id, name, name_key, password_hash, role, created_at)
                   values (?1, ?2, ?2, 'x', ?3, 0)";
        self.write(sql, (id, name, role)).await;
    }

    /// A token that is its own name.
    async fn token(&self, user: UserId, token: &'static str, scopes: &'static str) {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let id = TokenId::from_u128(u128::from_be_bytes(hash[..16].try_into().unwrap()));
        let sql = "insert into tokens (id, user_id, name, prefix, token_hash, scopes, created_at, expires_at)
                   values (?1, ?2, 'n', 'p', ?3, ?4, 0, 1795514400000)";
        self.write(sql, (id, user, hash, scopes)).await;
    }

    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// "STATUS body".
    async fn say(&self, request: Request<Body>) -> String {
        said(self.ask(request).await).await
    }

    async fn get(&self, path: &str, key: &str) -> String {
        self.say(Request::get(path).header("x-api-key", key).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, key: &str) -> String {
        self.say(Request::post(path).header("x-api-key", key).body(Body::empty()).unwrap()).await
    }

    /// The cookie of a browser in which Ada is signed in.
    async fn cookie(&self) -> String {
        let response = self.ask(Request::post("/login").body(Body::empty()).unwrap()).await;
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(cookie.contains("Max-Age=2592000") && cookie.contains("Path=/"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    fn later(&self, span: SignedDuration) {
        *self.clock.lock().unwrap() += span;
    }
}

async fn said(response: Response<Body>) -> String {
    let status = response.status().as_u16();
    let place = response.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let body = place.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    format!("{status} {body}").replace(&id, "ID")
}

fn empty(builder: axum::http::request::Builder) -> Request<Body> {
    builder.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_route_that_asks_nobody_is_shut_all_the_same() {
    let house = House::new().await;
    let plain = |path: &str| empty(Request::get(path));
    assert_snapshot!(house.say(plain("/forgotten?a=1")).await, @"303 /login?next=%2Fforgotten%3Fa%3D1");
    assert_snapshot!(house.say(plain("/api/notes")).await, @r#"401 {"code":"unauthenticated","detail":null,"error":"Sign in, or send a key as X-API-Key or Authorization: Bearer.","request_id":"ID"}"#);
    assert_snapshot!(house.say(plain("/no-such-page")).await, @"303 /login?next=%2Fno-such-page");
    assert_snapshot!(house.get("/api/notes", "stw_wrong").await, @r#"401 {"code":"unauthenticated","detail":null,"error":"This key is not known, was revoked or has expired.","request_id":"ID"}"#);
    let cookie = house.cookie().await;
    let signed_in = |path: &str| empty(Request::get(path).header("cookie", &cookie));
    assert_snapshot!(house.say(signed_in("/forgotten")).await, @"200 a room that asks nobody");
    let lost = house.say(signed_in("/no-such-page")).await;
    assert!(lost.starts_with("404 <!doctype html>") && lost.contains("There is nothing"), "{lost}");
    assert_snapshot!(house.say(signed_in("/api/nothing")).await, @r#"404 {"code":"not_found","detail":null,"error":"There is nothing at this address.","request_id":"ID"}"#);
}

#[tokio::test]
async fn nobody_yet_lives_here_so_pages_lead_to_setup() {
    let house = House::new().await;
    house.write("delete from users", ()).await;
    assert_snapshot!(house.say(empty(Request::get("/notes"))).await, @"303 /setup");
}

#[tokio::test]
async fn a_key_works_in_either_header_until_it_ends() {
    let house = House::new().await;
    house.token(ADA, "stw_all", r#"["*"]"#).await;
    assert_snapshot!(house.get("/api/notes", "stw_all").await, @"200 ada over api");
    let bearer = Request::get("/api/notes").header("authorization", "Bearer stw_all");
    assert_snapshot!(house.say(empty(bearer)).await, @"200 ada over api");
    assert_snapshot!(house.get("/notes", "stw_all").await.lines().next().unwrap(), @"403 <!doctype html>");
    house.write("update users set active = 0 where name = 'ada'", ()).await;
    assert!(house.get("/api/notes", "stw_all").await.starts_with("401"));
    house.write("update users set active = 1", ()).await;
    house.write("update tokens set revoked_at = 1", ()).await;
    assert!(house.get("/api/notes", "stw_all").await.starts_with("401"));
    house.write("update tokens set revoked_at = null", ()).await;
    house.later(SignedDuration::from_hours(24 * 365));
    assert!(house.get("/api/notes", "stw_all").await.starts_with("401"));
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let house = House::new().await;
    let mut table = String::new();
    for scope in Scope::ALL {
        let key: &'static str = format!("stw_{scope}").leak();
        house.token(ADA, key, format!("[\"{scope}\"]").leak()).await;
        let mut opens = Vec::new();
        for (method, path) in [
            ("GET", "/api/me"),
            ("GET", "/api/notes"),
            ("POST", "/api/notes"),
            ("POST", "/api/approvals/1"),
            ("POST", "/api/chat/completions"),
            ("GET", "/api/objects/people/records"),
            ("POST", "/api/objects/people/records"),
            ("GET", "/api/admin/users"),
            ("GET", "/api/credentials/x"),
        ] {
            let answer = match method {
                "GET" => house.get(path, key).await,
                _ => house.post(path, key).await,
            };
            match &answer[..3] {
                "200" => opens.push(format!("{method} {}", path.strip_prefix("/api").unwrap())),
                status => assert_eq!(status, "403", "{answer}"),
            }
        }
        table.push_str(&format!("{scope}: {}\n", opens.join(", ")));
    }
    assert_snapshot!(table, @"
    *: GET /me, GET /notes, POST /notes, POST /chat/completions, GET /objects/people/records, POST /objects/people/records, GET /admin/users
    read: GET /me, GET /notes, GET /objects/people/records
    write: GET /me, POST /notes, POST /objects/people/records
    chat: GET /me, POST /chat/completions
    admin: GET /me, GET /admin/users
    credentials:reveal: GET /me, GET /credentials/x
    approvals: GET /me, POST /approvals/1
    integrations:read: GET /me, GET /notes, GET /objects/people/records
    integrations:write: GET /me, GET /notes, POST /notes, GET /objects/people/records, POST /objects/people/records
    integrations:assistant: GET /me, POST /chat/completions
    integrations:handoff: GET /me
    ");
    house.token(EVE, "stw_eve", r#"["*", "admin"]"#).await;
    assert_snapshot!(house.get("/api/admin/users", "stw_eve").await, @r#"403 {"code":"denied","detail":null,"error":"Only an admin may do that.","request_id":"ID"}"#);
}

#[tokio::test]
async fn a_login_lasts_thirty_days_and_is_fresh_for_five_minutes() {
    let house = House::new().await;
    let cookie = house.cookie().await;
    let get = |path: &str| empty(Request::get(path).header("cookie", &cookie));
    assert_snapshot!(house.say(get("/notes")).await, @"200 ada over web");
    assert_snapshot!(house.say(get("/api/credentials/x")).await, @"200 shown");
    house.later(SignedDuration::from_mins(6));
    assert_snapshot!(house.say(get("/api/credentials/x")).await, @r#"403 {"code":"denied","detail":null,"error":"Sign in again first: values are shown only within 5 minutes of that.","request_id":"ID"}"#);
    house.later(SignedDuration::from_hours(24 * 29));
    assert_snapshot!(house.say(get("/notes")).await, @"200 ada over web");
    // The role is read anew each time.
    assert_snapshot!(house.say(get("/api/admin/users")).await, @"200 done");
    house.write("update users set role = 'user'", ()).await;
    assert!(house.say(get("/api/admin/users")).await.starts_with("403"));
    house.later(SignedDuration::from_hours(24));
    assert_snapshot!(house.say(get("/notes")).await, @"303 /login?next=%2Fnotes");
}

#[tokio::test]
async fn the_cookie_is_nowhere_in_the_database() {
    let house = House::new().await;
    let cookie = house.cookie().await;
    let value = cookie.split_once('=').unwrap().1.to_owned();
    let rows = house.db.read(|reader| {
        reader.rows("select hex(id_hash) || id || data || device from login_sessions", (), |row| {
            row.get::<_, String>(0)
        })
    });
    let rows = rows.await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].contains(&value), "{rows:?}");
    // A cookie that somebody planted before is worth nothing afterwards.
    let planted =
        Request::post("/login").header("cookie", &cookie).header("sec-fetch-site", "same-origin");
    let response = house.ask(empty(planted)).await;
    assert!(!response.headers()["set-cookie"].to_str().unwrap().contains(&value));
    let old = empty(Request::get("/notes").header("cookie", &cookie));
    assert!(house.say(old).await.starts_with("303"));
}

#[tokio::test]
async fn the_cookie_is_secure_behind_tls() {
    let house = House::with("[server]\nbase_url = \"https://home.example\"").await;
    let response = house.ask(empty(Request::post("/login"))).await;
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("Secure"));
}

#[tokio::test]
async fn other_sites_cannot_use_the_login() {
    let house = House::with("[server]\nbase_url = \"https://home.example\"").await;
    let cookie = house.cookie().await;
    let post = |headers: &[(&str, &str)]| {
        let mut request =
            Request::post("/api/notes").header("cookie", &cookie).header("host", "127.0.0.1:8484");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        empty(request)
    };
    for ours in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("origin", "http://127.0.0.1:8484")],
        &[("origin", "https://home.example")],
    ] {
        assert_eq!(house.say(post(ours)).await, "200 ada over web");
    }
    for theirs in [
        &[("origin", "null")][..],
        &[("origin", "http://127.0.0.1:9999")],
        &[("origin", "http://home.example")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        assert!(house.say(post(theirs)).await.starts_with("403"), "{theirs:?}");
    }
    assert_snapshot!(house.say(post(&[])).await, @r#"403 {"code":"cross_site","detail":null,"error":"This request carries a login cookie, but neither an Origin nor a Sec-Fetch-Site header. If a proxy removes them, let it pass the Origin header on; a program should send a key instead of the cookie.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post(&[("origin", "https://evil.example")])).await, @r#"403 {"code":"cross_site","detail":null,"error":"The Origin header says \"https://evil.example\", but the Host header says \"127.0.0.1:8484\". If a proxy stands in between, let it pass the Host header on, or set server.base_url to the address in the browser.","request_id":"ID"}"#);
    let socket = Request::get("/api/notes")
        .header("cookie", &cookie)
        .header("host", "127.0.0.1:8484")
        .header("upgrade", "websocket")
        .header("origin", "https://evil.example");
    assert!(house.say(empty(socket)).await.starts_with("403"));
}

#[tokio::test]
async fn whoever_opens_the_socket_is_the_owner() {
    let house = House::new().await;
    let router = house.router.clone().layer(Extension(OverSocket));
    let request = empty(Request::get("/api/credentials/x"));
    assert_snapshot!(said(router.oneshot(request).await.unwrap()).await, @"200 shown");
}

#[tokio::test]
async fn a_key_that_is_used_too_often_is_told_when_to_come_back() {
    let house = House::with("[limits]\nrequests_per_minute = 2").await;
    house.token(ADA, "stw_busy", r#"["*"]"#).await;
    let ask = || empty(Request::get("/api/me").header("x-api-key", "stw_busy"));
    let limits = |response: &Response<Body>| {
        let header = |name: &str| {
            response.headers().get(name).map_or("-", |value| value.to_str().unwrap()).to_owned()
        };
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"]
            .map(header)
            .join(" ")
    };
    assert_snapshot!(limits(&house.ask(ask()).await), @"2 1 60 -");
    house.later(SignedDuration::from_secs(20));
    assert_snapshot!(limits(&house.ask(ask()).await), @"2 0 40 -");
    let third = house.ask(ask()).await;
    assert_snapshot!(limits(&third), @"2 0 40 40");
    assert_snapshot!(said(third).await, @r#"429 {"code":"too_many","detail":null,"error":"This key was used more than 2 times in a minute.","request_id":"ID"}"#);
    house.later(SignedDuration::from_secs(40));
    assert_snapshot!(limits(&house.ask(ask()).await), @"2 1 60 -");
}

#[tokio::test]
async fn errors_are_sentences_without_the_inside() {
    let house = House::with("[limits]\nbody_bytes_max = 1024").await;
    house.token(ADA, "stw_all", r#"["*"]"#).await;
    let post = |body: &str| {
        Request::post("/api/fail")
            .header("x-api-key", "stw_all")
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    assert_snapshot!(house.say(post(r#""conflict""#)).await, @r#"409 {"code":"conflict","detail":null,"error":"That was answered already.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post(r#""outside""#)).await, @r#"503 {"code":"unavailable","detail":"Paperless","error":"Paperless does not answer. Try again later.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post(r#""full""#)).await, @r#"503 {"code":"disk","detail":null,"error":"The disk is full, so nothing was changed. Free some space and try again.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post(r#""bug""#)).await, @r#"500 {"code":"internal","detail":null,"error":"Something went wrong in here. The log has the details.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post(r#""panic""#)).await, @r#"500 {"code":"internal","detail":null,"error":"Something went wrong in here. The log has the details.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post("{")).await, @r#"400 {"code":"invalid","detail":null,"error":"The body must be a text, not an object.","request_id":"ID"}"#);
    assert_snapshot!(house.say(post(&" ".repeat(2000))).await, @r#"413 {"code":"too_large","detail":null,"error":"This is more than is taken at once. Send less, or raise limits.body_bytes_max.","request_id":"ID"}"#);
    assert_snapshot!(house.say(empty(Request::put("/api/fail").header("x-api-key", "stw_all"))).await, @r#"405 {"code":"method_not_allowed","detail":null,"error":"This address exists, but it does not take this method.","request_id":"ID"}"#);
    let typed = Request::post("/api/fail")
        .header("x-api-key", "stw_all")
        .body(Body::from("\"x\""))
        .unwrap();
    assert_snapshot!(house.say(typed).await, @r#"400 {"code":"invalid","detail":"Content-Type","error":"Send JSON, with the header Content-Type: application/json.","request_id":"ID"}"#);
}
