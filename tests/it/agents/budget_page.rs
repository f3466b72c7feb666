//! The budget of an agent on its page: tokens and money, set and added to.

use serde_json::json;

use super::House;
use crate::callers::form;

#[tokio::test]
async fn its_page_sets_and_adds_tokens_and_money_and_says_when_they_are_used_up() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let page = gardener.replace("/api", "");
    let give = async |fields: &str| house.app.send(form(&format!("{page}/balance"), fields)).await;
    let left =
        async || house.app.get(&format!("{gardener}/summary")).await.json()["balance"].clone();
    assert_eq!(give("amount=1.50&unit=usd_micros&how=set").await.status, 303);
    assert_eq!(give("amount=0.25&unit=usd_micros&how=increment").await.status, 303);
    assert_eq!(give("amount=100&unit=tokens&how=increment").await.status, 303);
    assert_eq!(left().await, json!({"tokens": 100, "usd_micros": 1_750_000}));
    let shown = house.app.get(&page).await.text;
    assert!(shown.contains("100 tokens, $1.75"), "{shown}");
    for bad in [
        "amount=many&unit=tokens&how=set",
        "amount=&unit=tokens&how=increment",
        "amount=-1&unit=tokens&how=set",
        "amount=-0.01&unit=usd_micros&how=set",
        "amount=inf&unit=usd_micros&how=set",
        "amount=nan&unit=usd_micros&how=increment",
        "amount=1000001&unit=usd_micros&how=set",
    ] {
        assert_eq!(give(bad).await.status, 422, "{bad}");
    }
    assert_eq!(left().await, json!({"tokens": 100, "usd_micros": 1_750_000}));
    assert_eq!(give("amount=0&unit=tokens&how=set").await.status, 303);
    let shown = house.app.get(&page).await.text;
    assert!(shown.contains("Its budget is used up: it does nothing"), "{shown}");
    assert_eq!(give("amount=&unit=tokens&how=set").await.status, 303);
    assert_eq!(left().await, json!({"tokens": null, "usd_micros": 1_750_000}));
}
