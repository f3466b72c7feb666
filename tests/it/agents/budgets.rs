//! Who has another agent work pays for it: in tokens, in money, and before the call is made.

use std::time::Duration;

use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::testing::model_answers::{Answer, Say, openai_chunk};
use steward::testing::model_server::Signal;

use super::House;

const PRICED: &str = "p:claude-sonnet-4-5";
/// The second would be asked by then, were there room for it.
const SOON: Duration = Duration::from_millis(200);
/// What is not done by then waits for something that never comes.
const NEVER: Duration = Duration::from_secs(20);

impl House {
    async fn gives(&self, agent: &str, unit: &str, amount: i64) {
        let body = json!({"amount": amount, "type": "set", "unit": unit});
        let set = self.app.post(&format!("{agent}/balance"), &body).await;
        assert_eq!(set.status, 200, "{}", set.text);
    }

    async fn left(&self, agent: &str, unit: &str) -> Option<i64> {
        let found = self.app.get(&format!("{agent}/summary")).await.json();
        found["balance"][unit].as_i64()
    }

    /// The sum over all runs.
    async fn used(&self, what: &str) -> i64 {
        let runs = self.app.get("/api/runs").await.json()["runs"].clone();
        runs.as_array().unwrap().iter().map(|run| run[what].as_i64().unwrap()).sum()
    }

    /// The assistant waits for the gardener, who is paused. Gives the path of either.
    async fn asked_and_paused(&self, calls: usize) -> (String, String) {
        let assistant = format!("/api/agents/{ASSISTANT}");
        let gardener = self.gardener().await;
        self.gives(&assistant, "tokens", 50_000).await;
        self.app.post(&format!("{gardener}/pause"), &json!({})).await;
        let asks = json!({"agent": "Gardener", "message": "Look"});
        self.answers(&vec![Say::Call("agents_run", asks); calls]);
        self.app.say(None, "Ask the gardener").await;
        self.app.work().await;
        (assistant, gardener)
    }

    async fn resumed(&self, gardener: &str) {
        self.app.post(&format!("{gardener}/resume"), &json!({})).await;
    }

    /// So many micro-dollars were paid for what this agent does in its latest run.
    async fn took(&self, agent: &str, micros: i64) {
        let run = self.run_of(agent).await["id"].as_str().unwrap().to_owned();
        let now = self.app.app.clock.now().as_millisecond();
        let spent = "insert into model_calls (run_id, agent_id, model, input_tokens, output_tokens,
                         cached_tokens, cost_usd_micros, duration_ms, outcome, created_at)
                     select id, agent_id, 'p:m', 1, 1, 0, ?2, 1, 'ok', ?3 from runs where id = ?1";
        self.app.app.db.write(move |tx| tx.execute(spent, (run, micros, now))).await.unwrap();
    }

    /// A task with these limits has the assistant ask the gardener, whose calls cost and who took 90
    /// cents so far. Gives what becomes of the gardener's run.
    async fn refused_in_a_task(&self, limits: Value) -> String {
        let gardener = self.gardener().await;
        self.put(&gardener, json!({"model": PRICED})).await;
        self.app.post(&format!("{gardener}/pause"), &json!({})).await;
        let mut task = json!({"name": "Look", "prompt": "Ask the gardener", "schedule": "@yearly",
                              "allowed_tools": ["agents", "notes"]});
        task.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        let task = self.app.post("/api/tasks", &task).await.json()["id"].take();
        let asks = json!({"agent": "Gardener", "message": "Look"});
        self.answers(&[Say::Call("agents_run", asks)]);
        let run = format!("/api/tasks/{}/run", task.as_str().unwrap());
        assert_eq!(self.app.post(&run, &json!({})).await.status, 200);
        self.app.work().await;
        self.took(&gardener, 900_000).await;
        self.resumed(&gardener).await;
        self.app.work().await;
        self.run_of(&gardener).await["error"].as_str().unwrap_or_default().to_owned()
    }

    async fn run_of(&self, agent: &str) -> Value {
        let id = agent.rsplit('/').next().unwrap();
        self.app.get(&format!("/api/runs?agent_id={id}")).await.json()["runs"][0].clone()
    }
}

#[tokio::test]
async fn what_another_agent_does_for_one_is_paid_from_the_budgets_of_both() {
    let house = House::new().await;
    let (assistant, gardener) = (format!("/api/agents/{ASSISTANT}"), house.gardener().await);
    for agent in [&assistant, &gardener] {
        let changed = house.put(agent, json!({"model": PRICED})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        house.gives(agent, "usd_micros", 5_000_000).await;
    }
    house.gives(&assistant, "tokens", 50_000).await;
    house.answers(&[Say::Call("agents_run", json!({"agent": "Gardener", "message": "Look"}))]);
    house.answers(&[Say::Text("Beans are up.")]);
    house.answers(&[Say::Text("Beans.")]);
    house.app.ask("Ask the gardener").await;
    let tokens = house.used("input_tokens").await + house.used("output_tokens").await;
    assert_eq!(house.left(&assistant, "tokens").await, Some(50_000 - tokens));
    let (all, part) = (house.used("cost_usd_micros").await, house.run_of(&gardener).await);
    let part = part["cost_usd_micros"].as_i64().unwrap();
    assert!(0 < part && part < all, "{part} of {all}");
    assert_eq!(house.left(&assistant, "usd_micros").await, Some(5_000_000 - all));
    assert_eq!(house.left(&gardener, "usd_micros").await, Some(5_000_000 - part));
    assert_eq!(house.left(&gardener, "tokens").await, None);
    let run = house.run_of(&assistant).await["id"].as_str().unwrap().to_owned();
    let page = house.app.get(&format!("/runs/{run}")).await.text;
    assert!(page.contains("Had others use") && page.contains("1 model call ·"), "{page}");
}

#[tokio::test]
async fn the_call_that_the_budget_of_who_asked_does_not_cover_is_not_made() {
    let house = House::new().await;
    let (assistant, gardener) = house.asked_and_paused(1).await;
    house.gives(&assistant, "tokens", 100).await;
    house.resumed(&gardener).await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 1, "nothing more was asked");
    let run = house.run_of(&gardener).await;
    let error = run["error"].as_str().unwrap();
    assert!(error.starts_with("Steward's budget has 100 tokens left"), "{error}");
}

