//! An agent's workspace: what its runs read and write, what a person brings, and who may reach it.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;
use crate::callers::{as_user, form};

/// A file of this name in a form.
fn upload(path: &str, name: &str, text: &str) -> Request<Body> {
    let body = format!(
        "--line\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n\
         {text}\r\n--line--\r\n"
    );
    let request = Request::post(path).header("content-type", "multipart/form-data; boundary=line");
    request.body(Body::from(body)).unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn writer(house: &House, name: &str) -> String {
    house.agent(json!({"name": name, "allowed_tools": ["filesystem"]})).await
}

#[tokio::test]
async fn an_agents_runs_write_and_read_in_its_own_folder_and_nowhere_else() {
    let house = House::new().await;
    let gardener = writer(&house, "Gardener").await;
    house.app.send(upload("/api/my/files", "mine.txt", "my diary")).await;
    house.answers(&[Say::Call("files_write", json!({"path": "beds/plan.md", "content": "Roses"}))]);
    house.answers(&[Say::Text("Written.")]);
    house.run(&gardener, Some("Write the plan")).await;
    let plan = house.app.get(&format!("{gardener}/files/download?path=/beds/plan.md")).await;
    assert_eq!(plan.text, "Roses");
    let own = house.app.get("/api/my/files").await.json();
    assert_eq!(own["entries"].as_array().unwrap().len(), 1, "{own}");
    house.answers(&[Say::Call("files_list", json!({}))]);
    house.answers(&[Say::Call("files_read", json!({"path": "mine.txt"}))]);
    house.answers(&[Say::Text("Nothing.")]);
    house.run(&gardener, Some("What is there?")).await;
    let seen = house.asked()["messages"].to_string();
    assert!(seen.contains("beds/") && !seen.contains("my diary"), "{seen}");
    let other = writer(&house, "Other").await;
    let none = house.app.get(&format!("{other}/files")).await.json();
    assert_eq!(none, json!({"path": "/", "entries": []}));
    let assistant = format!("/api/agents/{}/files", steward::agent::ASSISTANT);
    assert_eq!(house.app.get(&assistant).await.json(), own, "the assistant's is one's own");
}

#[tokio::test]
async fn no_path_leads_out_of_a_workspace() {
    let house = House::new().await;
    let gardener = writer(&house, "Gardener").await;
    let files = format!("{gardener}/files");
    house.app.send(upload(&files, "plan.txt", "Roses")).await;
    house.app.send(upload("/api/my/files", "mine.txt", "my diary")).await;
    let outside = format!("../../{}/mine.txt", steward::testing::ADA);
    let id = gardener.rsplit('/').next().unwrap();
    let folder = house.app.app.agents.files.join("agents").join(id);
    std::os::unix::fs::symlink("/etc", folder.join("link")).unwrap();
    for (path, status) in [
        (outside.as_str(), 403),
        ("../../../steward.db", 403),
        ("link/hostname", 403),
        ("none", 404),
    ] {
        let got = house.app.get(&format!("{files}/download?path={path}")).await;
        assert_eq!(got.status, status, "{path}: {}", got.text);
        let gone = format!("{files}?path={path}");
        let gone = house.app.send_json("DELETE", &gone, &Value::Null).await;
        assert_eq!(gone.status, status, "{path}: {}", gone.text);
    }
    let up = house.app.send(upload(&format!("{files}?path=/.."), "up.txt", "x")).await;
    assert_eq!(up.status, 403, "{}", up.text);
    let twice = house.app.send(upload(&files, "plan.txt", "Tulips")).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    for call in [("files_read", outside.as_str()), ("files_read", "link/hostname")] {
        house.answers(&[Say::Call(call.0, json!({"path": call.1}))]);
        house.answers(&[Say::Text("I can't.")]);
        house.run(&gardener, Some("Read it")).await;
        assert!(!house.asked()["messages"].to_string().contains("my diary"));
    }
}

#[tokio::test]
async fn everybody_may_look_and_only_an_admin_changes_what_lies_there() {
    let house = House::new().await;
    let gardener = writer(&house, "Gardener").await;
    let files = format!("{gardener}/files");
    assert_eq!(house.app.send(upload(&files, "plan.txt", "Roses")).await.status, 200);
    let got = get(&format!("{files}/download?path=plan.txt"));
    assert_eq!(as_user(&house.app, &["read"], got).await.text, "Roses");
    let zip = get(&format!("{files}/download-zip"));
    assert!(as_user(&house.app, &["read"], zip).await.text.contains("plan.txt"));
    assert_eq!(as_user(&house.app, &["chat"], get(&files)).await.status, 403);
    let all = &["*"];
    let sent = as_user(&house.app, all, upload(&files, "mine.txt", "x")).await;
    assert_eq!(sent.status, 403, "{}", sent.text);
    let gone = Request::delete(format!("{files}?path=plan.txt")).body(Body::empty()).unwrap();
    assert_eq!(as_user(&house.app, all, gone).await.status, 403);
    let nobody = "/api/agents/01900000-0000-7000-8000-000000000000/files";
    assert_eq!(house.app.get(nobody).await.status, 404);
    assert_eq!(house.app.get("/api/agents/me/files").await.status, 404);
}

#[tokio::test]
async fn what_one_persons_run_wrote_is_somebody_elses_text_to_another() {
    let house = House::new().await;
    let gardener = writer(&house, "Gardener").await;
    house.answers(&[Say::Call("files_write", json!({"path": "plan.md", "content": "Roses"}))]);
    house.answers(&[Say::Text("Written.")]);
    house.run(&gardener, Some("Write the plan")).await;
    let read = async |by_eve: bool| {
        house.answers(&[Say::Call("files_read", json!({"path": "plan.md"}))]);
        house.answers(&[Say::Text("Roses.")]);
        let path = format!("{gardener}/run");
        let ask = Request::post(&path).header("content-type", "application/json");
        let ask = ask.body(Body::from(json!({"message": "Read the plan"}).to_string())).unwrap();
        let sent = match by_eve {
            true => as_user(&house.app, &["chat"], ask).await,
            false => house.app.send(ask).await,
        };
        assert_eq!(sent.status, 200, "{}", sent.text);
        house.app.work().await;
        house.asked()["messages"].to_string()
    };
    let (own, foreign) = (read(false).await, read(true).await);
    assert!(own.contains("Roses") && foreign.contains("Roses"), "{foreign}");
    let marked = |text: &str| text.split("Read the plan").nth(1).unwrap().contains("[outside text");
    assert_eq!((marked(&own), marked(&foreign)), (false, true), "{own}\n{foreign}");
}

#[tokio::test]
async fn the_files_of_a_deleted_agent_are_kept_and_come_back_with_it() {
    let house = House::new().await;
    let gardener = writer(&house, "Gardener").await;
    let files = format!("{gardener}/files");
    house.app.send(upload(&files, "plan.txt", "Roses")).await;
    let page = gardener.replace("/api", "");
    assert!(house.app.get(&page).await.text.contains("its files are kept"));
    house.app.send_json("DELETE", &gardener, &Value::Null).await;
    assert_eq!(house.app.get(&files).await.status, 404);
    house.app.send(form(&format!("{page}/restore"), "")).await;
    let back = house.app.get(&format!("{files}/download?path=plan.txt")).await;
    assert_eq!(back.text, "Roses");
}

#[tokio::test]
async fn the_page_lists_takes_gives_and_deletes_files() {
    let house = House::new().await;
    let gardener = writer(&house, "Gardener").await;
    let page = gardener.replace("/api", "");
    let files = format!("{page}/files");
    assert!(house.app.get(&page).await.text.contains(&format!("href=\"{files}\"")));
    let empty = house.app.get(&files).await.text;
    assert!(empty.contains("Nothing lies here yet.") && !empty.contains("as zip"), "{empty}");
    let brought = upload(&format!("{files}/upload?path=beds"), "a & b.txt", "Roses");
    assert_eq!(house.app.send(brought).await.status, 303);
    let top = house.app.get(&files).await.text;
    assert!(top.contains(&format!("{files}?path=beds")), "{top}");
    assert!(top.contains(&format!("href=\"{files}/download-zip?path=\" download")), "{top}");
    let beds = house.app.get(&format!("{files}?path=beds")).await.text;
    assert!(beds.contains("download?path=beds/a%20%26%20b.txt"), "{beds}");
    assert!(beds.contains("a &#38; b.txt") && beds.contains("5 bytes"), "{beds}");
    assert!(beds.contains("download-zip?path=beds\""), "{beds}");
    let zip = house.app.get(&format!("{files}/download-zip?path=beds")).await;
    assert!(zip.status == 200 && zip.text.contains("a & b.txt"), "{}", zip.text);
    let got = house.app.get(&format!("{files}/download?path=beds/a%20%26%20b.txt")).await;
    assert_eq!(got.text, "Roses");
    let full = house.app.send(form(&format!("{files}/delete"), "path=beds")).await;
    assert_eq!(full.status, 409);
    assert!(full.text.contains("beds is not empty."), "{}", full.text);
    let gone = form(&format!("{files}/delete"), "path=beds%2Fa+%26+b.txt");
    assert_eq!(house.app.send(gone).await.status, 303);
    assert!(!house.app.get(&format!("{files}?path=beds")).await.text.contains("b.txt"));
}
