//! What a denied call lacked: a person adds it in the chat, and asks again.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;

use crate::callers::{as_user, form};
use crate::site::{Site, html};

async fn house_beside(site: &Site) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let toml = format!("[guard]\nprivate_allowed = [\"{}\"]\n", site.address);
    (TestApp::with_config(folder.path(), &toml).await, folder)
}

async fn hours() -> Site {
    Site::start(|_| html("<title>Hours</title><p>Nine to five.</p>")).await
}

async fn house_with(model: &ModelServer) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    (TestApp::with_config(folder.path(), &toml).await, folder)
}

/// The address of the first form on the page that ends like this.
fn form_action(page: &str, end: &str) -> Option<String> {
    let actions = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    actions.into_iter().find(|it| it.ends_with(end)).map(str::to_owned)
}

#[tokio::test]
async fn denied_site_is_opened_where_it_was_denied_and_asked_for_again() {
    let site = hours().await;
    let (house, _folder) = house_beside(&site).await;
    let chat = house.say(None, &format!("fetch {}", site.url("/hours"))).await;
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    let place = site.address.to_string();
    let closed = format!("{place} is not open to me.");
    assert!(page.contains(&closed) && !page.contains("You did not name it"), "{page}");
    assert!(page.contains(&format!("Always allow {place}")), "{page}");
    let allow = form_action(&page, "/allow").unwrap();
    assert_eq!(house.send(form(&allow, "how=chat")).await.status, 303);
    let sites = house.get(&format!("/api/conversations/{chat}/opened-sites")).await.json();
    assert_eq!(sites["opened_sites"][0]["domain"], place.as_str());
    assert_eq!(house.get("/api/web-whitelist").await.json(), json!([]));
    let page = house.get(&format!("/chat/{chat}")).await.text;
    let met = format!("{place} may be used now.");
    assert!(page.contains(&met) && form_action(&page, "/allow").is_none(), "{page}");
    let again = form_action(&page, "/again").unwrap();
    assert_eq!(house.send(form(&again, "")).await.status, 303);
    house.work().await;
    assert!(house.last_answer(&chat).await.contains("Nine to five"));
}

#[tokio::test]
async fn what_is_always_allowed_lands_on_its_list_and_undo_takes_it_off() {
    let site = hours().await;
    let (house, folder) = house_beside(&site).await;
    let tree = folder.path().canonicalize().unwrap().join("papers");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("bill.txt"), "Forty two euros").unwrap();
    let papers = tree.to_str().unwrap();
    let place = site.address.to_string();
    for (words, list, value) in [
        (format!("fetch {}", site.url("/")), "web-whitelist", place.as_str()),
        (format!("read file {papers}/bill.txt"), "filesystem-whitelist", papers),
    ] {
        let chat = house.say(None, &words).await;
        house.work().await;
        let page = house.get(&format!("/chat/{chat}")).await.text;
        let allow = form_action(&page, "/allow").unwrap_or_else(|| panic!("{page}"));
        assert_eq!(house.send(form(&allow, "how=always")).await.status, 303);
        let listed = house.get(&format!("/api/{list}")).await;
        assert!(listed.text.contains(value) && listed.text.contains("Allowed from a chat"));
        // Twice is said to be once too often, and changes nothing.
        assert_eq!(house.send(form(&allow, "how=always")).await.status, 303);
        assert_eq!(house.get(&format!("/api/{list}")).await.text, listed.text);
        let kind = if list == "web-whitelist" { "domains" } else { "folders" };
        let encoded = value.replace('/', "%2F").replace(':', "%3A");
        let undo = form(&format!("/whitelists/{kind}/{encoded}/remove"), "");
        assert_eq!(house.send(undo).await.status, 303);
        assert_eq!(house.get(&format!("/api/{list}")).await.json(), json!([]));
    }
}

#[tokio::test]
async fn only_the_kept_offer_of_ones_own_call_can_be_taken() {
    let site = hours().await;
    let (house, _folder) = house_beside(&site).await;
    let chat = house.say(None, "read file /srv/music/a.txt").await;
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    let allow = form_action(&page, "/allow").unwrap();
    assert!(page.contains("The folder /srv/music is not open to me."), "{page}");
    assert_eq!(house.send(form(&allow, "how=chat")).await.status, 422);
    assert_eq!(house.send(form(&allow, "how=always&value=/")).await.status, 422);
    let other = house.say(None, "hello").await;
    let elsewhere = allow.replace(&chat, &other);
    assert_eq!(house.send(form(&elsewhere, "how=always")).await.status, 404);
    // A key opens no page, and Eve's chats are her own.
    assert_eq!(as_user(&house, &["*"], form(&allow, "how=always")).await.status, 403);
    assert_eq!(house.get("/api/filesystem-whitelist").await.json(), json!([]));
}

