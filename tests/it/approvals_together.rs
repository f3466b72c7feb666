//! Calls of one turn that wait together: one card, told of once, answered at once or each alone.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

const NAMES: [&str; 3] = ["one.txt", "two.txt", "three.txt"];

struct House {
    folder: tempfile::TempDir,
    model: ModelServer,
    app: TestApp,
}

impl House {
    /// With a run that would delete three files; gives its conversation.
    async fn parked() -> (House, String) {
        let folder = tempfile::tempdir().unwrap();
        let model = ModelServer::start().await;
        let config = format!(
            "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
            model.base_url(Kind::OpenAi)
        );
        let app = TestApp::with_config(folder.path(), &config).await;
        let house = House { folder, model, app };
        for name in NAMES {
            let path = house.file(name);
            tokio::fs::create_dir_all(path.parent().unwrap()).await.unwrap();
            tokio::fs::write(path, "old").await.unwrap();
        }
        house.answers(&NAMES.map(|name| Say::Call("files_delete", json!({"path": name}))));
        let talk = house.app.say(None, "tidy up").await;
        house.app.work().await;
        (house, talk)
    }

    fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::of(Kind::OpenAi, parts));
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("data/files").join(steward::testing::ADA.to_string()).join(name)
    }

    async fn approvals(&self) -> Vec<Value> {
        let found = self.app.get("/api/approvals").await.json();
        found["approvals"].as_array().unwrap().clone()
    }

    async fn told(&self) -> Vec<Value> {
        let told = self.app.get("/api/notifications?unread_only=true").await.json();
        told["notifications"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_card_that_has_the_words_somewhere_is_shown_whole() {
    let (house, _) = House::parked().await;
    let page = house.app.get("/approvals?q=TWO.txt").await.text;
    assert_eq!(page.matches("<article class=\"approval\"").count(), 3, "{page}");
    assert!(page.contains("Do all 3") && !page.contains("not shown"), "{page}");
    assert_eq!(house.app.get("/api/approvals?q=two.txt").await.json()["total"], 3);
    let page = house.app.get("/approvals?q=four.txt").await.text;
    assert_eq!(page.matches("<article class=\"approval\"").count(), 0, "{page}");
    assert!(page.contains("One more waits for you and is not shown."), "{page}");
}

#[tokio::test]
async fn several_calls_of_one_task_are_one_card_told_of_once_and_reminded_of_once() {
    let (house, talk) = House::parked().await;
    let told = house.told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0]["text"],
        "Waits for your answer: 3 things of one task: Delete this file? one.txt, two.txt, three.txt"
    );
    let cards = house.approvals().await;
    let group = cards[0]["group_id"].as_str().unwrap();
    assert!(cards.iter().all(|it| it["group_id"] == group) && cards[0]["id"] == group);
    assert_eq!(told[0]["link"], format!("/approvals/{group}"));
    for page in [format!("/approvals/{group}"), "/approvals".to_owned(), format!("/chat/{talk}")] {
        let page = house.app.get(&page).await.text;
        assert_eq!(page.matches("id=\"group-").count(), 1, "one card: {page}");
        assert!(page.contains("3 things of one task") && page.contains("Do all 3"), "{page}");
        assert_eq!(page.matches("<article class=\"approval\"").count(), 3, "each whole: {page}");
        assert_eq!(page.matches("<mark>").count(), 3, "what is foreign stands out in each: {page}");
        assert!(page.contains("data-badge>1<span"), "one card waits: {page}");
    }
    for _ in 0..3 {
        house.app.advance(SignedDuration::from_hours(5)).await;
    }
    let told: Vec<Value> = house.told().await.iter().map(|it| it["text"].clone()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.contains(&json!(
            "Still waits for your answer: 3 things of one task: Delete this file? one.txt, two.txt, three.txt"
        ))
    );
}

