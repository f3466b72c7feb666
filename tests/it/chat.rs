//! Conversations, with the built-in commands answering.

use steward::testing::TestApp;

#[tokio::test]
async fn a_message_is_answered_without_any_provider() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let answer = house.ask("status").await;
    assert_eq!(
        answer,
        "Everything is running. Nothing else is going on. Nothing waits for your yes or no."
    );
}