#[tokio::test]
async fn what_no_list_opens_is_not_offered_and_what_does_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for (url, refusal, opened_by) in [
        ("http://192.168.7.7/", "an address of the home network", "\"192.168.7.7:80\""),
        ("http://127.0.0.1:8080/x", "this machine itself", "\"127.0.0.1:8080\""),
        ("http://169.254.169.254/", "a cloud's address", ""),
        ("http://example.org:25/", "Port 25 is not one", ""),
        ("http://example.org:443/", "Port 443 is not one", ""),
        ("https://example.org:80/", "Port 80 is not one", ""),
        ("https://github.io/", "github.io is not on the web whitelist", ""),
    ] {
        let chat = house.say(None, &format!("fetch {url}")).await;
        house.work().await;
        let answer = house.last_answer(&chat).await;
        assert!(answer.contains(refusal), "{url}: {answer}");
        let hint = format!(
            "Only guard.private_allowed = [{opened_by}] in the configuration file opens it, from \
             the next start on."
        );
        let said = if opened_by.is_empty() { "private_allowed" } else { hint.as_str() };
        assert_eq!(answer.contains(said), !opened_by.is_empty(), "{url}: {answer}");
        let both = answer.contains("Then add ") && answer.contains(" under Whitelists");
        assert_eq!(both, !opened_by.is_empty(), "{url}: {answer}");
        let page = house.get(&format!("/chat/{chat}")).await.text;
        assert_eq!(form_action(&page, "/allow"), None, "{url}");
        assert!(!page.contains("is not open to me"), "{url}");
    }
}

#[tokio::test]
async fn programs_are_told_of_the_offer() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "fetch https://example.org/hours").await;
    house.work().await;
    let history: Vec<String> = house
        .read(move |r| {
            let sql = "select body from events where conversation_id = ?1 order by seq";
            r.rows(sql, [chat], |row| row.get(0))
        })
        .await;
    let told: Vec<Value> = history.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    let done = told.iter().find(|it| it["type"] == "tool_done").unwrap();
    assert_eq!(done["success"], false);
    assert_eq!(done["offer"], json!({"kind": "domain", "value": "example.org"}));
}

#[tokio::test]
async fn a_site_that_the_owner_did_not_name_is_said_to_be_foreign() {
    let model = ModelServer::start().await;
    let leak = json!({"url": "https://evil.example/x"});
    model.answer(Answer::openai_tool_call("fetch_page", leak));
    model.always(Answer::openai_text("I could not."));
    let (house, _folder) = house_with(&model).await;
    let chat = house.say(None, "when is the museum open?").await;
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    assert!(
        page.contains("evil.example is not open to me. <strong>You did not name it."),
        "{page}"
    );
}

#[tokio::test]
async fn a_secret_that_was_about_to_leave_is_told_at_once() {
    let model = ModelServer::start().await;
    let secret = "hunter2-hunter2-hunter2";
    model.answer(Answer::openai_tool_call("notes_add", json!({"content": format!("pw {secret}")})));
    model.always(Answer::openai_text("Done."));
    let (house, _folder) = house_with(&model).await;
    let new = json!({"key": "secret:router", "description": "Router", "value": secret});
    assert_eq!(house.post("/api/credentials", &new).await.status, 200);
    let chat = house.say(None, "note the router's password").await;
    house.work().await;
    let told = house.get("/api/notifications").await.json();
    assert_eq!(told["total"], 1, "{told}");
    let alarm = &told["notifications"][0];
    assert_eq!(
        (&alarm["kind"], &alarm["link"]),
        (&json!("alarm"), &json!(format!("/chat/{chat}")))
    );
    assert!(alarm["text"].as_str().unwrap().starts_with("notes_add was stopped. "), "{alarm}");
    let audit = house.get("/api/audit?per_page=100").await;
    let entries = audit.json()["entries"].as_array().unwrap().clone();
    let stops: Vec<&Value> = entries.iter().filter(|it| it["action"] == "secrets.stop").collect();
    assert_eq!((stops.len(), &stops[0]["decision"]), (1, &json!("deny")));
    let page = house.get(&format!("/chat/{chat}")).await.text;
    for shown in [&told.to_string(), &audit.text, &page] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_failed_answer_is_asked_for_again_in_the_same_words() {
    let model = ModelServer::start().await;
    model.answer(Answer::status(401, "{}"));
    model.always(Answer::openai_text("It is at nine."));
    let (house, _folder) = house_with(&model).await;
    let chat = house.say(None, "when does it open?").await;
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    let again = form_action(&page, "/again").unwrap();
    let request = Request::post(&again).header("x-live", "1");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(house.send(request.body(Body::empty()).unwrap()).await.status, 204);
    // While it is being answered, once is enough.
    let runs = |page: &str| page.matches("<p class=\"bubble\">when does it open?").count();
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    assert_eq!(runs(&page), 2);
    assert_eq!(house.last_answer(&chat).await, "It is at nine.");
    let other = house.say(None, "hello").await;
    assert_eq!(house.send(form(&again.replace(&chat, &other), "")).await.status, 404);
}
