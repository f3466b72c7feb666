//! The first minutes of a house.

use jiff::SignedDuration;
use serde_json::json;

use super::{FAR, Fresh, HOME, PASSWORD, sign_in};

#[tokio::test]
async fn setting_up_happens_once() {
    let fresh = Fresh::new().await;
    let ada = fresh.browser(HOME);
    assert_eq!(ada.get("/").await.brief(), "303 /setup");
    assert_eq!(ada.get("/login").await.brief(), "303 /setup");
    assert!(ada.get("/setup").await.text.contains("Setup code"));
    assert_eq!(ada.get("/setup/owner").await.brief(), "303 /setup");
    let file = fresh.folder.path().join("data/setup-code");
    let code = fresh.code().await;
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().next(), Some(code.as_str()));
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(ada.submit("/setup", &[("code", &typed)]).await.brief(), "303 /setup/owner");
    let short = ada.submit("/setup/owner", &[("name", "Ada"), ("password", "short")]).await;
    assert_eq!(short.status, 422);
    assert!(short.text.contains("at least 12 characters") && short.text.contains("value=\"Ada\""));
    let wrong = "required autofocus aria-invalid=\"true\" aria-describedby=\"password-hint password-error\"";
    assert!(short.text.contains(wrong), "{}", short.text);
    let owner = [("name", "Ada"), ("password", PASSWORD)];
    assert_eq!(ada.submit("/setup/owner", &owner).await.brief(), "303 /setup/model");
    assert!(!file.exists());
    assert!(ada.get("/setup/model").await.text.contains("Connect a language model"));
    let skipped = [("kind", "anthropic"), ("name", ""), ("skip", "yes")];
    assert_eq!(ada.submit("/setup/model", &skipped).await.brief(), "303 /setup/done");
    assert!(ada.get("/setup/done").await.text.contains("Open Chat"));
    assert_eq!(ada.get("/api/me").await.json()["role"], "admin");

    let late = fresh.browser(FAR);
    for (path, form) in [("/setup", &[("code", code.as_str())][..]), ("/setup/owner", &owner)] {
        assert_eq!(late.get(path).await.status, 410, "{path}");
        assert_eq!(late.submit(path, form).await.status, 410, "{path}");
    }
    assert_eq!(ada.get("/setup").await.status, 410);
    assert_eq!(late.get("/setup/model").await.status, 401);
    let again = json!({"name": "Eve", "password": PASSWORD, "code": code});
    assert_eq!(late.json("POST", "/api/setup/owner", &again).await.status, 410);
}

#[tokio::test]
async fn wrong_codes_wait_and_never_close_the_house() {
    let fresh = Fresh::new().await;
    let (near, far) = (fresh.browser(HOME), fresh.browser(FAR));
    let code = fresh.code().await;
    for _ in 0..5 {
        let wrong = far.submit("/setup", &[("code", "0000-0000")]).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains("That is not the code. The command above prints it again."));
    }
    let waits = near.submit("/setup", &[("code", &code)]).await;
    assert_eq!((waits.status, waits.headers["retry-after"].to_str().unwrap()), (429, "60"));
    assert!(waits.text.contains("Wait 60 seconds"));
    fresh.house.advance(SignedDuration::from_secs(61)).await;
    assert_eq!(near.submit("/setup", &[("code", &code)]).await.status, 303);
}

#[tokio::test]
async fn a_code_is_good_for_a_day_and_survives_a_restart() {
    let fresh = Fresh::new().await;
    let first = fresh.code().await;
    fresh.house.advance(SignedDuration::from_hours(23)).await;
    assert_eq!(fresh.code().await, first);
    fresh.house.advance(SignedDuration::from_hours(1)).await;
    let second = fresh.code().await;
    assert_ne!(second, first);
    let browser = fresh.browser(HOME);
    assert_eq!(browser.submit("/setup", &[("code", &first)]).await.status, 422);
    assert_eq!(browser.submit("/setup", &[("code", &second)]).await.status, 303);
    // Not over the network.
    assert_eq!(browser.get("/api/setup/code").await.status, 403);
}

#[tokio::test]
async fn the_command_line_sets_up_and_mends_a_lost_password() {
    let fresh = Fresh::new().await;
    let owner = |name: &str, password: &str| json!({"name": name, "password": password});
    let first = fresh.house.post("/api/setup/owner", &owner("Ada", PASSWORD)).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let browser = fresh.browser(HOME);
    assert_eq!(sign_in(&browser, PASSWORD).await, "303 /chat");
    let other = fresh.house.post("/api/setup/owner", &owner("Eve", PASSWORD)).await;
    assert_eq!(other.status, 409, "{}", other.text);
    let again = fresh.house.post("/api/setup/owner", &owner("ada", "another long password")).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(browser.get("/api/me").await.status, 401);
    assert_eq!(sign_in(&browser, PASSWORD).await, "422");
    assert_eq!(sign_in(&browser, "another long password").await, "303 /chat");
}
