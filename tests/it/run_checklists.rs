//! What stays with a run: the list of its steps, and how good it was.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use crate::callers;
use crate::run_traces::House;

async fn items(house: &House, run: &str) -> Vec<(u64, String, bool, String)> {
    let found = house.app.get(&format!("/api{run}/checklist")).await.json();
    let items = found["checklist"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items
        .map(|it| {
            let done = it["done"].as_bool().unwrap();
            (it["n"].as_u64().unwrap(), text(&it["text"]), done, text(&it["by"]))
        })
        .collect()
}

#[tokio::test]
async fn the_model_keeps_a_list_and_the_owners_items_stay_in_it() {
    let house = House::new("").await;
    let first = "- [x] Read the <plan>\n- [ ] Write the letter";
    house.answers(&[Say::Call("checklist_write", json!({"steps": first}))]);
    house.answers(&[Say::Call("files_delete", json!({"path": "x"}))]);
    house.write_file("x", "x").await;
    house.app.say(None, "tidy up").await;
    house.app.work().await;
    let run = house.newest().await;
    let list = format!("/api{run}/checklist");
    let row = |n, text: &str, done, by: &str| (n, text.to_owned(), done, by.to_owned());
    let kept =
        [row(1, "Read the <plan>", true, "model"), row(2, "Write the letter", false, "model")];
    assert_eq!(items(&house, &run).await, kept);
    let page = house.app.get(&run).await.text;
    assert!(page.contains("Its checklist") && page.contains("Read the &#60;plan&#62;"), "{page}");
    let made = house.app.post(&list, &json!({"text": " Call Anna "})).await;
    assert_eq!((made.status.as_u16(), &made.json()["n"]), (201, &json!(3)));
    let change = json!({"done": true});
    let changed = house.app.send_json("PATCH", &format!("{list}/2"), &change).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["done"]), (200, &json!(true)));
    let calls = house.tool_calls(&run).await;
    let deny = format!("/api/tool-calls/{}/deny", calls[1]["id"].as_str().unwrap());
    house.app.post(&deny, &json!({})).await;
    house.answers(&[Say::Call("checklist_write", json!({"steps": "[x] Post it"}))]);
    house.answers(&[Say::Text("Done.")]);
    house.app.work().await;
    let told = house.model.requests().last().unwrap().json()["messages"].to_string();
    assert!(told.contains("3. [ ] Call Anna"), "the model sees what its owner added: {told}");
    let kept = [
        row(2, "Write the letter", true, "owner"),
        row(3, "Call Anna", false, "owner"),
        row(4, "Post it", true, "model"),
    ];
    assert_eq!(items(&house, &run).await, kept);
    let one = house.app.get(&format!("{list}/3")).await.json();
    assert_eq!(
        (&one["n"], &one["text"], &one["by"]),
        (&json!(3), &json!("Call Anna"), &json!("owner"))
    );
    let removed = house.app.send_json("DELETE", &format!("{list}/3"), &json!({})).await;
    assert_eq!(removed.json(), json!({"ok": true}));
    assert_eq!(house.app.send_json("DELETE", &format!("{list}/3"), &json!({})).await.status, 404);
    assert_eq!(house.app.get(&format!("{list}/3")).await.status, 404);
    assert_eq!(house.app.post(&list, &json!({"text": " "})).await.status, 400);
}

#[tokio::test]
async fn a_run_is_rated_by_its_owner_alone() {
    let house = House::new("").await;
    house.answers(&[Say::Text("Hello.")]);
    house.asked("hi").await;
    let run = house.newest().await;
    let path = format!("/api{run}/feedback");
    let given = house.app.post(&path, &json!({"rating": 2, "comment": "too <short>"})).await;
    assert_eq!(given.status, 201, "{}", given.text);
    let form = callers::form(&format!("{run}/feedback"), "rating=5&comment=");
    assert_eq!(house.app.send(form).await.status, 303);
    let found = house.app.get(&path).await.json();
    let ratings: Vec<_> =
        found["feedback"].as_array().unwrap().iter().map(|it| it["rating"].clone()).collect();
    assert_eq!((ratings, &found["total"]), (vec![json!(2), json!(5)], &json!(2)));
    assert_eq!(found["feedback"][0]["given_by"], "Ada");
    let page = house.app.get(&run).await.text;
    assert!(page.contains("Ada gave it 2 of 5: too &#60;short&#62;"), "{page}");
    for rating in [0, 6] {
        let refused = house.app.post(&path, &json!({"rating": rating})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (400, &json!("rating")));
    }
    for (part, body) in [("feedback", json!({"rating": 1})), ("checklist", json!({"text": "x"}))] {
        let request = Request::builder().method(Method::POST).uri(format!("/api{run}/{part}"));
        let request = request.header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        assert_eq!(callers::as_user(&house.app, &["*"], request).await.status, 404, "{part}");
    }
}
