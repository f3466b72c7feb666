//! A yes and a permit: for the very bytes, once.

use serde_json::{Value, json};
use steward::approval::{self, Answer, Card, NewApproval};
use steward::call::call_hash;
use steward::guard::grounding::links;
use steward::guard::verdict::{Verdict, judge};
use steward::ids::{ConversationId, RunId, ToolCallId, UserId};
use steward::label::{Label, Origin};

use super::scenes::{FETCH, SEND, call, facts, house, in_short, scene, verdict};
use super::{House, by, now};

#[tokio::test]
async fn a_permit_holds_each_destination_once() {
    let house = house().await;
    let got = verdict(&house, scene(), FETCH, json!({"url": "Example.ORG"})).await;
    let Verdict::Go(mut permit) = got else { panic!("{got:?}") };
    assert!(permit.path("url").is_err(), "a web address is no path");
    let got = verdict(&house, scene(), FETCH, json!({"url": "Example.ORG"})).await;
    let Verdict::Go(mut again) = got else { panic!("{got:?}") };
    assert_eq!(permit.hash(), again.hash());
    assert_eq!(again.url("url").unwrap().get().url().as_str(), "https://example.org/");
    assert!(again.url("url").is_err());
    assert!(again.recipient("to").is_err());
}

/// Asks, answers and takes the yes; judges `acted` with it.
async fn approved(house: &House, shown: Value, edited: Option<Value>, acted: Value) -> Verdict {
    let id = ToolCallId::new(now());
    let new = NewApproval {
        call_id: id,
        group_id: None,
        run_id: RunId::from_u128(1),
        conversation_id: ConversationId::from_u128(1),
        user_id: UserId::from_u128(1),
        tool: SEND.0.to_owned(),
        arguments: shown,
        card: Card::default(),
        expires_at: None,
    };
    let answer = Answer {
        approved: true,
        by: by(),
        name: "Ann".to_owned(),
        memo: None,
        edited_arguments: edited,
        always: None,
    };
    let yes = house.write(move |tx| {
        approval::insert(tx, &new, &by())?;
        approval::answer(tx, id, &answer)?;
        approval::unused_yes(tx, id)
    });
    let yes = yes.await.unwrap();
    let facts = facts(house, scene(), SEND, &acted).await;
    judge(&facts, &call(SEND, &acted), yes)
}

#[tokio::test]
async fn a_yes_holds_for_the_very_bytes_and_lifts_no_denial() {
    let house = house().await;
    let hi = json!({"to": "ann@example.org", "text": "hi"});
    let bye = json!({"text": "bye", "to": "ann@example.org"});
    let evil = json!({"to": "eve@evil.example", "text": "hi"});
    let got = approved(&house, hi.clone(), None, hi.clone()).await;
    let Verdict::Go(mut permit) = got else { panic!("{got:?}") };
    assert_eq!(permit.recipient("to").unwrap().spend().address, "ann@example.org");
    assert!(in_short(&approved(&house, hi.clone(), None, bye.clone()).await).starts_with("ask"));
    assert_eq!(in_short(&approved(&house, hi.clone(), Some(bye.clone()), bye.clone()).await), "go");
    assert!(in_short(&approved(&house, hi.clone(), Some(bye), hi).await).starts_with("ask"));
    assert!(in_short(&approved(&house, evil.clone(), None, evil).await).starts_with("deny"));
}

#[test]
fn a_calls_hash_knows_its_bytes_but_not_the_order_of_fields() {
    let parse = |text| serde_json::from_str::<Value>(text).unwrap();
    let one = call_hash("t", &parse(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#));
    assert_eq!(one, call_hash("t", &parse(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#)));
    for other in [
        r#"{"a":"1","b":{"c":[1,2],"d":null}}"#,
        r#"{"a":1,"b":{"c":[2,1],"d":null}}"#,
        r#"{"a":1,"b":{"c":[1,2]}}"#,
        r#"{"a":1,"b":{"c":[1],"d":null}}"#,
        r#"{"a":1.0,"b":{"c":[1,2],"d":null}}"#,
    ] {
        assert_ne!(one, call_hash("t", &parse(other)), "{other}");
    }
    assert_ne!(one, call_hash("u", &parse(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#)));
}

#[test]
fn links_are_found_as_the_page_has_them() {
    let page = Label::outside(Origin::Web("example.org".to_owned()));
    let text = "See [this](https://example.org/a_(b)) and <https://example.org/c?d=1>, \
        (https://other.example/e). http is a protocol; https:// alone is nothing.";
    let found = links(&page, text);
    let targets: Vec<&str> = found.iter().map(|link| link.target.as_str()).collect();
    assert_eq!(
        targets,
        ["https://example.org/a_(b)", "https://example.org/c?d=1", "https://other.example/e"]
    );
    assert!(found.iter().all(|link| link.page.host() == "example.org"));
    assert!(links(&Label::own_data(), text).is_empty(), "a note's addresses are no page's links");
}
