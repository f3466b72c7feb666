//! Providers: tried, saved, chosen, priced, removed.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{Answer as Said, TestApp};

const KEY: &str = "sk-canary-4411";

struct House {
    app: TestApp,
    server: ModelServer,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::open(folder.path()).await;
        House { app, server: ModelServer::start().await.with_list(), _folder: folder }
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Said {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        self.app.send(request.unwrap()).await
    }

    /// Fills in the form as a person does.
    async fn connect(&self, name: &str, key: &str) -> Said {
        let address = self.server.base_url(Kind::OpenAi);
        let fields = [
            ("kind", "openai"),
            ("name", name),
            ("base_url", address.as_str()),
            ("api_key", key),
            ("model", "qwen3"),
        ];
        self.submit("/models/providers", &fields).await
    }

    async fn connected(&self) {
        self.server.answer(Answer::of(Kind::OpenAi, &[Say::Text("ready")]));
        // What follows are lists of models.
        self.server.always(Answer::json(200, &json!({"data": [{"id": "qwen3"}, {"id": "small"}]})));
        assert_eq!(self.connect("home", KEY).await.status, 303);
    }

    async fn default(&self) -> String {
        let models = self.app.get("/api/models").await.json();
        models["default"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_provider_is_tried_before_it_is_saved() {
    let house = House::new().await;
    assert_eq!(house.default().await, "builtin:commands");
    house.server.answer(Answer::json(401, &json!({"error": {"message": "no"}})));
    let refused = house.connect("home", KEY).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("home refused this key."), "{}", refused.text);
    assert!(refused.text.contains("value=\"qwen3\"") && !refused.text.contains(KEY));
    assert_eq!(house.default().await, "builtin:commands");

    house.connected().await;
    assert_eq!(house.default().await, "home:qwen3");
    let asked = house.server.requests();
    assert!(asked.iter().any(|it| it.headers["authorization"] == format!("Bearer {KEY}")));
    let models = house.app.get("/api/models").await.json();
    assert_eq!(models["models"], json!(["builtin:commands", "home:qwen3", "home:small"]));
    let provider = house.app.get("/api/settings/provider").await.json();
    assert_eq!(provider["default_provider"], "home");
}

#[tokio::test]
async fn the_key_is_in_the_vault_and_nowhere_else() {
    let house = House::new().await;
    house.connected().await;
    let credentials = house.app.get("/api/credentials").await.json();
    assert_eq!(credentials[0]["key"], "model:home");
    assert!(!house.app.get("/models").await.text.contains(KEY));
    let settings = house.app.read(|r| {
        let text = "select coalesce(group_concat(key || '=' || value, ' '), '') from settings";
        let audit = "select coalesce(group_concat(target || detail, ' '), '') from audit";
        let settings: String = r.one(text, (), |row| row.get(0))?;
        let audit: String = r.one(audit, (), |row| row.get(0))?;
        Ok(settings + &audit)
    });
    let settings = settings.await;
    assert!(settings.contains("models.providers.home.credential=model:home"), "{settings}");
    assert!(!settings.contains(KEY), "{settings}");
}

#[tokio::test]
async fn the_page_says_how_a_long_key_ends_and_leads_to_where_it_is_replaced() {
    let house = House::new().await;
    house.connected().await;
    let told = async || house.app.get("/api/models/providers").await.json()["providers"][0].clone();
    let page = house.app.get("/models").await.text;
    assert!(page.contains("key set") && !page.contains("ends in"), "{page}");
    assert_eq!(
        (&told().await["key_set"], &told().await["key_ends_in"]),
        (&json!(true), &Value::Null)
    );
    house.server.answer(Answer::of(Kind::OpenAi, &[Say::Text("ready")]));
    let long = "sk-canary-0123-4f2a";
    assert_eq!(house.connect("home", long).await.status, 303);
    let page = house.app.get("/models").await.text;
    assert!(page.contains("key set, ends in …4f2a · last used <time") && !page.contains(long));
    assert!(
        page.contains("<a class=\"button small\" href=\"/models?change=home#api_key\""),
        "{page}"
    );
    assert_eq!(told().await["key_ends_in"], "4f2a");
    let form = house.app.get("/models?change=home").await.text;
    assert!(!form.contains(long) && form.contains("id=\"api_key\""), "{form}");
    // An empty field keeps the key.
    house.server.answer(Answer::of(Kind::OpenAi, &[Say::Text("ready")]));
    assert_eq!(house.connect("home", "").await.status, 303);
    assert_eq!(told().await["key_ends_in"], "4f2a");
}

#[tokio::test]
async fn a_key_of_the_config_file_shows_its_source_and_how_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[models.providers.far]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
                api_key = \"sk-canary-0123-4f2a\"\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let told = house.get("/api/models/providers").await.json()["providers"][0].clone();
    assert_eq!((&told["name"], &told["key_ends_in"]), (&json!("far"), &json!("4f2a")));
    assert!(told["set_by"].as_str().unwrap().ends_with("config.toml"), "{told}");
    assert!(!told.to_string().contains("canary"), "{told}");
}

#[tokio::test]
async fn what_is_wrong_in_the_form_stands_at_its_field() {
    let house = House::new().await;
    let fields = |name: &'static str, base_url: &'static str, model: &'static str| {
        [("kind", "openai"), ("name", name), ("base_url", base_url), ("model", model)]
    };
    for (form, sentence) in [
        (fields("Home!", "", "m"), "short name of small letters"),
        (fields("builtin", "", "m"), "short name of small letters"),
        (fields("home", "ftp://x", "m"), "begins with http://"),
        (fields("home", "", ""), "Name the model"),
    ] {
        let answer = house.submit("/models/providers", &form).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains(sentence), "{sentence} is not in {}", answer.text);
    }
    assert_eq!(house.server.requests().len(), 0);
}

