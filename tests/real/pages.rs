//! Every page in light and dark, on a phone and on a desk: nothing that axe finds, and
//! nothing that sticks out to the side.

use crate::browser::Story;
use crate::house::House;

async fn accessible(path: &str) {
    let (house, _) = House::lived_in(&[]).await;
    for words in ["remind me tomorrow at 9 to stretch", "note: boiler serviced in May"] {
        house.run(&["ask", words]).await.done();
    }
    Story::live("page_is_accessible", &house, &[("PAGE_PATH", path)]).await;
}

#[tokio::test]
async fn approvals_page_is_accessible() {
    accessible("/approvals").await;
}

#[tokio::test]
async fn chat_page_is_accessible() {
    accessible("/chat").await;
}

#[tokio::test]
async fn conversations_page_is_accessible() {
    accessible("/conversations").await;
}

#[tokio::test]
async fn credentials_page_is_accessible() {
    accessible("/credentials").await;
}

#[tokio::test]
async fn error_page_is_accessible() {
    accessible("/nowhere").await;
}

#[tokio::test]
async fn login_page_is_accessible() {
    accessible("/login").await;
}

#[tokio::test]
async fn models_page_is_accessible() {
    accessible("/models").await;
}

#[tokio::test]
async fn notes_page_is_accessible() {
    accessible("/notes").await;
}

#[tokio::test]
async fn security_page_is_accessible() {
    accessible("/security").await;
}

#[tokio::test]
async fn schedule_page_is_accessible() {
    accessible("/tasks").await;
}

#[tokio::test]
async fn new_task_page_is_accessible() {
    accessible("/tasks/new").await;
}

#[tokio::test]
async fn week_page_is_accessible() {
    accessible("/tasks/week").await;
}

#[tokio::test]
async fn reminders_page_is_accessible() {
    accessible("/reminders").await;
}

#[tokio::test]
async fn settings_page_is_accessible() {
    accessible("/settings").await;
}

#[tokio::test]
async fn whitelist_page_is_accessible() {
    accessible("/whitelist").await;
}

#[tokio::test]
async fn keys_page_is_accessible() {
    accessible("/tokens").await;
}
