//! How agents come, change and go.

use serde_json::{Value, json};

use super::House;
use crate::callers::{as_user, form, with_token};

#[tokio::test]
async fn an_agent_is_made_changed_and_deleted_with_undo() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let found = house.app.get(&gardener).await.json();
    let agent = &found["agent"];
    assert_eq!(
        (&agent["name"], &agent["status"], &agent["schedule"], &agent["prompt_mode"]),
        (&json!("Gardener"), &json!("active"), &Value::Null, &json!("combined"))
    );
    assert_eq!((&found["runs"], &found["total_input_tokens"]), (&json!([]), &json!(0)));
    let changed =
        house.put(&gardener, json!({"prompt": "Note what blooms.", "model": "p:x"})).await;
    assert_eq!(changed.text, r#"{"ok":true}"#);
    let agent = house.app.get(&gardener).await.json()["agent"].clone();
    assert_eq!(
        (&agent["prompt"], &agent["model"], &agent["allowed_tools"]),
        (&json!("Note what blooms."), &json!("p:x"), &json!(["notes"]))
    );
    let versions = house.app.get(&format!("{gardener}/prompt-versions")).await.json();
    let told = |at: usize| versions[at]["prompt"].as_str().unwrap().to_owned();
    assert_eq!((told(0), told(1)), ("Note what blooms.".into(), "Note what grows.".into()));
    let gone = house.app.send_json("DELETE", &gardener, &Value::Null).await;
    assert_eq!(gone.text, r#"{"ok":true}"#);
    assert_eq!(house.app.get(&gardener).await.status, 404);
    let names = house.app.get("/api/agents").await.json();
    assert_eq!(names.as_array().unwrap().len(), 1, "the assistant stays: {names}");
    let page = gardener.replace("/api", "");
    assert_eq!(house.app.send(form(&format!("{page}/restore"), "")).await.status, 303);
    assert_eq!(house.status(&gardener).await, "stopped");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_sentence() {
    let house = House::new().await;
    house.gardener().await;
    for (body, sentence) in [
        (json!({"name": " "}), "Give the agent a name"),
        (json!({"name": "gardener"}), "There is an agent named gardener already."),
        (json!({"name": "A", "model": "nobody:x"}), "nobody"),
        (json!({"name": "A", "allowed_tools": ["a b"]}), "no name of a tool"),
        (json!({"name": "A", "allowed_tools": ["note"]}), "no set of tools named"),
        (json!({"name": "A", "schedule": "whenever"}), "whenever"),
        (json!({"name": "A", "schedule": "@daily"}), "Write what is to be done"),
        (json!({"name": "A", "max_tool_calls": 0}), "from 1 to 1000"),
        (json!({"name": "A", "prompt_mode": "loud"}), "prompt_mode"),
        (json!({"name": "A", "colour": "red"}), "colour"),
    ] {
        let refused = house.app.post("/api/agents", &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert!(refused.text.contains(sentence), "{body}: {}", refused.text);
    }
    let assistant = format!("/api/agents/{}", steward::agent::ASSISTANT);
    let kept = house.app.send_json("DELETE", &assistant, &Value::Null).await;
    assert_eq!(kept.status, 409, "{}", kept.text);
}

#[tokio::test]
async fn everybody_may_talk_to_an_agent_and_only_an_admin_changes_one() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let ask = |path: String, body: Value| {
        axum::http::Request::post(path)
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_string()))
            .unwrap()
    };
    let all = &["*"];
    for (path, body) in [
        ("/api/agents".to_owned(), json!({"name": "Mine"})),
        (format!("{gardener}/pause"), json!({})),
        (format!("{gardener}/stop"), json!({})),
        (format!("{gardener}/balance"), json!({"amount": 1, "type": "set"})),
    ] {
        assert_eq!(as_user(&house.app, all, ask(path.clone(), body)).await.status, 403, "{path}");
    }
    let run = format!("{gardener}/run");
    let own = as_user(&house.app, &["chat"], ask(run.clone(), json!({"message": "Hi"}))).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let talk = own.json()["conversation_id"].as_str().unwrap().to_owned();
    let others = house.app.get(&format!("/api/conversations/{talk}")).await;
    assert_eq!(others.status, 404, "a conversation is whoever's began it");
    assert_eq!(with_token(&house.app, &["read"], ask(run, json!({}))).await.status, 403);
}

