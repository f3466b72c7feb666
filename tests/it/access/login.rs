//! Signing in, and what strangers' tries do.

use jiff::SignedDuration;
use serde_json::json;

use super::{FAR, Fresh, HOME, PASSWORD, sign_in};

#[tokio::test]
async fn signing_in_leads_back_to_where_one_was_going() {
    let (fresh, _) = Fresh::owned().await;
    let browser = fresh.browser(HOME);
    let turned_away = browser.get("/notes?q=boiler").await;
    assert_eq!(turned_away.brief(), "303 /login?next=%2Fnotes%3Fq%3Dboiler");
    let page = browser.get(&turned_away.location).await;
    assert!(page.text.contains("value=\"/notes?q=boiler\""), "{}", page.text);
    assert!(page.text.contains("autocomplete=\"username\" required autofocus>"), "{}", page.text);
    assert!(!page.text.contains("aria-describedby"), "only what is there describes a field");
    let form = [("name", "ADA "), ("password", PASSWORD), ("next", "/notes?q=boiler")];
    assert_eq!(browser.submit("/login", &form).await.brief(), "303 /notes?q=boiler");
    let form = [("name", "Ada"), ("password", PASSWORD), ("next", "//evil.example")];
    assert_eq!(browser.submit("/login", &form).await.brief(), "303 /chat");
    let wrong = browser.submit("/login", &[("name", "Ada"), ("password", "nonsense")]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text.contains("Name or password is wrong.") && wrong.text.contains("value=\"Ada\"")
    );
    assert!(!wrong.text.contains("nonsense"));
    let again = "autocomplete=\"current-password\" required autofocus>";
    assert!(wrong.text.contains(again), "{}", wrong.text);
    assert_eq!(browser.submit("/logout", &[]).await.brief(), "303 /login");
    assert_eq!(browser.get("/api/me").await.status, 401);
}

#[tokio::test]
async fn strangers_wait_longer_and_longer_and_the_owner_still_gets_in() {
    let (fresh, ada) = Fresh::owned().await;
    ada.submit("/logout", &[]).await;
    let stranger = fresh.browser(FAR);
    for _ in 0..5 {
        assert_eq!(sign_in(&stranger, "wrong wrong wrong").await, "422");
    }
    // The account waits now, even with the right password and from elsewhere…
    let elsewhere = fresh.browser("203.0.113.5:1000");
    assert_eq!(sign_in(&elsewhere, PASSWORD).await, "429");
    // …but not the browser in which Ada was signed in before.
    assert_eq!(sign_in(&ada, PASSWORD).await, "303 /chat");
    let waiting = fresh.house.get("/api/admin/lockouts").await.json();
    assert_eq!(waiting[0]["subject"], "account:ada");

    fresh.house.advance(SignedDuration::from_secs(31)).await;
    assert_eq!(sign_in(&stranger, "wrong wrong wrong").await, "422");
    fresh.house.advance(SignedDuration::from_secs(31)).await;
    assert_eq!(sign_in(&stranger, "wrong wrong wrong").await, "429");
    // However long it goes on, the longest wait is a quarter of an hour.
    for _ in 0..40 {
        fresh.house.advance(SignedDuration::from_mins(16)).await;
        sign_in(&stranger, "wrong wrong wrong").await;
    }
    fresh.house.advance(SignedDuration::from_mins(15)).await;
    assert_eq!(sign_in(&elsewhere, PASSWORD).await, "303 /chat");

    for _ in 0..5 {
        sign_in(&fresh.browser("203.0.113.6:1"), "wrong wrong wrong").await;
    }
    let path = "/api/admin/lockouts/account%3Aada";
    assert_eq!(fresh.house.send_json("DELETE", path, &json!({})).await.status, 200);
    assert_eq!(sign_in(&fresh.browser("203.0.113.7:1"), PASSWORD).await, "303 /chat");
}

#[tokio::test]
async fn a_wait_that_a_clock_ahead_began_is_no_longer_than_the_longest_once_it_is_set_right() {
    let (fresh, ada) = Fresh::owned().await;
    ada.submit("/logout", &[]).await;
    let month = SignedDuration::from_hours(24 * 30);
    fresh.house.shift(month);
    for _ in 0..5 {
        sign_in(&fresh.browser(FAR), "wrong wrong wrong").await;
    }
    fresh.house.shift(-month);
    let elsewhere = fresh.browser("203.0.113.5:1000");
    assert_eq!(sign_in(&elsewhere, PASSWORD).await, "429", "it is still closed for a while");
    let waiting = fresh.house.get("/api/admin/lockouts").await.json();
    assert_eq!(waiting[0]["locked_until"], "2030-01-01T09:15:00Z");
    fresh.house.advance(SignedDuration::from_mins(10)).await;
    assert_eq!(sign_in(&elsewhere, PASSWORD).await, "429", "and to ask does not prolong it");
    fresh.house.advance(SignedDuration::from_mins(5)).await;
    assert_eq!(sign_in(&elsewhere, PASSWORD).await, "303 /chat");
}

#[tokio::test]
async fn one_address_that_tries_many_names_waits_too() {
    let (fresh, _) = Fresh::owned().await;
    let stranger = fresh.browser(FAR);
    for number in 0..20 {
        let name = format!("name{number}");
        let form = [("name", name.as_str()), ("password", "wrong wrong wrong")];
        assert_eq!(stranger.submit("/login", &form).await.status, 422);
    }
    assert_eq!(sign_in(&stranger, PASSWORD).await, "429");
    assert_eq!(sign_in(&fresh.browser(HOME), PASSWORD).await, "303 /chat");
}

#[tokio::test]
async fn browsers_are_listed_and_signed_out_one_by_one() {
    let (fresh, ada) = Fresh::owned().await;
    let phone = fresh.browser("203.0.113.5:1000");
    assert_eq!(sign_in(&phone, PASSWORD).await, "303 /chat");
    let list = ada.get("/api/me/sessions").await.json();
    assert_eq!(list["total"], 2);
    let other = list["sessions"].as_array().unwrap().iter().find(|it| it["current"] == false);
    let other = other.unwrap();
    assert_eq!(other["device"], "Firefox on Linux");
    assert_eq!(other["address"], "203.0.113.5");
    let path = format!("/api/me/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(ada.json("DELETE", &path, &json!({})).await.status, 200);
    assert_eq!(phone.get("/api/me").await.status, 401);
    assert_eq!(ada.get("/api/me").await.status, 200);
    assert_eq!(ada.json("DELETE", &path, &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_new_password_signs_out_the_other_browsers() {
    let (fresh, ada) = Fresh::owned().await;
    let phone = fresh.browser(FAR);
    sign_in(&phone, PASSWORD).await;
    let change = |old: &str, new: &str| json!({"current_password": old, "new_password": new});
    let wrong = ada.json("PUT", "/api/me/password", &change("nonsense", "whatever it is")).await;
    assert_eq!((wrong.status, wrong.json()["detail"].clone()), (400, "current_password".into()));
    let short = ada.json("PUT", "/api/me/password", &change(PASSWORD, "short")).await;
    assert_eq!((short.status, short.json()["detail"].clone()), (400, "new_password".into()));
    let done =
        ada.json("PUT", "/api/me/password", &change(PASSWORD, "another long password")).await;
    assert_eq!(done.status, 200);
    assert_eq!((ada.get("/api/me").await.status, phone.get("/api/me").await.status), (200, 401));
}