#[tokio::test]
async fn what_an_agent_has_others_do_counts_for_what_it_may_spend_a_day() {
    let house = House::new().await;
    let (assistant, gardener) = house.asked_and_paused(1).await;
    let cheap = json!({"daily_spend_usd_micros": 10_000});
    assert_eq!(house.put(&assistant, cheap).await.status, 200);
    house.put(&gardener, json!({"model": PRICED})).await;
    house.resumed(&gardener).await;
    house.app.work().await;
    // The assistant's own model costs nothing, and is told of it.
    let asked = house.model.requests().into_iter().map(|it| it.json()["model"].clone());
    assert_eq!(asked.collect::<Vec<_>>(), ["m", "m"], "the gardener's was not asked");
    let run = house.run_of(&gardener).await;
    let error = run["error"].as_str().unwrap();
    assert!(error.starts_with("Steward's spending limit of $0.01 would be passed"), "{error}");
}

#[tokio::test]
async fn two_that_work_for_one_side_by_side_pass_its_budget_together_no_more_than_alone() {
    let house = House::new().await;
    let (assistant, gardener) = house.asked_and_paused(2).await;
    // Half of it is for an answer, so that two don't fit beside their questions.
    house.gives(&assistant, "tokens", 20_000).await;
    let signal = Signal::default();
    let late = Answer::stream().wait(&signal);
    let late = late.then(openai_chunk(&json!({"role": "assistant", "content": "One."}), None));
    house.model.answer(late.then(openai_chunk(&json!({}), Some("stop"))).then("data: [DONE]\n\n"));
    house.answers(&[Say::Text("Two.")]);
    house.answers(&[Say::Text("Both looked.")]);
    house.resumed(&gardener).await;
    let release = async {
        house.model.asked(2).await;
        let second = tokio::time::timeout(SOON, house.model.asked(3)).await;
        assert!(second.is_err(), "there is room for one at a time");
        signal.give();
    };
    tokio::join!(house.app.work(), house.app.work(), release);
    let ends = house.app.get("/api/runs").await.json()["runs"].clone();
    let ends = ends.as_array().unwrap().iter().map(|run| run["state"].clone());
    assert_eq!(ends.collect::<Vec<_>>(), ["completed", "completed", "completed"]);
}

#[tokio::test]
async fn what_others_did_for_it_today_counts_for_what_an_agent_may_spend_a_day() {
    let house = House::new().await;
    let (assistant, gardener) = house.asked_and_paused(1).await;
    house.took(&gardener, 900_000).await;
    let daily = json!({"daily_spend_usd_micros": 1_000_000});
    assert_eq!(house.put(&assistant, daily).await.status, 200);
    house.put(&gardener, json!({"model": PRICED})).await;
    house.resumed(&gardener).await;
    house.app.work().await;
    let run = house.run_of(&gardener).await;
    let error = run["error"].as_str().unwrap();
    let refused = "Steward's spending limit of $1.00 would be passed: $0.90 is spent";
    assert!(error.starts_with(refused), "{error}");
}

#[tokio::test]
async fn what_others_do_for_a_run_counts_for_its_budget_and_for_what_its_task_may_spend_a_day() {
    let house = House::new().await;
    let error = house.refused_in_a_task(json!({"budget_usd_micros": 1_000_000})).await;
    let refused = "This run's spending limit of $1.00 would be passed: $0.90 is spent";
    assert!(error.starts_with(refused), "{error}");

    let house = House::limited("task_daily_spend_usd = 1.0").await;
    let error = house.refused_in_a_task(json!({})).await;
    let refused = "This task's spending limit of $1.00 would be passed: $0.90 is spent";
    assert!(error.starts_with(refused), "{error}");
}

#[tokio::test]
async fn a_plan_that_is_asked_for_again_waits_for_nothing_of_its_own() {
    let house = House::new().await;
    let assistant = format!("/api/agents/{ASSISTANT}");
    // Room for one call and not for two.
    house.gives(&assistant, "tokens", 7_000).await;
    house.model.always(Answer::openai_text("I had rather not."));
    let task = json!({"name": "Look", "prompt": "Look what is new", "schedule": "@yearly",
                      "allowed_tools": ["web"]});
    assert_eq!(house.app.post("/api/tasks", &task).await.status, 201);
    let read = tokio::time::timeout(NEVER, house.app.tick()).await;
    read.expect("there is an end to it");
    assert_eq!(house.model.requests().len(), 2, "it was asked twice");
    let left = house.left(&assistant, "tokens").await;
    assert_eq!(left, Some(7_000 - 2 * 120), "both answers are paid for");
    let answer = tokio::time::timeout(NEVER, house.app.ask("Hello")).await;
    assert_eq!(answer.expect("nothing is set aside any more"), "I had rather not.");
}
