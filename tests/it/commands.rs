//! The built-in commands of all features together.

use jiff::Zoned;
use steward::features;
use steward::outside::model::builtin::{Parsed, Phrase, Utterance};
use steward::testing::TestApp;

fn phrases() -> Vec<Phrase> {
    features::ALL.iter().flat_map(|feature| (feature.phrases)()).collect()
}

#[test]
fn every_usage_in_the_help_reaches_its_own_tool() {
    let now: Zoned = "2030-01-01T09:00[UTC]".parse().unwrap();
    let phrases = phrases();
    assert!(phrases.len() > 10);
    for phrase in &phrases {
        let said = Utterance::new(phrase.usage, &now);
        match phrases.iter().find_map(|it| (it.parse)(&said)) {
            Some(Parsed::Call { tool, .. }) => assert_eq!(tool, phrase.tool, "{}", phrase.usage),
            other => panic!("{}: {other:?}", phrase.usage),
        }
    }
}

#[tokio::test]
async fn every_phrase_calls_a_tool_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for phrase in phrases() {
        let tool = house.app.toolbox.find(phrase.tool);
        assert!(tool.is_some(), "{} calls {}", phrase.usage, phrase.tool);
    }
}

#[tokio::test]
async fn whole_conversation_needs_no_provider() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "hello").await;
    let mut said = Vec::new();
    for line in
        ["remnid me to stretch", "yes", "in 1 hour", "what is the meaning of life?", "thanks"]
    {
        house.work().await;
        said.push(house.last_answer(&chat).await);
        house.say(Some(&chat), line).await;
    }
    house.work().await;
    said.push(house.last_answer(&chat).await);
    insta::assert_snapshot!(said.join("\n"), @r#"
    Hello. Tell me what to do, for example "remind me in 10 minutes to stretch". "help" lists all that I understand.
    I don't know that command. Did you mean "remind me to stretch"?
    When?
    I'll remind you today at 10:00: stretch
    I don't understand that. I work with a fixed set of commands; "help" lists them.
    You're welcome.
    "#);
}
