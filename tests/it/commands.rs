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
    let (phrases, agents) = (phrases(), ["Gardener".to_owned()]);
    assert!(phrases.len() > 10);
    for phrase in phrases.iter().filter(|phrase| !phrase.tool.is_empty()) {
        let said = Utterance::new(phrase.usage, &now).among(&agents);
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
    for phrase in phrases().into_iter().filter(|phrase| !phrase.tool.is_empty()) {
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
    I don't understand that. I take short commands about files, the web, reminders, schedule, notes, agents, search, the house and time. Try "remind me in 10 minutes to stretch"; "help" lists them all.
    You're welcome.
    "#);
}

#[tokio::test]
async fn who_is_not_understood_is_not_led_to_what_takes_something_away() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for line in ["delete everything", "delete it all", "delet all"] {
        let said = house.ask(line).await;
        assert!(said.starts_with("I don't understand that.") && !said.contains("delete"), "{said}");
    }
    assert_eq!(house.ask("cancel that").await, "Which reminder shall I cancel?");
}

#[tokio::test]
async fn words_that_answer_nothing_do_not_get_into_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "remind me to stretch").await;
    house.work().await;
    for line in ["dunno", "in 1 hour"] {
        house.say(Some(&chat), line).await;
        house.work().await;
    }
    assert_eq!(house.last_answer(&chat).await, "I'll remind you today at 10:00: stretch");
}

#[tokio::test]
async fn the_owners_switches_stand_in_the_help_and_a_slip_gets_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let help = house.ask("help").await;
    let switches = phrases().into_iter().filter(|phrase| phrase.tool.is_empty());
    let mut said = Vec::new();
    for switch in switches {
        assert!(help.contains(&format!("- `{}`: ", switch.usage)), "{help}");
        said.push(house.ask(switch.usage).await);
    }
    for slip in ["pasue", "resmue everything", "opne example.org for this chat"] {
        said.push(house.ask(slip).await);
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    example.org is open for this chat: I may read its pages here.
    Everything is paused. Nothing runs and nothing leaves the house until you say “resume”.
    Everything is running again.
    I don't understand that. I take short commands about files, the web, reminders, schedule, notes, agents, search, the house and time. The nearest is "pause"; "help" lists them all.
    I don't understand that. I take short commands about files, the web, reminders, schedule, notes, agents, search, the house and time. The nearest is "resume"; "help" lists them all.
    I don't understand that. I take short commands about files, the web, reminders, schedule, notes, agents, search, the house and time. The nearest is "open example.org for this chat"; "help" lists them all.
    "#);
}

#[tokio::test]
async fn who_asks_how_one_thing_is_said_is_not_told_everything() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for (line, group) in [
        ("how do I add a note?", "Notes"),
        ("how do I set a reminder", "Reminders"),
        ("help with files", "Files"),
    ] {
        let help = house.ask(line).await;
        assert!(help.contains(&format!("**{group}**")), "{line}: {help}");
        assert_eq!(help.matches("\n**").count(), 1, "{line}: {help}");
    }
}
