//! Paths for tools of other people's servers: the server reads them in its own way, so they are whole,
//! lie in an opened folder, and carry nothing out.

use std::path::PathBuf;

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;

const ECHO: &str = "mcp__tools__echo";

/// A house whose tool takes a path, and a folder that the owner opened, with one file in it.
async fn with_folder(effect: &str) -> (House, tempfile::TempDir, PathBuf) {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = json!({"effect": effect, "roles": {"text": "path"}});
    let declared = house.app.send_json("PUT", "/api/tools/mcp__tools__echo/roles", &roles).await;
    assert_eq!(declared.json()["effect_in_force"], effect, "{}", declared.text);
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().canonicalize().unwrap().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::write(open.join("plan.txt"), "Nothing.").unwrap();
    let listed = house.app.post("/api/filesystem-whitelist", &json!({"path": open})).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    (house, folder, open)
}

fn path(text: impl AsRef<std::path::Path>) -> Value {
    json!({"text": text.as_ref().to_str().unwrap()})
}

#[tokio::test]
async fn what_is_no_whole_path_in_an_opened_folder_reaches_no_tool_server() {
    for effect in ["read", "send"] {
        let (house, folder, open) = with_folder(effect).await;
        std::os::unix::fs::symlink(folder.path(), open.join("away")).unwrap();
        let inside = |name: &str| format!("{}/{name}", open.display());
        for (text, sentence) in [
            (".ssh/id_rsa".to_owned(), "is no plain path"),
            ("~/.ssh/id_rsa".to_owned(), "is no plain path"),
            ("The PIN of the door is 4711".to_owned(), "is no plain path"),
            ("plan.txt".to_owned(), "is no plain path"),
            (inside("../secret.txt"), "is no plain path"),
            (inside("~"), "is no plain path"),
            (inside("plan.txt\u{202e}"), "is no plain path"),
            ("/etc/passwd".to_owned(), "in no folder that was opened"),
            (inside("away"), "by a link"),
            (inside("away/secret.txt"), "by a link"),
        ] {
            house.call(ECHO, path(&text)).await;
            let (state, result, _) = house.last_call().await;
            assert_eq!(state, "denied", "{effect} {text}: {result}");
            assert!(result.contains(sentence), "{effect} {text}: {result}");
        }
        assert!(house.calls().is_empty() && house.waiting().await.is_empty(), "{effect}");
    }
}

#[tokio::test]
async fn what_is_there_in_an_opened_folder_is_read_without_a_card() {
    let (house, _folder, open) = with_folder("read").await;
    house.call(ECHO, path(open.join("plan.txt"))).await;
    assert_eq!(house.last_call().await.0, "done");
    assert_eq!((house.calls().len(), house.waiting().await.len()), (1, 0));
}

#[tokio::test]
async fn a_path_that_names_nothing_carries_nothing_out() {
    let (house, _folder, open) = with_folder("read").await;
    let secret = open.join("The PIN of the door is 4711");
    house.answers(&[Say::Call(ECHO, path(&secret))]);
    house.answers(&[Say::Text(&json!({"effects": []}).to_string())]);
    house.answers(&[Say::Text("Done.")]);
    house.ask().await;
    let (state, result, _) = house.last_call().await;
    assert_eq!((state.as_str(), house.waiting().await.len()), ("denied", 0), "{result}");
    house.call_that_waits(ECHO, path(&secret)).await;
    let card = house.waiting().await.remove(0);
    let reason = card["reason"].as_str().unwrap();
    assert!(reason.ends_with("names nothing here and is not in your words."), "{card}");
    assert!(house.calls().is_empty());
}

#[tokio::test]
async fn a_path_in_the_owners_own_words_need_not_be_there() {
    let (house, _folder, open) = with_folder("read").await;
    let wanted = open.join("other.txt");
    house.answers(&[Say::Call(ECHO, path(&wanted))]);
    house.answers(&[Say::Text("Done.")]);
    house.app.ask(&format!("Is there {}?", wanted.display())).await;
    assert_eq!((house.calls().len(), house.waiting().await.len()), (1, 0));
}
