//! A provider that fails: what is said of it and to whom, and that its next answer ends it.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::callers::{form, signed_in};

const KEY: &str = "sk-a-key-of-adas-0123456789";
const KINDS: [(Kind, &str, &str); 2] =
    [(Kind::OpenAi, "openai", "x-request-id"), (Kind::Anthropic, "anthropic", "request-id")];

/// A house whose only provider, `home`, was connected on the page.
struct House {
    app: TestApp,
    model: ModelServer,
    folder: tempfile::TempDir,
}

fn fields(model: &ModelServer, (kind, name): (Kind, &str)) -> String {
    let address = model.base_url(kind).to_string();
    let fields = [
        ("kind", name),
        ("name", "home"),
        ("base_url", &address),
        ("api_key", KEY),
        ("model", "m"),
    ];
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl House {
    async fn new() -> House {
        House::of((Kind::OpenAi, "openai")).await
    }

    async fn of(kind: (Kind, &str)) -> House {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::open(folder.path()).await;
        let model = ModelServer::start().await;
        model.answer(Answer::of(kind.0, &[Say::Text("ready")]));
        let connected = app.send(form("/models/providers", &fields(&model, kind))).await;
        assert_eq!(connected.status, 303, "{}", connected.text);
        House { app, model, folder }
    }

    /// What programs are told of the provider.
    async fn told(&self) -> Value {
        let told = self.app.get("/api/models/providers").await.json();
        assert_eq!(told["total"], 1, "{told}");
        told["providers"][0].clone()
    }

    async fn failing(&self) -> Value {
        self.told().await["failing"].clone()
    }

    async fn page(&self) -> String {
        self.app.get("/models").await.text
    }

    async fn test(&self) {
        assert_eq!(self.app.send(form("/models/providers/home/test", "")).await.status, 303);
    }
}

fn refusal() -> Value {
    let message = format!("Incorrect API key provided: {KEY}");
    json!({"error": {"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}})
}

#[tokio::test]
async fn a_failing_provider_says_what_since_when_what_comes_next_and_what_mends_it() {
    for (kind, name, header) in KINDS {
        let house = House::of((kind, name)).await;
        assert_eq!(house.failing().await, Value::Null);
        house.model.always(Answer::json(401, &refusal()).header(header, "req_77"));
        house.app.ask("hello").await;
        house.app.shift(SignedDuration::from_mins(30));
        house.app.ask("and now?").await;
        house.app.shift(SignedDuration::from_mins(5));
        let page = house.page().await;
        let first = "home refuses the key. 2 calls in a row failed, the first <time \
                     datetime=\"2030-01-01T09:00:00Z\"";
        assert!(page.contains(first), "{page}");
        assert!(
            page.contains(">35 min ago</time>. The next message tries it again.</p>"),
            "{page}"
        );
        let fix = "href=\"/models?change=home#api_key\">Replace the key</a>";
        assert!(page.contains(fix) && page.contains(">Test</button>"), "{page}");
        let raw = "<p class=\"mono\">HTTP 401 ";
        assert!(page.contains("<summary>Details</summary>") && page.contains(raw), "{page}");
        assert!(page.contains("Incorrect API key provided: [key]") && !page.contains(KEY));
        assert!(page.contains("<span class=\"mono\">req_77</span>"), "{page}");

        let run = house.app.get("/api/runs").await.json()["runs"][0]["id"].clone();
        let link = format!("href=\"/runs/{}\">The run that asked</a>", run.as_str().unwrap());
        assert!(page.contains(&link), "{page}");
        let mut failing = house.failing().await;
        let raw = failing["raw"].take();
        assert!(raw.as_str().unwrap().contains("provided: [key]"), "{raw}");
        let expected = json!({
            "kind": "wrong_key", "message": "home refuses the key.",
            "since": "2030-01-01T09:00:00Z", "calls": 2, "next": "The next message tries it again.",
            "retry_at": null, "model": "home:m", "raw": null, "provider_request_id": "req_77",
            "run_id": run,
        });
        assert_eq!(failing, expected);
    }
}

#[tokio::test]
async fn a_restart_forgets_no_failure_and_an_answer_ends_it() {
    let house = House::new().await;
    house.model.always(Answer::json(401, &refusal()));
    house.app.ask("hello").await;
    let House { app, model, folder } = house;
    drop(app);
    let app = TestApp::open(folder.path()).await;
    let house = House { app, model, folder };
    assert_eq!(house.failing().await["calls"], 1);
    assert!(house.page().await.contains("It failed once, <time"));
    house.app.shift(SignedDuration::from_mins(2));
    house.model.answer(Answer::openai_text("Hello."));
    assert_eq!(house.app.ask("hello").await, "Hello.");
    let told = house.told().await;
    assert_eq!(
        (&told["failing"], &told["last_used_at"]),
        (&Value::Null, &json!("2030-01-01T09:02:00Z"))
    );
    let page = house.page().await;
    assert!(!page.contains("Replace the key") && !page.contains("Details"), "{page}");
    assert!(page.contains("last used <time"), "{page}");
}

#[tokio::test]
async fn a_test_counts_as_a_call_and_what_was_replaced_starts_anew() {
    let house = House::new().await;
    house.model.always(Answer::json(401, &refusal()));
    house.test().await;
    house.test().await;
    let failing = house.failing().await;
    assert_eq!((&failing["calls"], &failing["run_id"]), (&json!(2), &Value::Null));
    let change = house.app.get("/models?change=home").await.text;
    let address = house.model.base_url(Kind::OpenAi).to_string();
    assert!(change.contains("<h2>Change home</h2>") && !change.contains(KEY), "{change}");
    assert!(change.contains("value=\"home\"") && change.contains(&format!("value=\"{address}\"")));
    house.model.answer(Answer::openai_text("ready"));
    let again = fields(&house.model, (Kind::OpenAi, "openai"));
    assert_eq!(house.app.send(form("/models/providers", &again)).await.status, 303);
    assert_eq!(house.failing().await, Value::Null);
    house.test().await;
    assert_eq!(house.failing().await["calls"], 1);
    house.model.answer(Answer::openai_text("ready"));
    house.test().await;
    assert_eq!(house.failing().await, Value::Null);
}

#[tokio::test]
async fn a_pause_that_it_asks_for_is_said_and_who_answers_meanwhile() {
    let house = House::new().await;
    let commands = "model=builtin%3Acommands&act=add";
    assert_eq!(house.app.send(form("/models/fallback", commands)).await.status, 303);
    house.model.always(Answer::status(429, "").header("retry-after", "240"));
    assert!(house.app.ask("status").await.starts_with("Everything is running."));
    let failing = house.failing().await;
    let meanwhile = "Meanwhile the built-in commands answer.";
    let next = format!("It asks for a pause: try again in 4 min. {meanwhile}");
    assert_eq!(
        (&failing["kind"], &failing["next"], &failing["retry_at"]),
        (&json!("rate_limited"), &json!(next), &json!("2030-01-01T09:04:00Z"))
    );
    let page = house.page().await;
    assert!(
        page.contains("home limits how often it may be asked.") && page.contains(&next),
        "{page}"
    );
    house.app.shift(SignedDuration::from_mins(4));
    let next = format!("The next message tries it again. {meanwhile}");
    assert_eq!(house.failing().await["next"], next);
}

#[tokio::test]
async fn a_secret_that_the_provider_quotes_is_hidden() {
    const SECRET: &str = "BSA-71kd93mfu20sl57qpz84";
    let house = House::new().await;
    let saved = json!({"key": "system:search_key", "value": SECRET});
    assert_eq!(house.app.post("/api/credentials", &saved).await.status, 200);
    let refused = json!({"error": {"message": format!("I can't read {SECRET}")}});
    house.model.always(Answer::json(400, &refused));
    house.app.ask("hello").await;
    let failing = house.failing().await.to_string();
    assert!(failing.contains("[hidden: system:search_key]"), "{failing}");
    let page = house.page().await;
    assert!(page.contains("[hidden: system:search_key]"), "{page}");
    assert!(!page.contains(SECRET) && !failing.contains(SECRET));
}

#[tokio::test]
async fn what_is_fixed_outside_is_mended_where_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    let provider = |name: &str, more: &str| {
        let address = model.base_url(Kind::OpenAi);
        format!("[models.providers.{name}]\nkind = \"openai\"\nbase_url = \"{address}\"\n{more}")
    };
    let toml = format!(
        "[models]\ndefault = \"bare:m\"\n{}{}",
        provider("bare", ""),
        provider("kept", "credential = \"system:k\"\n")
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    model.always(Answer::json(401, &refusal()));
    house.ask("hello").await;
    let asked = json!({"message": "hello", "model": "kept:m"});
    assert_eq!(house.post("/api/runs", &asked).await.status, 201);
    house.work().await;
    let page = house.get("/models").await.text;
    assert!(page.contains("bare refuses the key.") && page.contains("kept refuses the key."));
    let mended = "The next message tries it again. It can be mended only where it is set: ";
    assert_eq!(page.matches(mended).count(), 1, "{page}");
    let link = "href=\"/credentials?replace=system%3Ak#key\">Replace the key</a>";
    assert!(page.contains(link) && !page.contains("/models?change="), "{page}");
}

#[tokio::test]
async fn a_chat_says_that_its_model_fails_and_links_only_where_its_reader_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let (house, ada, eve) = signed_in(folder.path()).await;
    let page = ada.get("/chat").await.text;
    assert!(page.contains("<a href=\"/models\">Connect a model</a>"), "{page}");
    let page = eve.get("/chat").await.text;
    assert!(page.contains("Ask your administrator to connect one."), "{page}");

    let model = ModelServer::start().await;
    model.answer(Answer::openai_text("ready"));
    let address = model.base_url(Kind::OpenAi).to_string();
    let connect = [
        ("kind", "openai"),
        ("name", "home"),
        ("base_url", &address),
        ("api_key", KEY),
        ("model", "m"),
    ];
    assert_eq!(ada.submit("/models/providers", &connect).await.status, 303);
    assert!(!eve.get("/chat").await.text.contains("id=\"failing-model\""));
    model.always(Answer::json(401, &refusal()));
    let mut chats = Vec::new();
    for browser in [&ada, &eve] {
        let sent = browser.json("POST", "/api/runs", &json!({"message": "hello"})).await.json();
        house.work().await;
        chats.push(format!("/chat/{}", sent["conversation_id"].as_str().unwrap()));
    }
    let banner = "home refuses the key. The next message tries it again.";
    let page = ada.get(&chats[0]).await.text;
    assert!(page.contains("id=\"failing-model\"") && page.contains(banner), "{page}");
    assert!(page.contains("<a href=\"/models\">Mend it in Models</a>"), "{page}");
    assert!(page.contains("<a class=\"button\" href=\"/models\">Open Models</a>"), "{page}");
    let page = eve.get(&chats[1]).await.text;
    assert!(page.contains("id=\"failing-model\"") && page.contains(banner), "{page}");
    assert_eq!(page.matches("Ask your administrator to look at Models.").count(), 2, "{page}");
    assert!(!page.contains("href=\"/models"), "{page}");
    for path in ["/models", "/api/models/providers"] {
        assert_eq!(eve.get(path).await.status, 403, "{path}");
    }
}
