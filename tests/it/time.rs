//! Time: the clock and sums with dates, without a language model.

use steward::testing::TestApp;

#[tokio::test]
async fn questions_about_time_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    insta::assert_snapshot!(house.ask("what time is it?").await, @"It is 09:00 on Tuesday 1 January 2030, week 1.");
    insta::assert_snapshot!(house.ask("time in Tokyo").await, @"In Tokyo it is 18:00 on Tuesday 1 January 2030 (UTC+09:00).");
    insta::assert_snapshot!(house.ask("time in Atlantis").await, @r#"That did not work: I don't know the time zone of "Atlantis". Name a large city near it, or a zone like "Europe/Berlin"."#);
    insta::assert_snapshot!(house.ask("how many days until 24 December?").await, @"Until Tuesday 24 December 2030 it is 357 days.");
    insta::assert_snapshot!(house.ask("what is today plus 45 days").await, @"That is Friday 15 February 2030.");
}

#[tokio::test]
async fn help_names_a_command_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let help = house.ask("help").await;
    for usage in ["remind me in 10 minutes to stretch", "find boiler", "what time is it", "status"]
    {
        assert!(help.contains(&format!("- `{usage}`: ")), "{help}");
    }
}
