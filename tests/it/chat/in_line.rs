//! Words that no run has begun on say what they wait for.

use serde_json::json;
use steward::testing::TestApp;

const LOOKS_AGAIN: &str = "<noscript><meta http-equiv=\"refresh\"";

#[tokio::test]
async fn a_page_whose_answer_has_not_begun_says_so_and_looks_again_without_script() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "what time is it").await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    assert!(page.contains(LOOKS_AGAIN) && page.contains("An answer is coming"), "{page}");
    assert!(page.contains("This page looks for the answer every 3 seconds."), "{page}");
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    assert!(!page.contains(LOOKS_AGAIN) && !page.contains("An answer is coming"), "{page}");
    assert!(page.contains("<article class=\"turn answer\""), "{page}");
}

#[tokio::test]
async fn words_said_in_a_pause_say_that_they_wait_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.post("/api/pause", &json!({})).await.status, 200);
    let chat = house.say(None, "what time is it").await;
    house.work().await;
    let waits = "Everything is paused; this waits until that is over";
    let page = house.get(&format!("/chat/{chat}")).await.text;
    assert!(page.contains(waits), "{page}");
    // Whoever writes on meanwhile is not interrupted by a page that looks again.
    assert!(!page.contains(LOOKS_AGAIN), "{page}");
    assert_eq!(house.post("/api/resume", &json!({})).await.status, 200);
    house.work().await;
    let page = house.get(&format!("/chat/{chat}")).await.text;
    assert!(!page.contains(waits) && page.contains("<article class=\"turn answer\""), "{page}");
}

#[tokio::test]
async fn who_begins_a_chat_goes_on_writing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let focused = |page: &str| page.contains("enterkeyhint=\"send\" autofocus>");
    assert!(focused(&house.get("/chat").await.text));
    let chat = house.say(None, "what time is it").await;
    let path = format!("/chat/{chat}");
    assert!(focused(&house.get(&path).await.text));
    house.work().await;
    assert!(focused(&house.get(&path).await.text));
    // Who comes back to a longer one may come to read.
    house.say(Some(&chat), "what day is it").await;
    house.work().await;
    assert!(!focused(&house.get(&path).await.text));
}