#[tokio::test]
async fn the_page_shows_prices_and_an_unknown_one_is_not_free() {
    let house = House::new().await;
    house.connected().await;
    let facts = [("priced", "home:qwen3"), ("input", "3"), ("output", "15"), ("context", "32000")];
    assert_eq!(house.submit("/models/facts", &facts).await.status, 303);
    let info = house.app.get("/api/models/info").await.json();
    let qwen = info.as_array().unwrap().iter().find(|it| it["id"] == "home:qwen3").unwrap();
    assert_eq!(qwen["pricing"], json!({"prompt": 3.0, "completion": 15.0}));
    assert_eq!(qwen["context_length"], 32_000);
    let half = [("priced", "home:qwen3"), ("input", "3"), ("output", "")];
    let refused = house.submit("/models/facts", &half).await;
    assert!(refused.status == 422 && refused.text.contains("Give both prices, or none."));
    let page = house.app.get("/models").await.text;
    assert!(page.contains("home:qwen3") && page.contains("32000"), "{page}");
}

#[tokio::test]
async fn programs_price_a_model_and_switch_it_off() {
    let house = House::new().await;
    house.connected().await;
    let patch = async |id: &str, body: Value| {
        house.app.send_json("PATCH", &format!("/api/models/{id}"), &body).await
    };
    let small = house.app.get("/api/models/home:small").await.json();
    assert_eq!((&small["enabled"], &small["default"]), (&json!(true), &json!(false)));
    let priced = patch("home:small", json!({"prices": {"prompt": 0.25, "completion": 1}})).await;
    assert_eq!(priced.json()["pricing"], json!({"prompt": 0.25, "completion": 1.0}));
    let again = patch("home:small", json!({"prices": null, "enabled": false})).await.json();
    assert_eq!((&again["pricing"]["prompt"], &again["enabled"]), (&json!(0.0), &json!(false)));

    let offered = house.app.get("/api/models").await.json();
    assert_eq!(offered["models"], json!(["builtin:commands", "home:qwen3"]));
    let message = json!({"message": "hi", "model": "home:small"});
    let asked = house.app.post("/api/chat/completions", &message).await;
    assert!(
        asked.status == 400 && asked.text.contains("home:small is switched off."),
        "{}",
        asked.text
    );
    let chosen = house.submit("/models/default", &[("model", "home:small")]).await;
    assert_eq!((chosen.status.as_u16(), house.default().await), (303, "home:qwen3".to_owned()));
    let default = patch("home:qwen3", json!({"enabled": false})).await;
    assert!(default.status == 409 && default.text.contains("is the default"), "{}", default.text);
    let commands = patch("builtin:commands", json!({"enabled": false})).await;
    assert_eq!(commands.status, 409);
    let on = [("model", "home:small"), ("on", "true")];
    assert_eq!(house.submit("/models/switch", &on).await.status, 303);
    assert_eq!(house.app.get("/api/models/home:small").await.json()["enabled"], true);

    assert_eq!(house.app.get("/api/models/away:x").await.status, 404);
    for (body, sentence) in [
        (json!({"enabled": "no"}), "must be true or false"),
        (json!({"price": {}}), "did you mean \\\"prices\\\"?"),
        (json!({"prices": {"prompt": 3}}), "The field \\\"completion\\\" is missing."),
        (json!({"prices": {"prompt": -1, "completion": 1}}), "Write dollars from 0"),
    ] {
        let refused = patch("home:qwen3", body).await;
        assert!(refused.status == 400 && refused.text.contains(sentence), "{}", refused.text);
    }
}

