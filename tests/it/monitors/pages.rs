//! Pages that are watched: what changed is told, what did not is not, and what fails is said.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::{Answer, TestApp};

use super::{Changing, add, look, notes, open, open_again, outcome, page, shown};
use crate::callers::{form, with_token};
use crate::site::respond;

#[tokio::test]
async fn changed_words_wake_the_agent_with_the_difference() {
    let it = Changing::start(page("Open nine to five.<p>Closed on Sunday.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "page", &it.site.url("/hours")).await;
    house.advance(SignedDuration::ZERO).await;
    assert_eq!(outcome(&house, &monitor).await, "The first look: what is there now is remembered.");
    look(&house).await;
    assert_eq!(outcome(&house, &monitor).await, "It says the same as before.");
    assert_eq!((shown(&house).await.len(), notes(&house).await), (0, json!(0)));
    it.send(page("Open ten to five.<p>Closed on Sunday.", ""));
    look(&house).await;
    assert_eq!(outcome(&house, &monitor).await, "It had changed.");
    let told = shown(&house).await.concat().replace(&it.site.url(""), "SITE");
    insta::assert_snapshot!(told);
    assert_eq!(notes(&house).await, 1);
    let found = house.get(&format!("{monitor}/deliveries")).await.json();
    assert_eq!(found["deliveries"][0]["state"], "done");
    let run = found["deliveries"][0]["run_id"].as_str().unwrap().to_owned();
    let trace = house.get(&format!("/runs/{run}")).await.text;
    assert!(trace.contains("The trigger “News”: the page changed"), "{trace}");
    look(&house).await;
    assert_eq!(notes(&house).await, 1, "a change is told once");
}

#[tokio::test]
async fn a_page_that_is_not_modified_is_not_sent_again() {
    let mark = "etag: \"v1\"\r\nlast-modified: Mon, 31 Dec 2029 10:00:00 GMT\r\n";
    let it = Changing::start(page("Hello.", mark)).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "page", &it.site.url("/")).await;
    house.advance(SignedDuration::ZERO).await;
    it.send(respond(304, mark, ""));
    look(&house).await;
    let said = outcome(&house, &monitor).await;
    assert_eq!(said, "Nothing new: the server has the same version.");
    let asked = it.site.seen().pop().unwrap().to_lowercase();
    assert!(asked.contains("if-none-match: \"v1\""), "{asked}");
    assert!(asked.contains("if-modified-since: mon, 31 dec 2029 10:00:00 gmt"), "{asked}");
    assert_eq!(house.get(&monitor).await.json()["misses"], 0);
}

#[tokio::test]
async fn errors_back_off_and_a_day_of_them_pauses_it_and_its_owner_is_told() {
    let it = Changing::start(page("Hello.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "page", &it.site.url("/")).await;
    let soon = house.send_json("PATCH", &monitor, &json!({"schedule": "every minute"})).await;
    assert_eq!(soon.status, StatusCode::OK, "{}", soon.text);
    house.advance(SignedDuration::ZERO).await;
    it.send(respond(500, "", ""));
    let minute = SignedDuration::from_mins(1);
    let asked = async |minutes: i64| {
        house.advance(minute * i32::try_from(minutes).unwrap()).await;
        it.site.seen().len()
    };
    assert_eq!(asked(1).await, 2);
    assert_eq!(asked(4).await, 2, "it is left alone for five minutes");
    assert_eq!(asked(1).await, 3);
    assert_eq!(asked(9).await, 3, "and then for ten");
    let now = house.get(&monitor).await.json();
    let trouble =
        "It could not be read. 127.0.0.1 has trouble of its own; try again later (status 500).";
    assert_eq!((&now["misses"], &now["outcome"]), (&json!(2), &json!(trouble)));
    assert_eq!((asked(1).await, asked(20).await, asked(40).await), (4, 5, 6));
    assert_eq!((asked(59).await, asked(1).await), (6, 7), "but never for more than an hour");
    for _ in 0..21 {
        asked(60).await;
    }
    let now = house.get(&monitor).await.json();
    assert_eq!((&now["state"], &now["misses"]), (&json!("on"), &json!(27)), "{now}");
    assert_eq!(asked(60).await, 29);
    let now = house.get(&monitor).await.json();
    assert_eq!(now["state"], "paused", "{now}");
    let told = house.get("/api/notifications").await.text;
    let why = "“News” is paused. It could not be read for a day, 28 times in a row.";
    assert!(told.contains(why), "{told}");
    assert_eq!(asked(60).await, 29);
    it.send(page("Hello.", ""));
    house.post(&format!("{monitor}/toggle"), &json!({})).await;
    house.advance(SignedDuration::ZERO).await;
    let now = house.get(&monitor).await.json();
    assert_eq!((&now["state"], &now["misses"]), (&json!("on"), &json!(0)));
}

#[tokio::test]
async fn a_look_by_hand_that_fails_is_not_held_against_it() {
    let it = Changing::start(respond(500, "", "")).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "page", &it.site.url("/")).await;
    let before = house.get(&monitor).await.json();
    for _ in 0..4 {
        let checked = house.post(&format!("{monitor}/check"), &json!({})).await;
        assert!(checked.text.contains("It could not be read."), "{}", checked.text);
    }
    let now = house.get(&monitor).await.json();
    assert_eq!((&now["state"], &now["misses"]), (&json!("on"), &json!(0)));
    assert_eq!(now["next_at"], before["next_at"]);
}

#[tokio::test]
async fn a_server_that_says_when_to_come_back_is_left_alone_until_then() {
    let it = Changing::start(page("Hello.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "page", &it.site.url("/")).await;
    house.advance(SignedDuration::ZERO).await;
    it.send(respond(429, "retry-after: 9000\r\n", ""));
    look(&house).await;
    let now = house.get(&monitor).await.json();
    assert_eq!(now["next_at"], "2030-01-01T12:30:00Z", "{now}");
    it.send(respond(503, "retry-after: Wed, 02 Jan 2030 00:00:00 GMT\r\n", ""));
    house.advance(SignedDuration::from_mins(150)).await;
    let now = house.get(&monitor).await.json();
    assert_eq!((&now["next_at"], &now["misses"]), (&json!("2030-01-02T00:00:00Z"), &json!(2)));
    it.send(respond(503, "retry-after: 99999999999\r\n", ""));
    house.advance(SignedDuration::from_mins(690)).await;
    let now = house.get(&monitor).await.json();
    assert_eq!(now["next_at"], "2030-01-03T00:00:00Z", "for a day at most");
}

#[tokio::test]
async fn while_everything_is_paused_nothing_is_fetched_and_what_was_due_is_once_it_is_resumed() {
    let it = Changing::start(page("Hello.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "page", &it.site.url("/")).await;
    house.advance(SignedDuration::ZERO).await;
    house.post("/api/pause", &json!({})).await;
    look(&house).await;
    look(&house).await;
    let asked = house.post(&format!("{monitor}/check"), &json!({})).await;
    assert_eq!(asked.status, StatusCode::CONFLICT, "{}", asked.text);
    assert!(asked.text.contains("Everything is paused, so nothing is fetched."), "{}", asked.text);
    assert_eq!(it.site.seen().len(), 1);
    house.post("/api/resume", &json!({})).await;
    house.advance(SignedDuration::ZERO).await;
    assert_eq!(it.site.seen().len(), 2, "one look makes up for both");
}

#[tokio::test]
async fn what_is_not_on_the_whitelist_is_refused_and_so_is_what_left_it() {
    let it = Changing::start(page("Hello.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let body = json!({"name": "N", "kind": "page", "url": "https://example.org/", "prompt": "x",
                      "schedule": "every hour"});
    let refused = house.post("/api/monitors", &body).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let why = "example.org is not on the web whitelist. Add it under Whitelists first.";
    assert_eq!((&refused.json()["error"], &refused.json()["detail"]), (&json!(why), &json!("url")));
    let monitor = add(&house, "page", &it.site.url("/")).await;
    house.advance(SignedDuration::ZERO).await;
    house.send_json("DELETE", "/api/web-whitelist/127.0.0.1", &json!({})).await;
    let asked = it.site.seen().len();
    look(&house).await;
    assert_eq!(it.site.seen().len(), asked);
    let said = outcome(&house, &monitor).await;
    let closed = format!("{} is not on the web whitelist.", it.site.address);
    assert!(said.contains(&closed), "{said}");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let it = Changing::start(page("Hello.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let refused = async |more: Value| {
        let mut body = json!({"name": "N", "kind": "page", "url": it.site.url("/"), "prompt": "x",
                              "schedule": "every hour"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = house.post("/api/monitors", &body).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["detail"])
    };
    assert_eq!(refused(json!({"kind": "webhook"})).await, "400 \"kind\"");
    assert_eq!(refused(json!({"url": "file:///etc/passwd"})).await, "400 \"url\"");
    assert_eq!(refused(json!({"schedule": "2030-02-01 08:00"})).await, "400 \"schedule\"");
    assert_eq!(refused(json!({"schedule": "sometimes"})).await, "400 \"schedule\"");
    assert_eq!(refused(json!({"every": "day"})).await, "400 \"every\"");
    assert_eq!(refused(json!({"allowed_tools": ["note"]})).await, "400 \"allowed_tools\"");
}

async fn post_form(house: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn it_is_made_checked_changed_and_deleted_by_forms() {
    let it = Changing::start(page("Hello.", "")).await;
    let (folder, house) = open(&it.site).await;
    assert!(house.get("/monitors").await.text.contains("Pages and feeds that are watched"));
    assert!(house.get("/monitors/new").await.text.contains("Save monitor"));
    let form = |url: &str| {
        format!("name=Hours&kind=page&url={url}&schedule=every+hour&prompt=note%3A+new")
    };
    let wrong = post_form(&house, "/monitors", &form("https%3A%2F%2Fexample.org%2F")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("example.org is not on the web whitelist."), "{}", wrong.text);
    let made = post_form(&house, "/monitors", &form(&it.site.url("/"))).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let id = house.get("/api/monitors").await.json()[0]["id"].as_str().unwrap().to_owned();
    let here = format!("/monitors/{id}");
    assert_eq!(post_form(&house, &format!("{here}/check"), "").await.status, 303);
    assert!(house.get(&here).await.text.contains("The first look"));
    assert!(house.get(&format!("{here}/edit")).await.text.contains("Hours"));
    assert_eq!(post_form(&house, &here, &form(&it.site.url("/b"))).await.status, 303);
    let now = house.get(&format!("/api{here}")).await.json();
    assert_eq!((&now["outcome"], &now["looked_at"]), (&json!(""), &json!(null)), "another page");
    assert_eq!(post_form(&house, &format!("{here}/toggle"), "").await.status, 303);
    let off = house.post(&format!("/api{here}/check"), &json!({})).await;
    assert_eq!(off.status, StatusCode::CONFLICT, "{}", off.text);
    drop(house);
    let house = open_again(&folder, &it.site).await;
    assert!(house.get("/monitors").await.text.contains("Hours"));
    assert_eq!(post_form(&house, &format!("{here}/delete"), "").await.status, 303);
    assert_eq!(house.get(&here).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn form_from_an_agents_page_wakes_that_agent() {
    let site = Changing::start(page("Open until five.", "")).await;
    let (_folder, house) = open(&site.site).await;
    let made = house.post("/api/agents", &json!({"name": "Gardener"})).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let new = format!("/monitors/new?agent={id}");
    assert!(house.get(&format!("/agents/{id}")).await.text.contains(&format!("href=\"{new}\"")));
    let form = house.get(&new).await.text;
    assert!(form.contains("Gardener is woken by what is new."), "{form}");
    assert!(form.contains(&format!("name=\"agent\" value=\"{id}\"")), "{form}");
    let url = site.site.url("/hours");
    let fields =
        format!("agent={id}&name=Hours&kind=page&url={url}&schedule=every+hour&prompt=status");
    let saved = post_form(&house, "/monitors", &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let monitor = &house.get("/api/monitors").await.json()[0];
    assert_eq!(monitor["agent_id"], id);
    let nobody = fields.replace(&id, "00000000-0000-7000-8000-000000000009");
    let refused = post_form(&house, "/monitors", &nobody).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
}

#[tokio::test]
async fn a_programs_monitor_is_its_owners_once_they_switch_it_on() {
    let it = Changing::start(page("Open nine to five.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let body = json!({"name": "News", "kind": "page", "url": it.site.url("/hours"),
                      "schedule": "every hour", "prompt": "delete file old.txt",
                      "allowed_tools": ["filesystem"]});
    let made = Request::post("/api/monitors").header(header::CONTENT_TYPE, "application/json");
    let made = made.body(Body::from(body.to_string())).unwrap();
    let made = with_token(&house, &["*"], made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let path = format!("/monitors/{}", made.json()["id"].as_str().unwrap());
    house.tick().await;
    let shown = house.get(&path).await.text;
    assert!(shown.contains("Its words would ask for"), "{shown}");
    for _ in 0..2 {
        house.send(form(&format!("{path}/toggle"), "")).await;
    }
    house.tick().await;
    let shown = house.get(&path).await.text;
    assert!(shown.contains("Your words ask for"), "{shown}");
    assert!(shown.contains("Delete this file: old.txt"), "{shown}");
}
