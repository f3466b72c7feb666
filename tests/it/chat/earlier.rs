//! A long conversation is read to its beginning, on the page and by the API.

use serde_json::Value;
use steward::testing::TestApp;

/// More than one page shows.
const SAID: usize = 3_200;

/// Somebody has talked for years.
async fn long_talk(house: &TestApp) -> String {
    let talk = house.say(None, "note: first of all").await;
    house.work().await;
    let id = talk.clone();
    let talked = move |tx: &steward::db::Tx<'_>| {
        for n in 0..SAID {
            let body = serde_json::json!({"type": "message", "message_id": format!("m{n}"),
                                          "role": "user", "content": format!("word {n}.")});
            tx.execute(
                "insert into events (conversation_id, seq, body, created_at)
                 select ?1, max(seq) + 1, ?2, max(created_at) from events where conversation_id = ?1",
                (&id, body.to_string()),
            )?;
            tx.execute(
                "insert into messages (id, conversation_id, role, text, label, created_at)
                 select ?2, ?1, 'user', ?3, label, created_at from messages
                 where conversation_id = ?1 limit 1",
                (&id, format!("01920000-0000-7000-8000-{n:012}"), format!("word {n}.")),
            )?;
        }
        Ok(())
    };
    house.app.db.write(talked).await.unwrap();
    talk
}

#[tokio::test]
async fn the_page_leads_back_to_the_first_word() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let talk = long_talk(&house).await;
    let (mut path, mut pages) = (format!("/chat/{talk}"), Vec::new());
    loop {
        let page = house.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        let link = page.text.split("href=\"").find(|it| it.contains("/earlier?before="));
        let link = link.map(|it| it.split('"').next().unwrap().to_owned());
        pages.push(page.text);
        match link {
            Some(link) => path = link,
            None => break,
        }
    }
    assert_eq!(pages.len(), 3);
    assert!(pages[0].contains("word 3199.") && pages[2].contains("first of all"));
    for n in 0..SAID {
        let word = format!(">word {n}.<");
        let shown = pages.iter().map(|page| page.matches(&word).count()).sum::<usize>();
        assert_eq!(shown, 1, "{word}");
    }
    let nothing = house.get(&format!("/chat/{talk}/earlier?before=1")).await;
    assert!(nothing.text.contains("Nothing was said before that."), "{}", nothing.text);
    assert_eq!(house.get(&format!("/chat/{talk}/earlier")).await.status, 422);
}

#[tokio::test]
async fn the_api_gives_the_messages_before_one() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let talk = long_talk(&house).await;
    let (mut query, mut read) = (String::new(), Vec::<Value>::new());
    loop {
        let found = house.get(&format!("/api/conversations/{talk}{query}")).await.json();
        let page = found["messages"].as_array().unwrap().clone();
        let Some(first) = page.first() else { break };
        query = format!("?before={}", first["id"].as_str().unwrap());
        read.splice(0..0, page);
    }
    assert_eq!(read[0]["content"], "note: first of all");
    let words = read.iter().filter(|it| it["content"].as_str().unwrap().starts_with("word "));
    let words: Vec<&str> = words.map(|it| it["content"].as_str().unwrap()).collect();
    let said: Vec<String> = (0..SAID).map(|n| format!("word {n}.")).collect();
    assert_eq!(words, said);
}
