//! What a signed-in person sees when something is not there, or is refused.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use steward::testing::{Answer, TestApp};
use steward::web::caller::OverSocket;
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
async fn an_error_is_as_long_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for path in
        ["/nowhere", "/notes/00000000-0000-7000-8000-000000000009", "/notes", "/api/nothing"]
    {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(OverSocket);
        let answer = house.router().oneshot(request).await.unwrap();
        let told = answer.headers().get(header::CONTENT_LENGTH).cloned();
        let body = axum::body::to_bytes(answer.into_body(), 8 << 20).await.unwrap();
        // Where nothing is said yet, the server counts for itself.
        assert!(told.is_none_or(|it| it == body.len().to_string().as_str()), "{path}");
    }
}

/// A form from one of our pages, by nobody who is signed in.
async fn by_nobody(
    house: &TestApp,
    path: &str,
    kind: &str,
    body: &str,
) -> (StatusCode, String, String) {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, kind)
        .header(header::REFERER, "http://house.example/notes?q=boiler")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let answer = house.router().oneshot(request).await.unwrap();
    let to = answer.headers().get(header::LOCATION).map(|it| it.to_str().unwrap().to_owned());
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 8 << 20).await.unwrap();
    (status, to.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn what_was_typed_is_kept_when_the_login_ended_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let (status, _, page) = by_nobody(&house, "/notes", FORM, "text=a+%22b%22+%3Cc%3E&x=%0A").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(page.contains("You were signed out") && page.contains("action=\"/notes\""), "{page}");
    assert!(page.contains("name=\"text\" value=\"a &#34;b&#34; &#60;c&#62;\""), "{page}");
    assert!(house.get("/api/notes").await.text.contains("\"total\":0"));
    let sent = house.send(crate::callers::form("/notes", "text=a+%22b%22+%3Cc%3E")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn form_without_words_leads_to_the_login_and_back_to_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let large = format!("text={}", "x".repeat(3 << 20));
    for (kind, body) in [(FORM, ""), ("multipart/form-data; boundary=x", "--x--"), (FORM, &large)] {
        let (status, to, _) = by_nobody(&house, "/notes", kind, body).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(to, "/login?next=%2Fnotes%3Fq%3Dboiler");
    }
}

#[tokio::test]
async fn the_next_step_is_one_that_helps() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let elsewhere = Request::post("/notes")
        .header(header::HOST, "house.example")
        .header(header::ORIGIN, "https://elsewhere.example")
        .body(Body::empty())
        .unwrap();
    let refused = house.send_raw(elsewhere).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!refused.text.contains("Whitelist page"), "{}", refused.text);
    let no_way = house.send(Request::put("/notes").body(Body::empty()).unwrap()).await;
    assert_eq!(no_way.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!no_way.text.contains("log has the details"), "{}", no_way.text);
    let typed = "what you typed is still there";
    let asked = house.get("/settings?colour=red").await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.text.contains("There is no parameter") && !asked.text.contains(typed));
    let form = house.send(crate::callers::form("/theme", "theme=pink")).await;
    assert_eq!(form.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(form.text.contains(typed), "{}", form.text);
}
