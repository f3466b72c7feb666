//! Agents: made, talked to, switched, paid for, scheduled and taken away.

mod asking;
mod brought_back;
mod budget_page;
mod budgets;
mod bundles;
mod files;
mod making;
mod messages;
mod prompts;
mod schedules;
mod trying;
mod variations;
mod working;

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

/// A house with a scripted model.
pub struct House {
    folder: tempfile::TempDir,
    pub model: ModelServer,
    pub app: TestApp,
}

impl House {
    pub async fn new() -> House {
        House::limited("").await
    }

    /// With these lines of `[limits]`.
    pub async fn limited(limits: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let model = ModelServer::start().await;
        let app = open(&folder, &model, limits).await;
        House { folder, model, app }
    }

    /// The same house after a kill: nothing but the rows is left.
    pub async fn killed(self) -> House {
        let House { folder, model, app } = self;
        drop(app);
        let app = open(&folder, &model, "").await;
        House { folder, model, app }
    }

    /// Makes an agent; gives its path in the API.
    pub async fn agent(&self, body: Value) -> String {
        let made = self.app.post("/api/agents", &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("/api/agents/{}", made.json()["id"].as_str().unwrap())
    }

    pub async fn gardener(&self) -> String {
        self.agent(json!({
            "name": "Gardener", "prompt": "Note what grows.", "allowed_tools": ["notes"],
        }))
        .await
    }

    /// Has it work on this; gives the conversation.
    pub async fn run(&self, agent: &str, message: Option<&str>) -> String {
        let sent = self.app.post(&format!("{agent}/run"), &json!({ "message": message })).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        self.app.work().await;
        sent.json()["conversation_id"].as_str().unwrap().to_owned()
    }

    pub async fn put(&self, agent: &str, body: Value) -> steward::testing::Answer {
        self.app.send_json("PUT", agent, &body).await
    }

    pub async fn status(&self, agent: &str) -> String {
        let found = self.app.get(&format!("{agent}/summary")).await.json();
        found["status"].as_str().unwrap().to_owned()
    }

    pub fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::of(Kind::OpenAi, parts));
    }

    /// What the model was sent last.
    pub fn asked(&self) -> Value {
        self.model.requests().pop().unwrap().json()
    }
}

async fn open(folder: &tempfile::TempDir, model: &ModelServer, limits: &str) -> TestApp {
    let config = format!(
        "[limits]\n{limits}\n[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    TestApp::with_config(folder.path(), &config).await
}
