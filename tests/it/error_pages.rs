//! What a signed-in person sees when something is not there, or is refused.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use steward::testing::{Answer, TestApp};
use tower::ServiceExt as _;

async fn from(house: &TestApp, page: &str, path: &str) -> Answer {
    let request = Request::get(path).header(header::REFERER, page).body(Body::empty()).unwrap();
    house.send(request).await
}

#[tokio::test]
async fn an_error_stands_in_the_usual_frame_with_a_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let list = "http://house.example/notes?q=boiler";
    let gone = "/notes/00000000-0000-7000-8000-000000000009";
    for path in [gone, "/nowhere"] {
        let answer = from(&house, list, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        for part in
            ["<body class=\"app\"", "href=\"/notes?q=boiler\">Back to where", "request <code>"]
        {
            assert!(answer.text.contains(part), "{path}: {part} is missing in {}", answer.text);
        }
    }
    let answer = house.get("/nowhere").await;
    assert!(answer.text.contains("href=\"/\">Back to the start"), "{}", answer.text);
    let answer = from(&house, "http://house.example//elsewhere.example", "/nowhere").await;
    assert!(answer.text.contains("href=\"/\">Back to the start"), "{}", answer.text);
}

#[tokio::test]
async fn a_form_sent_after_the_login_ended_leads_back_to_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let request = Request::post("/notes")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::REFERER, "http://house.example/notes?q=boiler")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from("text=x"))
        .unwrap();
    let answer = house.router().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()[header::LOCATION], "/login?next=%2Fnotes%3Fq%3Dboiler");
}
