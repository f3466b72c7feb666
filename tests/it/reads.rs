//! Reads of the database: they wait for one another, and for nobody else.

use std::task::Poll;
use std::time::Duration;

use axum::http::StatusCode;
use futures_util::poll;
use steward::testing::TestApp;
use tokio::time::timeout;

/// More than read at once.
const MANY: usize = 32;
/// A page takes milliseconds; a test that waits this long has failed.
const STUCK: Duration = Duration::from_secs(20);

async fn page(house: &TestApp) -> StatusCode {
    timeout(STUCK, house.get("/api/reminders")).await.expect("a page that came").status
}

#[tokio::test]
async fn whoever_asks_and_then_does_not_listen_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let mut left = Vec::new();
    for _ in 0..MANY {
        let mut asked = Box::pin(page(&house));
        match poll!(asked.as_mut()) {
            Poll::Ready(status) => assert_eq!(status, StatusCode::OK),
            Poll::Pending => left.push(asked),
        }
    }
    assert_eq!(page(&house).await, StatusCode::OK);
    for asked in left {
        assert_eq!(asked.await, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_read_that_panics_takes_nobody_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for _ in 0..MANY {
        let read = house.app.db.read(|_| -> steward::error::Result<()> { panic!("on purpose") });
        assert!(read.await.is_err());
    }
    assert_eq!(page(&house).await, StatusCode::OK);
}