#[tokio::test]
async fn an_unknown_price_is_unknown_and_never_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[models]\ndefault = \"far:nobody-knows\"\n[models.providers.far]\nkind = \"openai\"\n\
                base_url = \"http://192.0.2.1:9/v1\"\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let model = house.get("/api/models/far:nobody-knows").await.json();
    assert_eq!((&model["pricing"], &model["context_length"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn what_stands_in_is_put_in_order_by_buttons() {
    let house = House::new().await;
    house.connected().await;
    let press = async |model: &str, act: &str| {
        house.submit("/models/fallback", &[("model", model), ("act", act)]).await
    };
    let order = || {
        house
            .app
            .app
            .config
            .get()
            .models
            .fallback
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(press("home:small", "add").await.status, 303);
    assert_eq!(press("builtin:commands", "add").await.status, 303);
    assert_eq!(order(), ["home:small", "builtin:commands"]);
    press("builtin:commands", "up").await;
    press("builtin:commands", "up").await;
    assert_eq!(order(), ["builtin:commands", "home:small"]);
    press("builtin:commands", "down").await;
    assert_eq!(order(), ["home:small", "builtin:commands"]);
    let off = [("model", "home:small"), ("on", "false")];
    house.submit("/models/switch", &off).await;
    assert_eq!(
        house.app.get("/api/models/home:small").await.json()["enabled"],
        true,
        "it stands in"
    );
    for (model, act, sentence) in [
        ("home:small", "add", "is in the list already."),
        ("home:qwen3", "add", "is asked first anyway."),
        ("hme:x", "add", "Did you mean"),
        ("home:else", "up", "is not in the list any more."),
    ] {
        let refused = press(model, act).await;
        assert!(
            refused.status == 422 && refused.text.contains(sentence),
            "{sentence}: {}",
            refused.text
        );
        assert!(refused.text.contains(&format!("value=\"{model}\"")), "{}", refused.text);
    }
    press("home:small", "remove").await;
    press("builtin:commands", "remove").await;
    assert!(order().is_empty());
    assert!(house.app.get("/models").await.text.contains("No model stands in"));
}

#[tokio::test]
async fn the_day_has_a_cap_that_can_be_changed_and_taken_away() {
    let house = House::new().await;
    assert!(house.app.get("/models").await.text.contains("$0.00 of $2.00 today"));
    assert_eq!(house.submit("/models/budget", &[("daily", "0.50")]).await.status, 303);
    assert!(house.app.get("/models").await.text.contains("of $0.50 today"));
    assert_eq!(house.submit("/models/budget", &[("daily", "")]).await.status, 303);
    assert!(house.app.get("/models").await.text.contains("without a cap"));
    let wrong = house.submit("/models/budget", &[("daily", "lots")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("value=\"lots\""));
}

#[tokio::test]
async fn what_the_config_file_fixes_is_shown_locked_with_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let open = TestApp::open(folder.path()).await.get("/models").await.text;
    assert!(open.contains("action=\"/models/budget\"") && !open.contains("class=\"locked\""));
    let folder = tempfile::tempdir().unwrap();
    let server = ModelServer::start().await.with_list();
    let toml = format!(
        "[limits]\ndaily_spend_usd = 3\n[models]\ndefault = \"builtin:commands\"\n\
         [models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    server.always(Answer::json(200, &json!({"data": [{"id": "small"}]})));
    let page = house.get("/models").await.text;
    assert!(page.contains("of $3.00 today") && page.contains("p:small"), "{page}");
    assert!(
        !page.contains("action=\"/models/budget\"") && !page.contains("Make default"),
        "{page}"
    );
    assert!(
        page.contains("<span>Set by <code class=\"name\">")
            && page.contains("The default is set by"),
        "{page}"
    );
    assert_eq!(page.matches("config.toml</code>").count(), 2, "{page}");
}

#[tokio::test]
async fn what_providers_have_can_be_chosen_after_a_start_without_anybody_asking() {
    let folder = tempfile::tempdir().unwrap();
    let (server, away) = (ModelServer::start().await.with_list(), ModelServer::start().await);
    server.answer(Answer::json(200, &json!({"data": [{"id": "claude-toy"}]})));
    let toml = format!(
        "[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n\
         [models.providers.q]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url(Kind::OpenAi),
        away.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    assert!(!house.get("/chat").await.text.contains("p:claude-toy"));
    assert!(server.requests().is_empty(), "neither the start nor a page waits for it");
    house.tick().await;
    let page = house.get("/chat").await.text;
    assert!(page.contains("value=\"p:claude-toy\""), "{page}");
    house.tick().await;
    assert_eq!(server.requests().len(), 1, "once is enough");
}

#[tokio::test]
async fn a_provider_can_be_tested_and_removed() {
    let house = House::new().await;
    house.connected().await;
    assert_eq!(house.submit("/models/default", &[("model", "home:small")]).await.status, 303);
    assert_eq!(house.default().await, "home:small");
    house.server.answer(Answer::of(Kind::OpenAi, &[Say::Text("ready")]));
    assert_eq!(house.submit("/models/providers/home/test", &[]).await.status, 303);
    let body = house.server.requests().last().unwrap().json();
    assert_eq!(body["model"], "small");
    assert_eq!(house.submit("/models/providers/home/delete", &[]).await.status, 303);
    assert_eq!(house.default().await, "builtin:commands");
    assert_eq!(house.submit("/models/providers/home/delete", &[]).await.status, 404);
}

#[tokio::test]
async fn a_chat_says_truly_whether_a_model_is_connected_and_offers_what_its_provider_has() {
    let house = House::new().await;
    let page = house.app.get("/chat").await.text;
    assert!(page.contains("No language model is connected"), "{page}");
    house.connected().await;
    assert!(!house.app.get("/chat").await.text.contains("id=\"no-model\""));
    house.submit("/models/default", &[("model", "builtin:commands")]).await;
    house.app.get("/models").await;
    let asked = house.server.requests().len();
    let page = house.app.get("/chat").await.text;
    assert!(!page.contains("No language model is connected"), "{page}");
    assert!(
        page.contains("No model is chosen to answer") && page.contains("href=\"/models#models\"")
    );
    assert!(page.contains("<option value=\"home:small\">small</option>"), "{page}");
    house.submit("/models/switch", &[("model", "home:small"), ("on", "false")]).await;
    let page = house.app.get("/chat").await.text;
    assert!(page.contains("home:qwen3") && !page.contains("home:small"), "{page}");
    assert_eq!(house.server.requests().len(), asked, "no page of a chat asks a provider");
}
