//! An owner who answers late: an agent that works every minute asks, is killed, and goes on when the
//! answer comes an hour later.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use crate::peers;
use crate::world::{Trouble, World};

const MINUTE_S: i64 = 61;
const HOUR_S: i64 = 3_600;
const TIME_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[tokio::test]
async fn an_agent_of_every_minute_goes_on_after_a_kill_and_a_yes_an_hour_later() {
    let mut world = World::new(Trouble::Kills).await;
    assert!(world.time.moves, "the debug build's clock can be moved");
    let token = "yes-late".to_owned();
    let prompt = peers::words(std::slice::from_ref(&token));
    let agent = json!({
        "name": "Minutely", "prompt": prompt, "schedule": "* * * * *", "allowed_tools": ["mcp__peer"],
    });
    world.add_agent(&agent).await;
    world.time.pass(MINUTE_S);
    let card = first_card(&world, &token).await;
    world.house.kill().await;
    world.time.pass(HOUR_S);
    world.house.start().await;
    assert_eq!(first_card(&world, &token).await["call_id"], card["call_id"], "it still waits");
    let done = || world.tools.calls().get(&peers::sealed(&token)).copied();
    assert_eq!(done(), None, "nobody said yes yet");
    let call = card["call_id"].as_str().unwrap();
    world.key.post(&format!("/tool-calls/{call}/approve"), &json!({})).await;
    let run = format!("/runs/{}", card["run_id"].as_str().unwrap());
    until(async || (world.key.get(&run).await["state"] == "completed").then_some(())).await;
    assert_eq!(done(), Some(1), "it was done once");
    world.time.pass(MINUTE_S);
    assert_ne!(
        first_card(&world, &token).await["call_id"],
        card["call_id"],
        "and so is the next minute's"
    );
}

/// The card for this that has waited longest.
async fn first_card(world: &World, token: &str) -> Value {
    let text = peers::sealed(token);
    until(async || {
        let waiting = world.key.get("/approvals").await["approvals"].clone();
        let mut cards = waiting.as_array().unwrap().iter();
        cards.find(|card| card["arguments"]["text"] == text).cloned()
    })
    .await
}

/// Asks again until there is something.
async fn until<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let found = timeout(TIME_MAX, async {
        let mut again = interval(LOOK_EVERY);
        loop {
            again.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    });
    found.await.expect("it comes in time")
}
