//! The owner's answer: once, for one call, and used up by it.

use jiff::ToSpan as _;
use serde_json::json;
use steward::approval::{self, Answer, Approval, Card, NewApproval, State};
use steward::audit::{Actor, By};
use steward::error::Error;
use steward::ids::{ConversationId, RunId, ToolCallId, UserId};

use super::{House, by, now};

const ANN: u128 = 1;

fn asked(call: u128) -> NewApproval {
    NewApproval {
        call_id: ToolCallId::from_u128(call),
        group_id: None,
        run_id: RunId::from_u128(7),
        conversation_id: ConversationId::from_u128(8),
        user_id: UserId::from_u128(ANN),
        tool: "email_send".to_owned(),
        arguments: json!({"to": "ann@example.org", "text": "hello"}),
        card: Card { what: "Send a mail".to_owned(), ..Card::default() },
        expires_at: None,
    }
}

fn yes() -> Answer {
    Answer {
        approved: true,
        by: By::new(Actor::User(UserId::from_u128(ANN)), "web", now() + 5.minutes()),
        name: "Ann".to_owned(),
        memo: None,
        edited_arguments: None,
        always: None,
    }
}

async fn ask(house: &House, new: NewApproval) -> ToolCallId {
    let call = new.call_id;
    house.write(move |tx| approval::insert(tx, &new, &by())).await.unwrap();
    call
}

async fn answer(house: &House, call: ToolCallId, answer: Answer) -> Result<Approval, Error> {
    house.write(move |tx| approval::answer(tx, call, &answer)).await
}

#[tokio::test]
async fn the_first_answer_wins_and_the_second_hears_who_gave_it() {
    let house = House::new().await;
    let call = ask(&house, asked(1)).await;
    let first = answer(&house, call, yes()).await.unwrap();
    assert_eq!((first.state, first.answered.unwrap().via.as_str()), (State::Approved, "web"));
    let second = answer(&house, call, Answer { approved: false, ..yes() }).await;
    let Err(Error::Conflict(said)) = second else { panic!("{second:?}") };
    insta::assert_snapshot!(said, @"Ann already approved this on 2026-11-23 at 09:05 UTC over web.");
    let unknown = answer(&house, ToolCallId::from_u128(99), yes()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn of_answers_that_arrive_together_one_wins() {
    let house = House::new().await;
    let call = ask(&house, asked(1)).await;
    let answers = (0..8).map(|n| answer(&house, call, Answer { approved: n % 2 == 0, ..yes() }));
    let won = futures_util::future::join_all(answers).await.into_iter().filter(Result::is_ok);
    assert_eq!(won.count(), 1);
}

#[tokio::test]
async fn a_yes_is_used_once_and_a_no_never() {
    let house = House::new().await;
    let (yes_to, no_to) = (ask(&house, asked(1)).await, ask(&house, asked(2)).await);
    let take = |call| house.write(move |tx| approval::take(tx, call, now()));
    assert!(take(yes_to).await.is_err(), "not answered yet");
    answer(&house, yes_to, yes()).await.unwrap();
    answer(&house, no_to, Answer { approved: false, ..yes() }).await.unwrap();
    assert!(take(no_to).await.is_err());
    let unused = || house.db.read(move |r| approval::unused_yes(r, yes_to));
    assert!(unused().await.unwrap().is_some());
    take(yes_to).await.unwrap();
    assert!(unused().await.unwrap().is_none());
    assert!(take(yes_to).await.is_err());
}

#[tokio::test]
async fn an_expired_question_can_not_be_answered() {
    let house = House::new().await;
    let call = ask(&house, NewApproval { expires_at: Some(now() + 1.minute()), ..asked(1) }).await;
    let late = answer(&house, call, yes()).await;
    assert!(matches!(&late, Err(Error::Conflict(said)) if said.contains("expired")), "{late:?}");
    let expired = house.write(|tx| approval::expire(tx, now() + 1.minute())).await.unwrap();
    assert_eq!(expired[0].call_id, call);
    assert!(house.write(|tx| approval::expire(tx, now() + 1.hour())).await.unwrap().is_empty());
    let found = house.db.read(move |r| approval::find_by_call(r, call)).await.unwrap().unwrap();
    assert_eq!(found.state, State::Expired);
}

#[tokio::test]
async fn stopping_a_run_takes_its_questions_back() {
    let house = House::new().await;
    let call = ask(&house, asked(1)).await;
    let other = ask(&house, NewApproval { run_id: RunId::from_u128(70), ..asked(2) }).await;
    let withdrawn = house.write(|tx| approval::withdraw(tx, RunId::from_u128(7), &by())).await;
    assert_eq!(withdrawn.unwrap().len(), 1);
    let late = answer(&house, call, yes()).await;
    assert!(matches!(&late, Err(Error::Conflict(said)) if said.contains("taken back")), "{late:?}");
    let waiting = house.db.read(|reader| approval::list_waiting(reader, None, "")).await.unwrap();
    assert_eq!(waiting.iter().map(|it| it.call_id).collect::<Vec<_>>(), [other]);
}

#[tokio::test]
async fn each_user_sees_their_own_questions() {
    let house = House::new().await;
    ask(&house, asked(1)).await;
    let done = ask(&house, asked(2)).await;
    answer(&house, done, yes()).await.unwrap();
    let (ann, bob) = (Some(UserId::from_u128(ANN)), Some(UserId::from_u128(2)));
    let waiting = |user| {
        house.db.read(move |r| {
            let decided = approval::list_decided(r, user, "", 0, 50)?.1;
            Ok((approval::list_waiting(r, user, "")?.len(), decided))
        })
    };
    assert_eq!(waiting(ann).await.unwrap(), (1, 1));
    assert_eq!(waiting(bob).await.unwrap(), (0, 0));
    assert_eq!(waiting(None).await.unwrap(), (1, 1));
}

#[tokio::test]
async fn odd_answers_name_their_field() {
    let house = House::new().await;
    let call = ask(&house, asked(1)).await;
    let long = Answer { memo: Some("x".repeat(2001)), ..yes() };
    assert!(
        matches!(answer(&house, call, long).await, Err(Error::Invalid { field, .. }) if field == "memo")
    );
    let list = Answer { edited_arguments: Some(json!([1])), ..yes() };
    assert!(matches!(answer(&house, call, list).await,
        Err(Error::Invalid { field, .. }) if field == "edited_arguments"));
    assert!(answer(&house, call, yes()).await.is_ok(), "a refused answer is none");
}
