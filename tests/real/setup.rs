//! From the printed code to the first answer, in Chromium.

use crate::browser::Story;
use crate::house::House;

#[tokio::test]
async fn setting_up_takes_under_three_minutes_by_keyboard() {
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    Story::live("setup_by_keyboard", &house, &[("CODE", &code)]).await;
}

#[tokio::test]
async fn every_step_of_setup_is_accessible() {
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    Story::live("setup_steps_are_accessible", &house, &[("CODE", &code)]).await;
}

#[tokio::test]
async fn starting_prints_where_to_open_it_and_the_code() {
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    let said = house.log();
    assert!(said.contains(&house.url("/setup")), "{said}");
    assert!(said.contains(&code), "{said}");
}
