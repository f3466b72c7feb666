//! Channels: added, tried and removed by their person, with an answer that says what to do.

use axum::http::StatusCode;
use serde_json::{Value, json};
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;

use super::{Ringing, TOKEN, took};

const HERE: &str = "/notifications/channels";

#[tokio::test]
async fn a_test_says_what_the_peer_answered() {
    let it = Ringing::new().await;
    it.peer.answer(took());
    assert_eq!(
        super::place_free(&it.peer, &it.test().await.to_string()),
        r#"{"message":"peer took it.","ok":true}"#
    );
    let said = it.peer.requests()[0].json();
    assert_eq!(said["message"], "This is a test. You will be told things here.");
    it.peer.answer(Answer::json(400, &json!({"error": format!("bad topic for {TOKEN}\u{202e}")})));
    let refused = it.test().await.to_string();
    assert!(!refused.contains("tk_canary"), "{refused}");
    assert!(refused.contains("refuses it (status 400): “bad topic for [hidden:"), "{refused}");
    it.peer.answer(Answer::status(503, ""));
    assert_eq!(it.test().await["ok"], false);
}

#[tokio::test]
async fn a_wrong_token_says_so_and_stops_the_channel_until_a_test_works() {
    let it = Ringing::new().await;
    it.peer.answer(Answer::json(401, &json!({"code": 40101, "error": "unauthorized"})));
    it.remind("stretch").await;
    insta::assert_snapshot!(it.came().await, @"refused: peer refuses the access token. Add the channel again with the right one.");
    insta::assert_snapshot!(it.trouble().await.join("\n"), @"ntfy: ada tells you nothing more. peer refuses the access token. Add the channel again with the right one.");
    assert_eq!(it.state().await["state"], "stopped");
    it.remind("eat").await;
    assert_eq!(it.heard().len(), 1, "a peer that refuses a token is not asked again");
    it.peer.always(took());
    assert_eq!(it.test().await["ok"], true);
    it.remind("walk").await;
    assert_eq!(it.came().await, "sent: peer took it.");
}

#[tokio::test]
async fn a_channel_that_is_off_is_silent() {
    let it = Ringing::new().await;
    it.peer.always(took());
    let path = format!("/api{HERE}/{}", it.channel);
    let off = it.house.send_json("PATCH", &path, &json!({"enabled": false, "name": "phone"})).await;
    assert_eq!((&off.json()["state"], &off.json()["name"]), (&json!("off"), &json!("phone")));
    it.remind("stretch").await;
    assert!(it.heard().is_empty());
    it.house.send_json("PATCH", &path, &json!({"enabled": true})).await;
    it.remind("eat").await;
    assert_eq!(it.heard(), ["Reminder: eat"]);
}

#[tokio::test]
async fn a_removed_channel_leaves_no_key_behind() {
    let it = Ringing::new().await;
    let kept = async || it.house.get("/api/credentials").await.text.contains("secret:channel-");
    assert!(kept().await);
    let path = format!("/api{HERE}/{}", it.channel);
    assert_eq!(it.house.send_json("DELETE", &path, &json!({})).await.json(), json!({"ok": true}));
    assert!(!kept().await);
    assert_eq!(it.house.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_is_in_no_answer_row_or_page() {
    let it = Ringing::new().await;
    it.peer.always(Answer::json(401, &json!({"error": TOKEN})));
    it.remind("stretch").await;
    it.test().await;
    for path in
        ["/api/notifications/channels", "/api/notifications", "/api/audit", HERE, "/notifications"]
    {
        assert!(!it.house.get(path).await.text.contains(TOKEN), "{path}");
    }
    let folder = it.folder.path().join("data");
    for entry in
        std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|it| it.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(TOKEN.len()).any(|it| it == TOKEN.as_bytes()), "{entry:?}");
    }
}

#[tokio::test]
async fn api_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let refused = async |body: Value| {
        let answer = house.post(&format!("/api{HERE}"), &body).await;
        let it = answer.json();
        format!("{} {} {}", answer.status.as_u16(), it["detail"], it["error"].as_str().unwrap())
    };
    insta::assert_snapshot!(refused(json!({"kind": "pigeon"})).await, @r#"400 "kind" The kind is one of ntfy, pushover, web_push."#);
    insta::assert_snapshot!(refused(json!({"kind": "ntfy"})).await, @r#"400 "topic" A topic is letters, digits, - and _, up to 64 of them. Choose one that nobody guesses."#);
    insta::assert_snapshot!(refused(json!({"kind": "ntfy", "topic": "a", "server": "ftp://x"})).await, @r#"400 "server" Only http and https pages can be fetched, not ftp."#);
    insta::assert_snapshot!(refused(json!({"kind": "ntfy", "topic": "a", "token": "two words"})).await, @r#"400 "token" That can't be an access token; paste it again."#);
    let one = json!({"kind": "ntfy", "topic": "a"});
    assert_eq!(house.post(&format!("/api{HERE}"), &one).await.status, StatusCode::CREATED);
    insta::assert_snapshot!(refused(one).await, @"409 null That is the channel ntfy: a already.");
    let nobodys = format!("/api{HERE}/00000000-0000-7000-8000-000000000001");
    for (method, tail) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")] {
        let answer = house.send_json(method, &format!("{nobodys}{tail}"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {tail}");
    }
}

#[tokio::test]
async fn a_key_may_not_open_a_way_out() {
    use axum::body::Body;
    use axum::http::Request;
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let made = house.post("/api/tokens", &json!({"name": "t", "scopes": ["read", "write"]})).await;
    let key = made.json()["token"].as_str().unwrap().to_owned();
    let request = Request::post(format!("/api{HERE}"))
        .header("content-type", "application/json")
        .header("x-api-key", &key)
        .body(Body::from(json!({"kind": "ntfy", "topic": "a"}).to_string()));
    assert_eq!(house.send_raw(request.unwrap()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn page_works_without_script() {
    let it = Ringing::new().await;
    it.peer.always(took());
    let form = async |path: &str, form: &str| {
        let request = axum::http::Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(form.to_owned()));
        it.house.send(request.unwrap()).await
    };
    let one = format!("{HERE}/{}", it.channel);
    let page = it.house.get(HERE).await.text;
    assert!(page.contains("ntfy: ada") && page.contains("Has said nothing yet"), "{page}");
    for (path, fields) in [("/test", ""), ("/switch", "enabled=false"), ("/switch", "enabled=true")]
    {
        assert_eq!(form(&format!("{one}{path}"), fields).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(it.heard().len(), 1);
    let wrong = form(HERE, "kind=ntfy&topic=a+b&token=sesame").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("A topic is letters") && wrong.text.contains(r#"value="a b""#));
    assert!(!wrong.text.contains("sesame"));
    assert_eq!(form(&format!("{one}/delete"), "").await.status, StatusCode::SEE_OTHER);
    assert!(it.house.get(HERE).await.text.contains("No channel yet"));
    assert!(it.house.get("/notifications").await.text.contains("stand here"));
    it.remind("stretch").await;
    assert!(it.house.get("/notifications").await.text.contains("1 unread"));
    let id = it.house.get("/api/notifications").await.json()["notifications"][0]["id"].clone();
    let read = format!("/notifications/{}/read", id.as_str().unwrap());
    assert_eq!(form(&read, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(form("/notifications/read", "").await.status, StatusCode::SEE_OTHER);
    assert!(!it.house.get("/notifications").await.text.contains("unread"));
}
