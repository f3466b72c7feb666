//! Told while no page is open: Chromium subscribes, is told, reads it and shows it.

use std::net::TcpListener;

use crate::browser::Story;
use crate::house::House;

#[tokio::test]
async fn a_browser_is_told_by_a_push() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let allowed = format!("127.0.0.1:{port}");
    let (house, _) = House::lived_in(&[("GUARD__PRIVATE_ALLOWED", &allowed)]).await;
    Story::live("told_by_a_push", &house, &[("PUSH_PORT", &port)]).await;
}
