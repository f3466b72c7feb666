//! What is kept of the live side, and for how long.

use super::*;
use crate::testing::TestApp;

#[tokio::test]
async fn a_conversation_that_nobody_reads_and_nobody_speaks_in_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let conversation: ConversationId =
        house.say(None, "note: boiler serviced in May").await.parse().unwrap();
    let (events, db) = (house.app.events.clone(), house.app.db.clone());
    let kept = || events.lock().len();
    let now = house.app.clock.now();
    for looked_at in [conversation, ConversationId::new(now), ConversationId::new(now)] {
        let one = events.subscribe(&db, looked_at, 0).await.unwrap();
        let other = events.subscribe(&db, looked_at, 0).await.unwrap();
        assert_eq!(kept(), 1);
        drop((one, other));
    }
    assert_eq!(kept(), 0);
    let (speaking, run) = (events.clone(), Some(RunId::new(now)));
    let begin = move |tx: &Tx<'_>| speaking.record(tx, conversation, run, now, Event::RunStarted);
    db.write(begin).await.unwrap();
    drop(events.subscribe(&db, conversation, 0).await.unwrap());
    assert_eq!(kept(), 1, "a run speaks there");
}
