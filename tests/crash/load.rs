//! Those who use the house while it is killed: they talk, answer cards, and try again until it is
//! there.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::interval;
use uuid::Uuid;

use crate::chance::Chance;
use crate::diary::{Diary, Fate};
use crate::house::{House, Key, client};

/// Between two tries of somebody who finds nobody at home.
const AGAIN_AFTER: Duration = Duration::from_millis(5);
const CARDS_EVERY: Duration = Duration::from_millis(20);
const PER_PAGE: usize = 100;

/// A program with a key that survives the house it talks to.
pub struct Line {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Line {
    pub fn new(house: &House, key: &Key) -> Line {
        Line { base: house.url("/api"), key: key.key.clone(), http: client() }
    }

    /// Until the house is there.
    pub async fn answered(&self) {
        let mut again = interval(AGAIN_AFTER);
        while self.get("/queue").await.is_err() {
            again.tick().await;
        }
    }

    /// The answer's body; an error where the house broke off.
    pub async fn get(&self, path: &str) -> reqwest::Result<Value> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key);
        request.send().await?.error_for_status()?.json().await
    }

    /// All pages of a list.
    pub async fn list(&self, path: &str, name: &str) -> reqwest::Result<Vec<Value>> {
        let mut found = Vec::new();
        for page in 1.. {
            let body = self.get(&format!("{path}?per_page={PER_PAGE}&page={page}")).await?;
            let rows = body[name].as_array().unwrap();
            found.extend_from_slice(rows);
            if rows.len() < PER_PAGE {
                break;
            }
        }
        Ok(found)
    }

    async fn post(&self, path: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        request.json(body).send().await
    }
}

/// Says one thing after another, in one conversation after another.
pub async fn talk(line: &Line, diary: &Diary, chance: &Chance) {
    let mut talk = Uuid::new_v4();
    loop {
        let at = diary.compose(chance);
        say(line, diary, (talk, at), chance.one_in(2)).await;
        // What comes after a card that nobody answers would wait for good.
        if diary.stays_open(at) || chance.one_in(4) {
            talk = Uuid::new_v4();
        }
    }
}

/// Sends a message; then waits for its answer, or does not.
async fn say(line: &Line, diary: &Diary, (talk, at): (Uuid, usize), patient: bool) {
    let body = json!({"message": diary.words(at), "conversation_id": talk.to_string()});
    let mut again = interval(AGAIN_AFTER);
    let answer = loop {
        again.tick().await;
        match line.post("/chat/completions", &body).await {
            // Nobody was there to hear it.
            Err(err) if err.is_connect() => {}
            answer => break answer,
        }
    };
    let Ok(mut answer) = answer else { return };
    if !answer.status().is_success() {
        let status = answer.status();
        let words = answer.text().await.unwrap_or_default();
        return diary.settle(at, Fate::Refused(format!("{status}: {words}")));
    }
    diary.settle(at, Fate::Accepted);
    // Until it is said, broken off, or waits for a card: that is another's business.
    while patient && let Ok(Some(piece)) = answer.chunk().await {
        if piece.windows(7).any(|it| it == b"pending") {
            return;
        }
    }
}

/// Answers the cards as their tokens say.
pub async fn decide(line: &Line, diary: &Diary) {
    let mut again = interval(CARDS_EVERY);
    loop {
        again.tick().await;
        decide_once(line, diary).await;
    }
}

/// Gives how many cards wait for an answer that is yet to be given; none: the house was not there.
pub async fn decide_once(line: &Line, diary: &Diary) -> Option<usize> {
    let waiting = line.list("/approvals", "approvals").await.ok()?;
    diary.see(&waiting);
    let mut open = 0;
    for id in waiting.iter().map(|card| card["call_id"].as_str().unwrap()) {
        let card = diary.card(id);
        let verb = match crate::peers::verb(&card.token) {
            "yes" => "approve",
            "no" => "deny",
            _ => continue,
        };
        open += 1;
        let path = format!("/tool-calls/{id}/{verb}");
        // Whatever comes of it: from here on it may have happened.
        diary.answer(id, Fate::Unknown);
        match line.post(&path, &json!({})).await {
            Ok(answer) if answer.status().is_success() => diary.answer(id, Fate::Accepted),
            Ok(_) if diary.lenient => {}
            Ok(answer) => diary.broken(format!(
                "{}: a card that waits can't be answered: {}",
                card.token,
                answer.status()
            )),
            Err(_) => {}
        }
    }
    Some(open)
}
