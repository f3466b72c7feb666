//! "Always allow…" on a card: made there, counted, shown under Whitelists, revoked.

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::callers::form;

/// A house with a folder that the owner opened; writing there asks.
struct House {
    _folders: [tempfile::TempDir; 2],
    model: ModelServer,
    app: TestApp,
    opened: String,
}

impl House {
    async fn new() -> House {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let model = ModelServer::start().await;
        let config = format!(
            "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
            model.base_url(Kind::OpenAi)
        );
        let app = TestApp::with_config(folders[0].path(), &config).await;
        let opened = folders[1].path().canonicalize().unwrap().display().to_string();
        let added = app.post("/api/filesystem-whitelist", &json!({"path": opened})).await;
        assert_eq!(added.status, 200, "{}", added.text);
        House { _folders: folders, model, app, opened }
    }

    /// A turn in which the model writes a file that the owner did not name. No file is there
    /// beforehand, since none is ever replaced.
    async fn write(&self, name: &str, text: &str) -> String {
        let path = format!("{}/{name}", self.opened);
        let _absent = std::fs::remove_file(&path);
        let call = Say::Call("files_write", json!({"path": path, "content": text}));
        self.model.answer(Answer::openai(&[call]));
        self.model.answer(Answer::openai_text("Written."));
        let talk = self.app.say(None, "Keep a diary, please").await;
        self.app.work().await;
        talk
    }

    async fn cards(&self) -> Vec<Value> {
        self.app.get("/api/approvals").await.json()["approvals"].as_array().unwrap().clone()
    }

    async fn rules(&self) -> Value {
        self.app.get("/api/standing-rules").await.json()["standing_rules"].clone()
    }

    fn holds(&self, name: &str, text: &str) -> bool {
        let path = std::path::Path::new(&self.opened).join(name);
        std::fs::read_to_string(path).is_ok_and(|found| found == text)
    }
}

#[tokio::test]
async fn a_card_answered_with_always_is_not_shown_again_until_it_is_revoked() {
    let house = House::new().await;
    let talk = house.write("diary.txt", "one").await;
    let card = house.cards().await.remove(0);
    assert_eq!(card["standing"], json!({"path": format!("{}/diary.txt", house.opened)}));
    let yes = json!({"always": {"scope": "these_values", "lasts": "week"}});
    let path = format!("/api/tool-calls/{}/approve", card["call_id"].as_str().unwrap());
    assert_eq!(house.app.post(&path, &yes).await.status, 200);
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "Written.");
    house.write("diary.txt", "two").await;
    assert!(house.holds("diary.txt", "two"));
    assert_eq!(house.cards().await, Vec::<Value>::new());
    let rule = house.rules().await[0].clone();
    assert_eq!(
        (&rule["tool_name"], &rule["used"], &rule["expires_at"], &rule["created_by"]),
        (&json!("files_write"), &json!(1), &json!("2030-01-08T09:00:00Z"), &json!("Ada"))
    );
    house.write("other.txt", "x").await;
    let other = house.cards().await;
    assert_eq!(other.len(), 1, "another file is another question");
    let deny = format!("/api/tool-calls/{}/deny", other[0]["call_id"].as_str().unwrap());
    assert_eq!(house.app.post(&deny, &json!({})).await.status, 200);
    house.app.work().await;
    let id = rule["id"].as_str().unwrap();
    let path = format!("/api/standing-rules/{id}");
    let revoked = house.app.send_json("DELETE", &path, &Value::Null).await;
    assert_eq!(revoked.json(), json!({"ok": true}));
    assert_eq!(house.rules().await, json!([]));
    house.write("diary.txt", "three").await;
    assert_eq!(house.cards().await.len(), 1);
    assert!(!house.holds("diary.txt", "three"));
    let ledger = house.app.get("/api/audit").await.text;
    for action in ["standing_rules.add", "standing_rules.use", "standing_rules.revoke"] {
        assert!(ledger.contains(action), "{action}");
    }
}

#[tokio::test]
async fn the_card_offers_it_behind_a_fold_and_chooses_nothing_beforehand() {
    let house = House::new().await;
    house.write("diary.txt", "one").await;
    let page = house.app.get("/approvals").await.text;
    let fold = page.split("Always allow…").nth(1).expect("the fold").split("</details>").next();
    let fold = fold.unwrap();
    assert!(fold.contains("diary.txt") && !fold.contains("checked"), "{fold}");
    let id = house.cards().await[0]["id"].as_str().unwrap().to_owned();
    let nothing = house.app.send(form(&format!("/approvals/{id}"), "answer=always")).await;
    assert_eq!(nothing.status, 422, "{}", nothing.text);
    assert_eq!(house.cards().await.len(), 1);
    let chosen = "answer=always&scope=this_tool&lasts=until_revoked";
    assert_eq!(house.app.send(form(&format!("/approvals/{id}"), chosen)).await.status, 303);
    house.app.work().await;
    house.write("other.txt", "x").await;
    assert!(house.holds("other.txt", "x"));
    let page = house.app.get("/whitelists").await.text;
    for part in ["whatever files_write does", "2031", "1×", "Ada over"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let rule = house.rules().await[0]["id"].as_str().unwrap().to_owned();
    let revoked = house.app.send(form(&format!("/standing-rules/{rule}/revoke"), "")).await;
    assert_eq!(revoked.status, 303);
    assert!(house.app.get("/whitelists").await.text.contains("<p class=\"hint\">None."));
}

#[tokio::test]
async fn no_rule_is_made_from_a_no_or_from_other_arguments() {
    let house = House::new().await;
    house.write("diary.txt", "one").await;
    let call = house.cards().await[0]["call_id"].as_str().unwrap().to_owned();
    let path = format!("/api/tool-calls/{call}/approve");
    for bad in [
        json!({"always": {"scope": "everything", "lasts": "week"}}),
        json!({"always": {"scope": "this_tool"}}),
        json!({"always": {"scope": "this_tool", "lasts": "week"}, "edited_arguments": {}}),
    ] {
        let refused = house.app.post(&path, &bad).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.text);
    }
    assert_eq!(house.rules().await, json!([]));
    assert_eq!(house.cards().await.len(), 1);
}
