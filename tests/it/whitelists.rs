//! The lists of what is open, over the API and the page.

use std::fs;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::testing::TestApp;

use crate::callers::{as_user, form, signed_in, with_token};

const AT: &str = "2030-01-01T09:00:00Z";

async fn delete(house: &TestApp, path: &str) -> u16 {
    house.send_json("DELETE", path, &Value::Null).await.status.as_u16()
}

#[tokio::test]
async fn mail_addresses_are_listed_added_once_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let list = "/api/email-whitelist";
    assert_eq!(house.get(list).await.json(), json!([]));
    let ann = json!({"email": "alice@example.com", "daily_limit": 10});
    assert_eq!(house.post(list, &ann).await.json(), json!({"ok": true}));
    assert_eq!(
        house.get(list).await.json(),
        json!([{"email": "alice@example.com", "daily_limit": 10, "created_at": AT}])
    );
    let again = house.post(list, &ann).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error"], "alice@example.com is on the list already.");
    house.post(list, &json!({"email": "b/o'b@example.com"})).await;
    assert_eq!(delete(&house, "/api/email-whitelist/alice%40example.com").await, 200);
    assert_eq!(delete(&house, "/api/email-whitelist/b%2Fo'b@example.com").await, 200);
    assert_eq!(delete(&house, "/api/email-whitelist/alice@example.com").await, 404);
    for bad in [json!({"email": "x"}), json!({"email": "a@b.c", "daily_limit": -1}), json!({})] {
        assert_eq!(house.post(list, &bad).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn chats_are_listed_added_once_and_removed_and_are_no_mail_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let list = "/api/chat-whitelist";
    assert_eq!(house.get(list).await.json(), json!([]));
    let team = json!({"chat": "slack:C024BE91L", "daily_limit": 3});
    assert_eq!(house.post(list, &team).await.json(), json!({"ok": true}));
    let listed = json!([{"chat": "slack:C024BE91L", "daily_limit": 3, "created_at": AT}]);
    assert_eq!(house.get(list).await.json(), listed);
    assert_eq!(house.get(&format!("{list}?q=C024BE91L")).await.json(), listed);
    assert_eq!(house.get(&format!("{list}?q=telegram")).await.json(), json!([]));
    assert_eq!(house.get("/api/email-whitelist").await.json(), json!([]));
    let again = house.post(list, &team).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error"], "slack:C024BE91L is on the list already.");
    for bad in [json!({"chat": "C024BE91L"}), json!({"chat": "ann@example.org"}), json!({})] {
        assert_eq!(house.post(list, &bad).await.status, 400, "{bad}");
    }
    let as_mail = house.post("/api/email-whitelist", &json!({"email": "slack:C1"})).await;
    assert_eq!(as_mail.status, 400);
    assert_eq!(delete(&house, "/api/email-whitelist/slack%3AC024BE91L").await, 404);
    assert_eq!(delete(&house, "/api/chat-whitelist/slack%3AC024BE91L").await, 200);
    assert_eq!(delete(&house, "/api/chat-whitelist/slack:C024BE91L").await, 404);
    house.post("/api/email-whitelist", &json!({"email": "ann@example.org"})).await;
    assert_eq!(delete(&house, "/api/chat-whitelist/ann@example.org").await, 404);
    assert_eq!(house.get(list).await.json(), json!([]));
}

#[tokio::test]
async fn websites_are_listed_added_once_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let list = "/api/web-whitelist";
    let own = json!({"domain": "example.com", "note": "Our company site"});
    assert_eq!(house.post(list, &own).await.json(), json!({"ok": true}));
    assert_eq!(
        house.get(list).await.json(),
        json!([{"domain": "example.com", "note": "Our company site", "created_at": AT}])
    );
    assert_eq!(house.post(list, &own).await.status, 409);
    assert_eq!(house.post(list, &json!({"domain": "*.example.com"})).await.status, 200);
    assert_eq!(delete(&house, "/api/web-whitelist/%2A.example.com").await, 200);
    assert_eq!(delete(&house, "/api/web-whitelist/example.com").await, 200);
    assert_eq!(house.get(list).await.json(), json!([]));
    let everybodys = house.post(list, &json!({"domain": "*.co.uk"})).await;
    assert_eq!((everybodys.status.as_u16(), &everybodys.json()["detail"]), (400, &json!("domain")));
}

