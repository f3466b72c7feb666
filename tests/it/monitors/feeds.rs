//! Feeds that are watched: each new item once, whatever kind of feed, also after a restart.

use jiff::SignedDuration;
use serde_json::json;

use super::{Changing, add, look, notes, open, open_again, outcome, shown};
use crate::site::respond;

fn rss(items: &str) -> Vec<u8> {
    let text = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Town</title>\
         <link>https://t.example/</link><description>News</description>{items}</channel></rss>"
    );
    respond(200, "content-type: application/rss+xml\r\n", text)
}

const FAIR: &str = "<item><guid>a1</guid><title>Fair</title></item>";
const FLOOD: &str = "<item><guid>a2</guid><title><![CDATA[Flood <b>rises</b>]]></title>\
    <link>https://t.example/2</link><description>&lt;p&gt;Stay &lt;i&gt;home&lt;/i&gt;&lt;/p&gt;\
    </description></item>";

#[tokio::test]
async fn an_item_is_told_once_also_after_a_restart() {
    let it = Changing::start(rss(FAIR)).await;
    let (folder, house) = open(&it.site).await;
    let monitor = add(&house, "feed", &it.site.url("/rss")).await;
    house.advance(SignedDuration::ZERO).await;
    assert_eq!(outcome(&house, &monitor).await, "The first look: what is there now is remembered.");
    it.send(rss(&format!("{FLOOD}{FAIR}")));
    look(&house).await;
    assert_eq!(outcome(&house, &monitor).await, "New items: 1.");
    let told = shown(&house).await.concat().replace(&it.site.url(""), "SITE");
    insta::assert_snapshot!(told, @"
    New in SITE/rss:
    - Flood rises https://t.example/2
      Stay *home*
    ");
    assert_eq!(notes(&house).await, 1);
    drop(house);
    let house = open_again(&folder, &it.site).await;
    look(&house).await;
    house.post(&format!("{monitor}/check"), &json!({})).await;
    assert_eq!(outcome(&house, &monitor).await, "Nothing new in it.");
    // It goes, comes back, and is still known; what is edited is the same item.
    it.send(rss(FAIR));
    look(&house).await;
    it.send(rss(&FLOOD.replace("rises", "falls")));
    look(&house).await;
    assert_eq!(shown(&house).await.len(), 1);
    assert_eq!(notes(&house).await, 1);
}

#[tokio::test]
async fn a_kill_between_the_look_and_the_run_loses_no_item_and_tells_none_twice() {
    let it = Changing::start(rss(FAIR)).await;
    let (folder, house) = open(&it.site).await;
    add(&house, "feed", &it.site.url("/rss")).await;
    house.tick().await;
    it.send(rss(FLOOD));
    house.shift(super::HOUR);
    house.tick().await;
    drop(house);
    let house = open_again(&folder, &it.site).await;
    house.advance(super::HOUR * 2).await;
    assert_eq!(shown(&house).await.len(), 1);
    assert_eq!(notes(&house).await, 1);
}

#[tokio::test]
async fn atom_and_json_feeds_are_read_too() {
    let atom = |entries: &str| {
        let text = format!(
            "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>f</id>\
             <title>A</title><updated>2029-12-31T00:00:00Z</updated>{entries}</feed>"
        );
        respond(200, "content-type: application/atom+xml\r\n", text)
    };
    let json_feed = |items: serde_json::Value| {
        let feed =
            json!({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items});
        respond(200, "content-type: application/feed+json\r\n", feed.to_string())
    };
    let entry = "<entry><id>e1</id><title>One</title><updated>2029-12-31T00:00:00Z</updated>\
                 <link rel=\"self\" href=\"https://a.example/self\"/>\
                 <link href=\"/1?x=1&amp;y=2\"/><summary>Hi</summary></entry>";
    let item =
        json!({"id": "j1", "url": "https://j.example/1", "title": "Two", "content_text": "Ho"});
    let table = [
        (atom(""), atom(entry), "- One "),
        (json_feed(json!([])), json_feed(json!([item])), "- Two https://j.example/1\n  Ho"),
    ];
    for (before, after, told) in table {
        let it = Changing::start(before).await;
        let (_folder, house) = open(&it.site).await;
        let monitor = add(&house, "feed", &it.site.url("/feed")).await;
        house.advance(SignedDuration::ZERO).await;
        it.send(after);
        look(&house).await;
        assert_eq!(outcome(&house, &monitor).await, "New items: 1.");
        let shown = shown(&house).await.concat();
        assert!(shown.contains(told), "{shown}");
        assert!(!shown.contains("a.example/self"), "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_feed_is_said_to_be_none() {
    let it = Changing::start(super::page("Hello.", "")).await;
    let (_folder, house) = open(&it.site).await;
    let monitor = add(&house, "feed", &it.site.url("/")).await;
    for (body, headers) in
        [("<rss><channel><item>", ""), ("{}", ""), ("<!DOCTYPE a [<!ENTITY b \"c\">]>", "")]
    {
        it.send(respond(200, headers, body));
        house.post(&format!("{monitor}/toggle"), &json!({})).await;
        house.post(&format!("{monitor}/toggle"), &json!({})).await;
        house.advance(SignedDuration::ZERO).await;
        let said = outcome(&house, &monitor).await;
        assert!(said.ends_with("127.0.0.1 sent no RSS, Atom or JSON Feed."), "{body}: {said}");
    }
}
