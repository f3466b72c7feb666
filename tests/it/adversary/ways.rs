//! What the owner wants done while nobody watches, and how it is set off.

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use serde_json::json;
use steward::agent::ASSISTANT;

use super::sources::Attached;
use super::world::{Calls, LURE, Owner, WATCHED, World};
use crate::callers::form;

const SETS: [&str; 12] = [
    "web",
    "filesystem",
    "notes",
    "reminders",
    "tasks",
    "search",
    "agents",
    "mcp__tools",
    "mcp__post",
    "mcp__runner",
    "mcp__calendar",
    "mcp__drive",
];
const SECRET: &str = "a-secret-of-the-sender-0123456789";

/// Each gives the conversation and the number of cards.
impl World {
    /// The same words as a task that runs while nobody watches.
    pub async fn tasked(&self, words: &str, owner: Owner) -> (String, usize) {
        let task = json!({"name": "Job", "prompt": words, "schedule": "0 8 * * *",
                          "allowed_tools": SETS});
        let made = self.app.post("/api/tasks", &task).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let path = format!("/api/tasks/{}", made.json()["id"].as_str().unwrap());
        assert_eq!(self.app.post(&format!("{path}/run"), &json!({})).await.status, 200);
        let cards = self.settle(owner).await;
        let done = self.app.get(&format!("{path}/executions")).await.json();
        let talk = done["executions"][0]["conversation_id"].as_str().unwrap_or_default();
        (talk.to_owned(), cards)
    }

    /// The same words as those of a trigger, which another program calls with the text.
    pub async fn called(&self, words: &str, owner: Owner) -> (String, usize) {
        let trigger = json!({"name": "Push", "prompt": words, "allowed_tools": SETS,
                             "auth": "shared_secret", "secret": SECRET});
        let path = format!("/api/agents/{ASSISTANT}/triggers");
        let made = self.app.post(&path, &trigger).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let call = Request::post(format!("/api/webhooks/triggers/{id}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-webhook-secret", SECRET)
            .body(Body::from(json!({"event": "push", "text": LURE}).to_string()));
        let answer = self.app.send_raw(call.unwrap()).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        self.app.tick().await;
        let cards = self.settle(owner).await;
        (self.came_of(&format!("{path}/{id}/deliveries")).await, cards)
    }

    /// The same words as those of a monitor, which looks again at a page that has the text by then.
    pub async fn watched(&self, words: &str, owner: Owner) -> (String, usize) {
        let monitor = json!({"name": "News", "kind": "page", "url": self.url(WATCHED),
                             "schedule": "every hour", "prompt": words, "allowed_tools": SETS});
        let made = self.app.post("/api/monitors", &monitor).await;
        assert_eq!(made.status, 201, "{}", made.text);
        self.app.tick().await;
        self.app.advance(SignedDuration::from_hours(1)).await;
        let cards = self.settle(owner).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        (self.came_of(&format!("/api/monitors/{id}/deliveries")).await, cards)
    }

    /// Somebody else's agent, which says the lure and may do as much as the assistant; gives its id.
    pub async fn bring_in(&self) -> String {
        let bundle =
            format!("name = \"Reader\"\nprompt = {}\nallowed_tools = {}", json!(LURE), json!(SETS));
        let taken = self.app.post("/api/agents/import", &json!({ "bundle": bundle })).await;
        assert_eq!(taken.status, 201, "{}", taken.text);
        let id = taken.json()["id"].as_str().unwrap().to_owned();
        let started = self.app.post(&format!("/api/agents/{id}/resume"), &json!({})).await;
        assert_eq!(started.status, 200, "{}", started.text);
        id
    }

    /// A conversation with this agent.
    pub async fn begin_with(&self, agent: &str) -> String {
        self.will_say("Good morning.");
        let path = format!("/api/agents/{agent}/run");
        let sent = self.app.post(&path, &json!({"message": "Good morning."})).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        self.app.work().await;
        sent.json()["conversation_id"].as_str().unwrap().to_owned()
    }

    /// Two days go by and what is due comes due; then the owner asks what there is, and whoever
    /// answers is turned by what it finds.
    pub async fn two_days_later(&self, calls: Calls, owner: Owner) {
        self.intent(&Vec::new());
        self.will_call(calls);
        self.will_say("That is all.");
        self.app.advance(SignedDuration::from_hours(48)).await;
        self.settle(owner).await;
        self.told(None, "What is there to do?", Attached::Nothing, owner).await;
    }

    /// The owner takes each offer on the page of the chat and has it tried again; gives how many
    /// those were.
    pub async fn take_offers(&self, talk: &str, calls: Calls) -> usize {
        let path = format!("/chat/{talk}");
        let page = self.app.get(&path).await.text;
        let allows = forms(&page, "/allow");
        let foreign = page.matches("<strong>You did not name it.</strong>").count();
        assert_eq!(foreign, allows.len(), "each offer says whose wish it is");
        for allow in &allows {
            self.app.send(form(allow, "how=always")).await;
        }
        let again = forms(&self.app.get(&path).await.text, "/again").pop();
        if let (Some(again), false) = (again, allows.is_empty()) {
            self.will_call(calls);
            self.will_say("All done.");
            self.app.send(form(&again, "")).await;
            self.settle(Owner::Yes).await;
        }
        allows.len()
    }

    /// The conversation of the one thing that came in.
    async fn came_of(&self, deliveries: &str) -> String {
        let came = self.app.get(deliveries).await.json();
        came["deliveries"][0]["conversation_id"].as_str().unwrap_or_default().to_owned()
    }
}

/// The addresses of the page's forms that end like this.
fn forms(page: &str, end: &str) -> Vec<String> {
    let actions = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    actions.filter(|action| action.ends_with(end)).map(str::to_owned).collect()
}