#[tokio::test]
async fn folders_must_exist_and_are_browsed() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path().canonicalize().unwrap();
    fs::create_dir(root.join("docs")).unwrap();
    fs::write(root.join("a.txt"), "x").unwrap();
    let root = root.to_str().unwrap();
    let list = "/api/filesystem-whitelist";
    let docs = format!("{root}/docs");
    let added = house.post(list, &json!({"path": docs, "note": "Documents folder"})).await;
    assert_eq!(added.json(), json!({"ok": true}));
    assert_eq!(
        house.get(list).await.json(),
        json!([{"path": docs, "note": "Documents folder", "created_at": AT}])
    );
    let absent = house.post(list, &json!({"path": format!("{root}/nope")})).await;
    assert_eq!((absent.status.as_u16(), &absent.json()["detail"]), (400, &json!("path")));
    let key = folder.path().join("data");
    assert_eq!(house.post(list, &json!({"path": key.to_str()})).await.status, 400);

    let browse = |path: &str| format!("/api/filesystem-browser?path={}", path.replace('/', "%2F"));
    assert_eq!(
        house.get(&browse(root)).await.json(),
        json!({"path": root, "entries": [
            {"name": "docs", "type": "dir"}, {"name": "a.txt", "type": "file"},
        ]})
    );
    assert_eq!(house.get(&browse("relative")).await.status, 400);
    assert_eq!(house.get(&browse(&format!("{root}/nope"))).await.status, 400);

    let path = docs.replace('/', "%2F");
    assert_eq!(delete(&house, &format!("/api/filesystem-whitelist/{path}")).await, 200);
    assert_eq!(house.get(list).await.json(), json!([]));
}

#[tokio::test]
async fn the_browsers_sites_are_each_users_own() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let list = "/api/my/browser-trusted";
    let own = json!({"domain": "example.com", "note": "Our app"});
    assert_eq!(house.post(list, &own).await.json(), json!({"ok": true}));
    assert_eq!(house.post(list, &own).await.status, 409);
    assert_eq!(
        house.get(list).await.json(),
        json!([{"domain": "example.com", "note": "Our app", "created_at": AT}])
    );
    let get = Request::get(list).body(Body::empty()).unwrap();
    assert_eq!(as_user(&house, &["*"], get).await.json(), json!([]));
    assert_eq!(delete(&house, "/api/my/browser-trusted/example.com").await, 200);
    assert_eq!(delete(&house, "/api/my/browser-trusted/example.com").await, 404);
}