#[tokio::test]
async fn each_of_them_can_be_answered_alone_and_the_card_stays_until_the_last() {
    let (house, talk) = House::parked().await;
    let calls: Vec<String> =
        house.approvals().await.iter().map(|it| it["call_id"].as_str().unwrap().into()).collect();
    house.app.post(&format!("/api/tool-calls/{}/deny", calls[1]), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.told().await.len(), 1, "no second ring, and none taken back yet");
    let page = house.app.get("/approvals").await.text;
    assert!(page.contains("Do all 2") && !page.contains("Do all 3"), "{page}");
    let ids = house.approvals().await.into_iter().map(|it| it["id"].as_str().unwrap().to_owned());
    let ids: Vec<String> = ids.collect();
    for page in ["/approvals".to_owned(), format!("/chat/{talk}")] {
        let page = house.app.get(&page).await.text;
        // A page that shows the card anew keeps what was typed in these, and nothing else.
        let kept = |id: &String| {
            page.matches(&format!("<details class=\"rename\" id=\"why-{id}\">")).count()
        };
        assert_eq!(ids.iter().map(kept).collect::<Vec<_>>(), [1, 1], "{page}");
        assert_eq!(page.matches(" id=\"why-").count(), 2, "what is answered has none: {page}");
    }
    let whole = house.app.get(&format!("/approvals/{}", calls[1])).await.text;
    assert!(whole.contains("Denied by Ada") && whole.contains("Do all 2"), "{whole}");
    house.app.post(&format!("/api/tool-calls/{}/approve", calls[0]), &json!({})).await;
    house.app.work().await;
    house.answers(&[Say::Text("One is gone.")]);
    house.app.post(&format!("/api/tool-calls/{}/deny", calls[2]), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.told().await, Vec::<Value>::new());
    let told = house.app.get("/api/notifications").await.json();
    let came = "3 things of one task: yes to 1, no to 2";
    assert!(told["notifications"].to_string().contains(came), "{told}");
    assert_eq!(house.app.last_answer(&talk).await, "One is gone.");
    assert_eq!(NAMES.map(|name| house.file(name).exists()), [false, true, true]);
    let decided = house.app.get("/approvals?state=decided").await.text;
    assert_eq!(decided.matches("id=\"group-").count(), 1, "{decided}");
}

#[tokio::test]
async fn a_later_card_of_the_same_conversation_is_another_one() {
    let (house, talk) = House::parked().await;
    let first = house.approvals().await;
    let calls: Vec<&Value> = first.iter().map(|it| &it["call_id"]).collect();
    house.answers(&[Say::Call("files_delete", json!({"path": "one.txt"}))]);
    let none = json!({"calls": calls, "approved": false});
    assert_eq!(house.app.post("/api/approvals/together", &none).await.json()["answered"], 3);
    house.app.work().await;
    let second = house.approvals().await;
    assert_eq!(second.len(), 1);
    assert_ne!(second[0]["group_id"], first[0]["group_id"]);
    assert_eq!(house.told().await[0]["text"], "Waits for your answer: Delete this file? one.txt");
    let chat = house.app.get(&format!("/chat/{talk}")).await.text;
    assert_eq!(chat.matches("id=\"group-").count(), 2, "{chat}");
}

#[tokio::test]
async fn several_calls_of_one_task_are_answered_with_one_press() {
    let (house, talk) = House::parked().await;
    let cards = house.approvals().await;
    assert_eq!(cards.len(), 3);
    let first = cards[0]["call_id"].as_str().unwrap();
    house.app.post(&format!("/api/tool-calls/{first}/deny"), &json!({})).await;
    house.app.work().await;
    let chat = house.app.get(&format!("/chat/{talk}")).await.text;
    assert_eq!(chat.matches("id=\"group-").count(), 1, "one card: {chat}");
    assert!(chat.contains("Do all 2") && chat.contains("Waits for your answer"), "{chat}");
    let list = house.app.get("/approvals").await.text;
    let form_of = list.split("name=\"calls\" value=\"").nth(1).expect("one form for both");
    let shown = form_of.split('"').next().unwrap();
    assert!(shown.contains(',') && !shown.contains(first), "{shown}");
    house.answers(&[Say::Text("Two are gone.")]);
    let press = format!("answer=approve&back=/chat/{talk}&calls={shown},{first}");
    let pressed = house.app.send(crate::callers::form("/approvals/together", &press)).await;
    assert_eq!(pressed.status, 303, "{}", pressed.text);
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "Two are gone.");
    let left: Vec<bool> = NAMES.iter().map(|name| house.file(name).exists()).collect();
    assert_eq!(left.iter().filter(|left| **left).count(), 1, "what was denied before stays denied");
    let late = json!({"calls": [first], "approved": true});
    assert_eq!(house.app.post("/api/approvals/together", &late).await.status, 409);
    let none = json!({"calls": [], "approved": true});
    assert_eq!(house.app.post("/api/approvals/together", &none).await.status, 400);
}