#[tokio::test]
async fn a_form_that_shows_an_old_agent_is_not_saved_over_a_new_one() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let page = gardener.replace("/api", "");
    let edit = house.app.get(&format!("{page}/edit")).await.text;
    assert!(edit.contains(r#"name="revision" value="1""#), "{edit}");
    house.put(&gardener, json!({"prompt": "Note what blooms."})).await;
    let late = "name=Gardener&prompt=Mine&prompt_mode=combined&revision=1&tool.notes=yes";
    let refused = house.app.send(form(&page, late)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("changed this agent meanwhile") && refused.text.contains("Mine"));
    assert!(refused.text.contains(r#"name="revision" value="2""#), "it can be saved knowingly");
    let fresh = late.replace("revision=1", "revision=2");
    assert_eq!(house.app.send(form(&page, &fresh)).await.status, 303);
    assert_eq!(house.app.get(&gardener).await.json()["agent"]["prompt"], "Mine");
}

#[tokio::test]
async fn the_pages_show_who_there_is_and_what_each_may_do() {
    let house = House::new().await;
    let made = "name=Gardener&prompt=Note+what+grows.&prompt_mode=combined&tool.notes=yes\
                &schedule=weekdays+at+7:30&daily_spend=0.50&revision=";
    assert_eq!(house.app.send(form("/agents", made)).await.status, 303);
    let list = house.app.get("/agents").await.text;
    for part in ["Gardener", "1 set of tools", "weekdays at 07:30", "Steward"] {
        assert!(list.to_lowercase().contains(&part.to_lowercase()), "{part}: {list}");
    }
    let agents = house.app.get("/api/agents").await.json();
    let gardener = agents.as_array().unwrap().iter().find(|it| it["name"] == "Gardener").unwrap();
    assert_eq!(
        (&gardener["enabled"], &gardener["daily_spend_usd_micros"]),
        (&json!(true), &json!(500_000))
    );
    let page = format!("/agents/{}", gardener["id"].as_str().unwrap());
    let one = house.app.get(&page).await.text;
    for part in ["Note what grows.", "notes", "$0.50", "Try it", "Pause", "Delete"] {
        assert!(one.contains(part), "{part}: {one}");
    }
    let refused = house.app.send(form("/agents", "name=&prompt_mode=combined&revision=")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Give the agent a name"), "{}", refused.text);
}

#[tokio::test]
async fn an_agent_goes_as_a_file_and_comes_back_as_somebody_elses_words() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let file = house.app.get(&format!("{gardener}/bundle")).await.text;
    assert!(file.contains("name = \"Gardener\"") && file.contains("allowed_tools"), "{file}");
    let taken = house.app.post("/api/agents/import", &json!({ "bundle": file })).await;
    assert_eq!(taken.status, 400, "the name is taken: {}", taken.text);
    let bundle = file.replace("Gardener", "Other");
    let other = house.app.post("/api/agents/import", &json!({ "bundle": bundle })).await;
    assert_eq!(other.status, 201, "{}", other.text);
    let other = other.json();
    assert_eq!(
        (&other["status"], &other["label"]["trust"], &other["prompt"]),
        (&json!("paused"), &json!("outside"), &json!("Note what grows."))
    );
    let path = format!("/api/agents/{}", other["id"].as_str().unwrap());
    let trust = async || house.app.get(&path).await.json()["agent"]["label"]["trust"].take();
    for change in
        [json!({}), json!({"max_tool_calls": 5}), json!({"prompt": "Note what grows. Now."})]
    {
        assert_eq!(house.put(&path, change).await.status, 200);
        assert_eq!(
            trust().await,
            "outside",
            "a save that leaves the words says not whose they are"
        );
    }
    house.put(&path, json!({"prompt": "Water the beans."})).await;
    assert_eq!(trust().await, "owner");
    for bad in ["name = ", "colour = \"red\"", "name = 5"] {
        let refused = house.app.post("/api/agents/import", &json!({ "bundle": bad })).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.text);
    }
}

#[tokio::test]
async fn the_page_says_what_is_new_in_each_version_of_the_words() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.put(&gardener, json!({"prompt": "Note what grows.\nWater the beans."})).await;
    let page = house.app.get(&gardener.replace("/api", "")).await.text;
    let told = page.split("What it was told before").nth(1).unwrap();
    assert!(told.contains("  Note what grows.\n+ Water the beans."), "{told}");
}

#[tokio::test]
async fn what_a_program_wrote_for_an_agent_is_not_said_by_a_person() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let body = json!({"prompt": "Delete everything."}).to_string();
    let put = axum::http::Request::put(&gardener).header("content-type", "application/json");
    let put = put.body(axum::body::Body::from(body)).unwrap();
    assert_eq!(with_token(&house.app, &["admin"], put).await.status, 200);
    let run = house.app.post(&format!("{gardener}/run"), &json!({})).await;
    assert_eq!(run.status, 400, "{}", run.text);
    assert!(run.text.contains("no person has given it words"), "{}", run.text);
    house.put(&gardener, json!({"prompt": "Delete what is old."})).await;
    house.answers(&[steward::testing::model_answers::Say::Text("Gone.")]);
    house.run(&gardener, None).await;
}

#[tokio::test]
async fn null_is_the_usual_for_every_field_that_has_one() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let usual = json!({"allowed_tools": null, "prompt_mode": null, "memory_layers": null,
                       "metadata": null, "enabled": null, "schedule": null, "prompt": null});
    let saved = house.put(&gardener, usual).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    let agent = house.app.get(&gardener).await.json()["agent"].clone();
    assert_eq!(
        (&agent["allowed_tools"], &agent["prompt_mode"], &agent["prompt"]),
        (&json!([]), &json!("combined"), &json!(""))
    );
    for odd in [json!({"name": null}), json!({"colour": null})] {
        assert_eq!(house.put(&gardener, odd.clone()).await.status, 400, "{odd}");
    }
}

#[tokio::test]
async fn each_version_of_the_words_says_to_a_program_what_is_new_in_it() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.put(&gardener, json!({"prompt": "Note what grows.\nWater the beans."})).await;
    let versions = house.app.get(&format!("{gardener}/prompt-versions")).await.json();
    assert_eq!(versions[0]["difference"], json!(["  Note what grows.", "+ Water the beans."]));
    assert_eq!(versions[1]["difference"], json!(["+ Note what grows."]));
}
