//! The config file, the environment, the flags, and which of them counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use steward::config::{
    Config, Flags, HostPort, Kind, Loaded, ModelName, Network, Source, Wire, keys,
};
use steward::error::Error;

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// One set of sources, in a folder of its own.
struct Sources {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
    flags: Flags,
    database: BTreeMap<String, String>,
}

impl Sources {
    fn new() -> Sources {
        let dir = tempfile::tempdir().unwrap();
        let env = vec![("HOME".to_owned(), "/home/ada".to_owned())];
        let sources = Sources { dir, env, flags: Flags::default(), database: BTreeMap::new() };
        sources.file("")
    }

    /// The config file.
    fn file(mut self, text: &str) -> Sources {
        self.flags.config = Some(self.write("config.toml", text));
        self
    }

    fn env(mut self, name: &str, value: impl Into<String>) -> Sources {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    fn saved(mut self, key: &str, value: &str) -> Sources {
        self.database.insert(key.to_owned(), value.to_owned());
        self
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn try_load(&self) -> Result<Loaded, Error> {
        let env = self.env.iter().map(|(name, value)| (OsString::from(name), value.into()));
        Config::load(&self.flags, env, &self.database)
    }

    fn load(&self) -> Loaded {
        self.try_load().unwrap_or_else(|err| panic!("{err}"))
    }

    /// The sentences a person gets, without the folder's random name.
    fn refusal(&self) -> String {
        let err = self.try_load().err().expect("this must be refused");
        assert!(matches!(err, Error::Invalid { .. }), "{err:?}");
        err.to_string().replace(self.dir.path().to_str().unwrap(), "DIR")
    }
}

#[test]
fn flag_beats_environment_beats_file_beats_database_beats_default() {
    let key = "limits.max_tool_calls";
    let mut sources = Sources::new();
    assert_eq!(sources.load().config.limits.max_tool_calls, 20);
    assert_eq!(sources.load().source(key), Some(Source::Default));

    sources = sources.saved(key, "21");
    assert_eq!(sources.load().config.limits.max_tool_calls, 21);
    assert_eq!(sources.load().source(key), Some(Source::Database));
    assert_eq!(sources.load().locked(key), None);

    sources = sources.file("[limits]\nmax_tool_calls = 22\n[server]\nlisten = \"127.0.0.1:1\"");
    assert_eq!(sources.load().config.limits.max_tool_calls, 22);
    let file = Source::File(sources.dir.path().join("config.toml"));
    assert_eq!(sources.load().locked(key), Some(file));

    sources = sources.env("STEWARD_LIMITS__MAX_TOOL_CALLS", "23");
    assert_eq!(sources.load().config.limits.max_tool_calls, 23);
    let variable = Source::Env("STEWARD_LIMITS__MAX_TOOL_CALLS".to_owned());
    assert_eq!(sources.load().locked(key), Some(variable));

    sources = sources.env("STEWARD_SERVER__LISTEN", "127.0.0.1:2");
    assert_eq!(sources.load().config.server.listen.port(), 2);
    sources.flags.listen = Some("127.0.0.1:3".to_owned());
    assert_eq!(sources.load().config.server.listen.port(), 3);
    assert_eq!(sources.load().locked("server.listen"), Some(Source::Flag("--listen")));
}

#[test]
fn settings_change_without_losing_what_is_fixed_outside() {
    let sources = Sources::new().file("[agent]\nname = \"Jeeves\"");
    let loaded = sources.load();
    let saved = [("agent.name", "Bertie"), ("models.fallback", "builtin:commands")];
    let saved = saved.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let changed = loaded.with_database(&saved).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(changed.config.agent.name, "Jeeves");
    assert_eq!(changed.config.models.fallback.len(), 1);
    assert_eq!(loaded.config.models.fallback.len(), 0);
}

#[test]
fn the_example_is_the_code() {
    // Every key of the example is a field, every field is a key, and the defaults are themselves a
    // config that says the same.
    let as_file = Sources::new().file(&EXAMPLE.replace("dir = \"\"", "dir = \"/data\"")).load();
    let mut plain = Sources::new();
    plain.flags.data_dir = Some("/data".into());
    let rows = |loaded: &Loaded| -> Vec<(String, String)> {
        loaded.rows().into_iter().map(|row| (row.key, row.value)).collect()
    };
    assert_eq!(rows(&as_file), rows(&plain.load()));
    let shown = plain.load().rows();
    let shown: Vec<_> = shown.iter().map(|row| row.key.as_str()).collect();
    let alone = keys().iter().filter(|key| !key.is_family());
    let alone: Vec<_> = alone.map(|key| key.name.as_str()).collect();
    assert_eq!(shown, alone);
    for key in keys() {
        assert!(!key.about.is_empty() && key.about.ends_with('.'), "{} has no why", key.name);
        assert!(!(key.live && key.secret), "{}: secrets are kept in the vault", key.name);
    }
}

/// A value other than the default that the key takes.
fn another_value(key: &str, kind: Kind, default: &toml::Value) -> String {
    let name = key.rsplit('.').next().unwrap();
    let text = match name {
        "listen" => "127.0.0.1:1",
        "base_url" | "search_url" => "http://127.0.0.1:8888",
        "trusted_proxies" => "10.0.0.0/8",
        "private_allowed" => "printer:80",
        "fallback" | "screen_model" => "builtin:commands",
        "default" => "home:qwen3",
        "time_zone" => "Europe/Berlin",
        "language" => "de",
        "level" => "debug",
        "format" => "json",
        "mode" => "careful",
        "kind" => "anthropic",
        "dir" | "key_file" => "/elsewhere",
        _ => "correct horse",
    };
    match kind {
        Kind::Whole => (default.as_integer().unwrap() + 1).to_string(),
        Kind::Switch => (!default.as_bool().unwrap()).to_string(),
        Kind::Money => "1.5".to_owned(),
        Kind::Text | Kind::List => text.to_owned(),
        Kind::Roles | Kind::Lists => "{}".to_owned(),
    }
}

#[test]
fn every_key_but_those_of_tools_is_also_a_variable() {
    let home = || Sources::new().file("[models.providers.home]\nkind = \"openai\"");
    let plain = home().load().rows();
    let named = keys().iter().filter(|key| !key.name.starts_with("tools."));
    assert_eq!(plain.len(), named.count());
    for row in &plain {
        let key = keys().iter().find(|key| key.name.replace("NAME", "home") == row.key).unwrap();
        let variable = row.variable.as_deref().unwrap();
        let value = another_value(&row.key, key.kind, &key.default);
        let rows = home().env(variable, value).load().rows();
        let set = rows.iter().find(|it| it.key == row.key).unwrap();
        assert_eq!(set.source, Source::Env(variable.to_owned()), "{}", row.key);
        assert_ne!(set.value, row.value, "{}", row.key);
    }
}

#[test]
fn the_data_folder_is_found() {
    let dir = |sources: Sources| sources.load().config.data.dir;
    assert_eq!(dir(Sources::new()), Path::new("/home/ada/.local/share/steward"));
    let xdg = Sources::new().env("XDG_DATA_HOME", "/data");
    assert_eq!(dir(xdg), Path::new("/data/steward"));
    let state = Sources::new().env("XDG_DATA_HOME", "/data").env("STATE_DIRECTORY", "/s/a:/s/b");
    assert_eq!(dir(state), Path::new("/s/a"));
    let file = Sources::new().env("STATE_DIRECTORY", "/s").file("[data]\ndir = \"/file\"");
    assert_eq!(dir(file), Path::new("/file"));
    let mut nowhere = Sources::new();
    nowhere.env.clear();
    assert_snapshot!(nowhere.refusal(), @"data.dir is not set and there is no home folder; give --data-dir.");
}

#[test]
fn a_secret_comes_from_a_file_a_variable_or_a_credential() {
    let key = |sources: &Sources| {
        let secret = sources.load().config.web.brave_key;
        secret.expect("a key").expose().to_owned()
    };
    let sources = Sources::new();
    let path = sources.write("brave", "from-file\n");
    let text = format!("[web]\nbrave_key_file = \"{}\"", path.display());
    let sources = sources.file(&text);
    assert_eq!(key(&sources), "from-file");
    let credentials = sources.dir.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("web.brave_key"), "from-credential").unwrap();
    fs::write(credentials.join("something.else"), "x").unwrap();
    fs::write(credentials.join("vault.key"), [0xff; 32]).unwrap();
    let sources = sources.env("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    assert_eq!(key(&sources), "from-credential");
    let source = Source::Credential("web.brave_key".to_owned());
    assert_eq!(sources.load().locked("web.brave_key"), Some(source));
    let key_file = sources.load().config.vault.key_file;
    assert_eq!(key_file, Some(credentials.join("vault.key")));
    let path = sources.write("brave2", "from-variable-file");
    let by_file = sources.env("STEWARD_WEB__BRAVE_KEY_FILE", path.to_str().unwrap());
    assert_eq!(key(&by_file), "from-variable-file");
    assert_eq!(key(&Sources::new().env("STEWARD_WEB__BRAVE_KEY", "plain")), "plain");
}

#[test]
fn a_secret_is_never_shown() {
    let canary = "sk-canary-7291";
    let sources = Sources::new()
        .env("STEWARD_MODELS__PROVIDERS__HOME__API_KEY", canary)
        .env("STEWARD_VAULT__PASSPHRASE", "abababab")
        .file("[models.providers.home]\nkind = \"openai\"\n[web]\nbrave_key = \"sk-canary-7291\"");
    let rows = sources.load().rows();
    let shown = format!("{rows:?}");
    assert!(!shown.contains(canary) && !shown.contains("abab"), "{shown}");
    let masked = rows.iter().filter(|row| row.value == "\"(set, hidden)\"").count();
    assert_eq!(masked, 3);
    // Nor by a refusal.
    let both = Sources::new().env("STEWARD_VAULT__PASSPHRASE", canary);
    let wrong = both.env("STEWARD_VAULT__KEY_FILE", "/k").refusal();
    assert_snapshot!(wrong, @"vault.key_file (from STEWARD_VAULT__KEY_FILE) and vault.passphrase are both set; set one of them.");
    let wrong = Sources::new().file("[web]\nbrave_key = [\"sk-canary-7291\"]").refusal();
    assert_snapshot!(wrong, @"DIR/config.toml, line 2: web.brave_key must be a text in quotes.");
    let wrong = Sources::new().file("[web]\nbrave_key = \"sk-canary-7291").refusal();
    assert_snapshot!(wrong, @r#"DIR/config.toml is not valid TOML at line 2: invalid basic string, expected `"`."#);
    let wrong = Sources::new().env("STEWARD_WEB__BRAVE_KEY", "sk-canary-7291\nx").refusal();
    assert_snapshot!(wrong, @"web.brave_key (from STEWARD_WEB__BRAVE_KEY) must be one line, without control characters.");
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let file = Sources::new().file("[server]\nlisen = \"a\"\n\n[limts]\nmax_tool_calls = 3\n");
    assert_snapshot!(file.refusal(), @"
    DIR/config.toml, line 5: limts.max_tool_calls is not a setting; did you mean limits.max_tool_calls?
    DIR/config.toml, line 2: server.lisen is not a setting; did you mean server.listen?
    ");
    let env = Sources::new().env("STEWARD_LISTEN", "a").env("STEWARD_WEB__BRAVE_KY", "b");
    assert_snapshot!(env.refusal(), @"
    STEWARD_LISTEN is not a setting; did you mean STEWARD_SERVER__LISTEN?
    STEWARD_WEB__BRAVE_KY is not a setting; did you mean STEWARD_WEB__BRAVE_KEY?
    ");
    let odd = Sources::new().env("STEWARD_QQQQQ", "1");
    assert_snapshot!(odd.refusal(), @"STEWARD_QQQQQ is not a setting; `steward config show` lists them all.");
    let plain_file = Sources::new().env("STEWARD_AGENT__NAME_FILE", "/x");
    assert_snapshot!(plain_file.refusal(), @"STEWARD_AGENT__NAME_FILE is not a setting; did you mean STEWARD_AGENT__NAME?");
    let provider = Sources::new().file("[models.providers.home]\nkind = \"openai\"\napikey = \"\"");
    assert_snapshot!(provider.refusal(), @"DIR/config.toml, line 3: models.providers.home.apikey is not a setting; did you mean models.providers.home.api_key?");
    let saved = Sources::new().saved("agent.nam", "x");
    assert_snapshot!(saved.refusal(), @"agent.nam is not a setting; did you mean agent.name?");
}

#[test]
fn wrong_values_are_refused_in_one_sentence_each() {
    let file = |text: &str| Sources::new().file(text).refusal();
    assert_snapshot!(file("[server]\nlisten = 8484\n[limits]\nmax_tool_calls = \"many\""), @"
    DIR/config.toml, line 4: limits.max_tool_calls must be a whole number.
    DIR/config.toml, line 2: server.listen must be a text in quotes.
    ");
    assert_snapshot!(file("[server]\nlisten = \"everywhere\""), @r#"server.listen (from DIR/config.toml) must be an address and a port, such as 127.0.0.1:8484, which "everywhere" is not."#);
    assert_snapshot!(file("[limits]\nmax_tool_calls = 0"), @"limits.max_tool_calls (from DIR/config.toml) must be a number from 1 to 1000.");
    assert_snapshot!(file("[limits]\ndaily_spend_usd = -1"), @r#"limits.daily_spend_usd (from DIR/config.toml) must be dollars from 0 to 1000000, such as 2.50, or "none"."#);
    assert_snapshot!(file("[limits]\ndaily_spend_usd = \"lots\""), @r#"DIR/config.toml, line 2: limits.daily_spend_usd must be dollars, such as 2.50, or "none"."#);
    assert_snapshot!(file("[owner]\ntime_zone = \"Berlin\""), @r#"owner.time_zone (from DIR/config.toml) must be a time zone such as "Europe/Berlin", which "Berlin" is not."#);
    assert_snapshot!(file("[log]\nlevel = \"loud\""), @r#"log.level (from DIR/config.toml) must be one of "error", "warn", "info", "debug", "trace", not "loud"."#);
    assert_snapshot!(file("[guard]\nprivate_allowed = [\"printer\"]"), @r#"guard.private_allowed (from DIR/config.toml) must be host:port, which "printer" is not."#);
    assert_snapshot!(file("[server]\ntrusted_proxies = [\"10.0.0.0/33\"]"), @r#"server.trusted_proxies (from DIR/config.toml) must be an address or a network such as 10.0.0.0/8, which "10.0.0.0/33" is not."#);
    assert_snapshot!(file("[server]\nbase_url = \"home.example\""), @"server.base_url (from DIR/config.toml) must be an address that begins with http:// or https://.");
    assert_snapshot!(file("[server]\nbase_url = \"https://home.example/steward\""), @"server.base_url (from DIR/config.toml) must be an address without a path: give Steward a name of its own, such as https://steward.example.org.");
    assert_snapshot!(file("[web]\nsearch_url = \"http://ada:pw@searx\""), @"web.search_url (from DIR/config.toml) must be an address without a login, without ? and #.");
    assert_snapshot!(file("[models]\ndefault = \"claude\""), @r#"models.default (from DIR/config.toml) must be PROVIDER:MODEL, which "claude" is not."#);
    assert_snapshot!(file("[models]\ndefault = \"hom:x\"\n[models.providers.home]\nkind = \"openai\""), @r#"models.default (from DIR/config.toml) names the provider "hom", which is not there; did you mean "home"?"#);
    assert_snapshot!(file("[models.providers.home]\napi_key = \"k\""), @r#"models.providers.home.kind is missing; set it to "anthropic" or "openai"."#);
    assert_snapshot!(file("[models.providers.builtin]\nkind = \"openai\""), @"models.providers.builtin.kind (from DIR/config.toml) takes the name of the built-in model; choose another name.");
    assert_snapshot!(file("[models.providers.a]\nkind = \"openai\"\napi_key = \"k\"\ncredential = \"c\""), @"models.providers.a.credential (from DIR/config.toml) is set and so is api_key; set one of them.");
    let env = Sources::new().env("STEWARD_LIMITS__MAX_CONCURRENT_RUNS", "three");
    assert_snapshot!(env.refusal(), @"STEWARD_LIMITS__MAX_CONCURRENT_RUNS must be a whole number.");
}

#[test]
fn a_broken_or_missing_file_is_named_with_the_line() {
    assert_snapshot!(Sources::new().file("[server]\nlisten = \"a\nx").refusal(), @"DIR/config.toml is not valid TOML at line 3: key with no value, expected `=`.");
    let twice = Sources::new();
    let path = twice.write("b", "key");
    let twice = twice.file("[web]\nbrave_key = \"a\"\nbrave_key_file = \"b\"");
    assert_snapshot!(twice.refusal(), @"DIR/config.toml: set web.brave_key or web.brave_key_file, not both.");
    let twice = Sources::new()
        .env("STEWARD_WEB__BRAVE_KEY", "a")
        .env("STEWARD_WEB__BRAVE_KEY_FILE", path.to_str().unwrap());
    assert_snapshot!(twice.refusal(), @"Set STEWARD_WEB__BRAVE_KEY or STEWARD_WEB__BRAVE_KEY_FILE, not both.");
    let mut missing = Sources::new();
    missing.flags.config = Some(missing.dir.path().join("other.toml"));
    assert_snapshot!(missing.refusal(), @"The config file DIR/other.toml can't be read: it is not there.");
    missing.flags.config = Some(missing.write("config.toml", b"name = \"\xff\""));
    assert_snapshot!(missing.refusal(), @"The config file DIR/config.toml can't be read: it is not UTF-8 text.");
    missing.flags.config = Some(missing.dir.path().to_owned());
    assert_snapshot!(missing.refusal(), @"The config file DIR can't be read: it is a folder.");
    missing.flags.config = Some("/dev/zero".into());
    assert_snapshot!(missing.refusal(), @"The config file /dev/zero can't be read: it is too large.");
    let sources = Sources::new().env("STEWARD_WEB__BRAVE_KEY_FILE", "/b");
    assert_snapshot!(sources.refusal(), @"STEWARD_WEB__BRAVE_KEY_FILE names the file /b, which can't be read: it is not there.");
}

#[test]
fn the_database_cannot_open_the_home_network_or_hold_a_secret() {
    let saved = Sources::new().saved("guard.private_allowed", "router:80");
    assert_snapshot!(saved.refusal(), @"guard.private_allowed can't be changed in Settings; it is read at start from the config file, the environment or a flag.");
    let saved = Sources::new().saved("web.brave_key", "k");
    assert_snapshot!(saved.refusal(), @"web.brave_key is a secret; keep it in Credentials.");
}

#[test]
fn a_saved_model_may_outlive_its_provider() {
    let saved = Sources::new().saved("models.default", "gone:model").load();
    assert_eq!(saved.config.models.default.provider, "gone");
}

#[test]
fn providers_come_from_every_source() {
    let loaded = Sources::new()
        .saved("models.providers.cloud.kind", "anthropic")
        .saved("models.providers.cloud.credential", "cloud key")
        .file("[models.providers.home-box]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:11434/v1\"")
        .env("STEWARD_MODELS__PROVIDERS__ROUTER__KIND", "openai")
        .env("STEWARD_MODELS__DEFAULT", "router:meta/llama:70b")
        .load();
    let providers = &loaded.config.models.providers;
    assert_eq!(providers["cloud"].kind, Wire::Anthropic);
    assert_eq!(providers["cloud"].base_url().as_str(), "https://api.anthropic.com/");
    assert_eq!(providers["home-box"].base_url().as_str(), "http://127.0.0.1:11434/v1");
    assert_eq!(providers["router"].base_url().as_str(), "https://api.openai.com/v1");
    let name = ModelName { provider: "router".to_owned(), model: "meta/llama:70b".to_owned() };
    assert_eq!(loaded.config.models.default, name);
    let kept: Vec<String> = loaded
        .rows()
        .into_iter()
        .filter(|row| row.key.starts_with("models.providers"))
        .map(|row| format!("{} {} {}", row.key, row.value, row.variable.unwrap_or("-".to_owned())))
        .collect();
    assert_snapshot!(kept.join("\n"), @r#"
    models.providers.cloud.kind "anthropic" STEWARD_MODELS__PROVIDERS__CLOUD__KIND
    models.providers.cloud.base_url "" STEWARD_MODELS__PROVIDERS__CLOUD__BASE_URL
    models.providers.cloud.api_key "" STEWARD_MODELS__PROVIDERS__CLOUD__API_KEY
    models.providers.cloud.credential "cloud key" STEWARD_MODELS__PROVIDERS__CLOUD__CREDENTIAL
    models.providers.home-box.kind "openai" -
    models.providers.home-box.base_url "http://127.0.0.1:11434/v1" -
    models.providers.home-box.api_key "" -
    models.providers.home-box.credential "" -
    models.providers.router.kind "openai" STEWARD_MODELS__PROVIDERS__ROUTER__KIND
    models.providers.router.base_url "" STEWARD_MODELS__PROVIDERS__ROUTER__BASE_URL
    models.providers.router.api_key "" STEWARD_MODELS__PROVIDERS__ROUTER__API_KEY
    models.providers.router.credential "" STEWARD_MODELS__PROVIDERS__ROUTER__CREDENTIAL
    "#);
}

#[test]
fn money_is_micro_dollars_and_nothing_is_not_no_limit() {
    let cap = |text: &str| {
        let sources = Sources::new().env("STEWARD_LIMITS__DAILY_SPEND_USD", text);
        sources.load().config.limits.daily_spend_usd_micros
    };
    assert_eq!(cap("2.5"), Some(2_500_000));
    assert_eq!(cap("0"), Some(0));
    assert_eq!(cap("none"), None);
    assert_eq!(Sources::new().load().config.limits.daily_spend_usd_micros, Some(2_000_000));
}

#[test]
fn addresses_are_read_as_they_are_meant() {
    let loaded = Sources::new()
        .env("STEWARD_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")
        .env("STEWARD_GUARD__PRIVATE_ALLOWED", r#"["Printer.lan:80", "[::1]:9000"]"#)
        .load();
    let inside = |network: &Network, address: &str| network.contains(address.parse().unwrap());
    let proxies = &loaded.config.server.trusted_proxies;
    assert!(inside(&proxies[0], "10.1.2.3") && inside(&proxies[0], "::ffff:10.1.2.3"));
    assert!(!inside(&proxies[0], "11.0.0.1") && !inside(&proxies[0], "::1"));
    assert!(inside(&proxies[1], "::1") && !inside(&proxies[1], "::2"));
    let everything: Network = "0.0.0.0/0".parse().unwrap();
    assert!(inside(&everything, "8.8.8.8") && !inside(&everything, "::1"));
    let printer = HostPort { host: "printer.lan".to_owned(), port: 80 };
    let local = HostPort { host: "::1".to_owned(), port: 9000 };
    assert_eq!(loaded.config.guard.private_allowed, [printer, local]);
}