#[tokio::test]
async fn only_an_admin_changes_the_shared_lists() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let shared = [
        "/api/email-whitelist",
        "/api/chat-whitelist",
        "/api/web-whitelist",
        "/api/filesystem-whitelist",
        "/api/filesystem-browser?path=/",
    ];
    for path in shared {
        let get = || Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(as_user(&house, &["*"], get()).await.status, 403, "{path}");
        assert_eq!(with_token(&house, &["read", "write"], get()).await.status, 403, "{path}");
        assert_eq!(with_token(&house, &["*"], get()).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_page_has_a_form_for_each_list_and_keeps_what_was_typed() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let add = |kind: &str, value: &str, extra: &str| {
        house.send(form(&format!("/whitelists/{kind}"), &format!("value={value}&extra={extra}")))
    };
    assert_eq!(add("addresses", "ann%40example.org", "5").await.status, 303);
    assert_eq!(add("chats", "slack%3AC024BE91L", "3").await.status, 303);
    assert_eq!(add("domains", "*.example.org", "docs").await.status, 303);
    assert_eq!(add("trusted", "shop.example.org", "").await.status, 303);
    assert_eq!(add("colours", "red", "").await.status, 404);
    let page = house.get("/whitelists").await.text;
    for part in ["ann@example.org", "0 of 5 sent today", "*.example.org", "shop.example.org"] {
        assert!(page.contains(part), "{part}");
    }
    let chats = page.split("<section").find(|it| it.contains("id=\"chats\"")).unwrap();
    assert!(chats.contains("slack:C024BE91L") && chats.contains("0 of 3 sent today"), "{chats}");
    let wrong = add("chats", "C024BE91L", "").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Write where the chat is and its name there"));
    let removed = house.send(form("/whitelists/chats/slack%3AC024BE91L/remove", "")).await;
    assert_eq!(removed.status, 303);
    assert!(!house.get("/whitelists").await.text.contains("0 of 3 sent today"));
    let twice = add("domains", "*.example.org", "").await;
    assert_eq!(twice.status, 409);
    assert!(
        twice.text.contains("is on the list already")
            && twice.text.contains("value=\"*.example.org\"")
    );
    let wrong = add("addresses", "ann%40example.org", "many").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Write a whole number"));
    let removed = house.send(form("/whitelists/domains/*.example.org/remove", "")).await;
    assert_eq!(removed.status, 303);
    assert!(!house.get("/whitelists").await.text.contains("*.example.org<"));
}

#[tokio::test]
async fn a_check_says_what_would_be_reached_and_which_entry_decides() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.post("/api/email-whitelist", &json!({"email": "ann@example.org"})).await;
    for chat in ["slack:C024BE91L", "slack:80"] {
        house.post("/api/chat-whitelist", &json!({ "chat": chat })).await;
    }
    house.post("/api/web-whitelist", &json!({"domain": "*.example.org"})).await;
    let opened = tempfile::tempdir().unwrap();
    let opened = opened.path().canonicalize().unwrap().display().to_string();
    house.post("/api/filesystem-whitelist", &json!({"path": opened})).await;
    let inside = format!("{opened}/letters/1.txt");
    for (value, kind, entry) in [
        ("Ann@Example.org", "address", Some("ann@example.org")),
        ("bob@example.org", "address", None),
        ("slack:C024BE91L", "chat", Some("slack:C024BE91L")),
        ("slack:c024be91l", "chat", None),
        ("matrix:@bob:example.org", "chat", None),
        ("slack:80", "chat", Some("slack:80")),
        ("nas:8080", "website", None),
        ("www.example.org:80", "website", Some("*.example.org")),
        ("https://www.example.org/page?q=1", "website", Some("*.example.org")),
        ("www.example.org", "website", Some("*.example.org")),
        ("example.org", "website", None),
        ("https://example.org.evil.example/", "website", None),
        ("http://0x7f.1/", "website", None),
        ("169.254.169.254", "website", None),
        (&inside, "path", Some(&*opened)),
        ("/etc/passwd", "path", None),
        (&format!("{opened}/../x"), "path", None),
    ] {
        let found = house.post("/api/whitelist/check", &json!({ "value": value })).await.json();
        assert_eq!(
            (&found["kind"], &found["entry"], &found["allowed"]),
            (&json!(kind), &json!(entry), &json!(entry.is_some())),
            "{value}: {found}"
        );
        assert!(found["rule"].as_str().unwrap().ends_with('.'), "{found}");
    }
    for bad in [json!({"value": ""}), json!({"value": "ftp://example.org"}), json!({})] {
        assert_eq!(house.post("/api/whitelist/check", &bad).await.status, 400, "{bad}");
    }
    let page = house.get("/whitelists?check=127.0.0.1").await.text;
    assert!(page.contains("Not allowed") && page.contains("is this machine itself"), "{page}");
    assert!(house.get("/whitelists?check=a%40b%40c").await.text.contains("Write one mail address"));
}

#[tokio::test]
async fn an_address_pasted_into_the_page_is_its_domain_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (house, ada, _) = signed_in(folder.path()).await;
    let pasted = [("value", " HTTPS://example.org/a?b#c")];
    assert_eq!(ada.submit("/whitelists/domains", &pasted).await.status, 303);
    let told = ada.get("/whitelists").await.text;
    let sentence = "example.org added, with all its pages: this list takes domains";
    assert!(told.contains(sentence), "{told}");
    assert_eq!(house.get("/api/web-whitelist").await.json()[0]["domain"], "example.org");
    // Who else may be meant, what is no website and what is everybody's is refused as it was typed.
    for refused in [
        "https%3A%2F%2Fexample.org%40evil.example%2F",
        "https%3A%2F%2Fexample.org%5C%40evil.example%2F",
        "ftp%3A%2F%2Ffiles.example%2F",
        "https%3A%2F%2F%2A.example.net%2F",
        "https%3A%2F%2Fgithub.io%2F",
        "https%3A%2F%2F%2Fx",
    ] {
        let answer = house.send(form("/whitelists/domains", &format!("value={refused}"))).await;
        assert_eq!(answer.status, 422, "{refused}");
    }
    let trusted =
        house.send(form("/whitelists/trusted", "value=https%3A%2F%2Fshop.example%2F")).await;
    assert_eq!(trusted.status, 422);
    // A program says what it means.
    let by_api = json!({"domain": "https://example.net/path"});
    assert_eq!(house.post("/api/web-whitelist", &by_api).await.status, 400);
    assert_eq!(house.get("/api/web-whitelist").await.json().as_array().unwrap().len(), 1);
}
