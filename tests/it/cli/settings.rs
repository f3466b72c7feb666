//! `config`, `setup`, `setup-code`, `token` and `audit`.

use insta::assert_snapshot;
use serde_json::json;

use super::peer::House;

#[test]
fn config_show_says_what_counts_and_why() {
    let house = House::new();
    house.file("config.toml", "[agent]\nname = \"Jeeves\"\n[web]\nbrave_key = \"canary-88\"");
    let ran = house.run(&["config", "show", "--sources", "--listen", "127.0.0.1:9"]);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = ran.screen().lines().map(words).collect();
    assert_snapshot!(lines.join("\n"));
    let shown = house.run(&["config", "show", "--json"]);
    let json = shown.json();
    assert_eq!(json["agent.name"]["source"], "DIR/config.toml");
    for (key, value) in [
        ("agent.name", json!("Jeeves")),
        ("limits.max_tool_calls", json!(20)),
        ("guard.canary", json!(true)),
        ("models.fallback", json!([])),
    ] {
        assert_eq!(json[key]["value"], value, "{key}");
    }
    let plain = house.run(&["config", "show", "--plain"]);
    assert!(plain.out.contains("agent.name\t\"Jeeves\"\tDIR/config.toml\n"), "{}", plain.out);
    for screen in [ran.screen(), shown.screen(), plain.screen()] {
        assert!(!screen.contains("canary-88"));
    }
}

#[test]
fn config_show_can_be_used_as_a_config_file() {
    let house = House::new();
    house.file(
        "config.toml",
        "[web]\nbrave_key = \"k\"\n[models.providers.home]\nkind = \"openai\"",
    );
    let shown = house
        .run(&["config", "show"])
        .out
        .replace("# brave_key is set, and hidden", "brave_key = \"k\"");
    house.file("config.toml", &shown);
    assert_eq!(house.run(&["config", "check"]).exit, 0);
    let again = house.run(&["config", "show"]).out;
    assert_eq!(again, shown.replace("brave_key = \"k\"", "# brave_key is set, and hidden"));
}

#[test]
fn config_check_names_every_mistake() {
    let house = House::new();
    assert_snapshot!(house.run(&["config", "check"]).screen(), @"
    The settings are right; 1 of 38 are set.
    [exit 0]
    ");
    house.file("config.toml", "[server]\nlisten = 8484\nbaseurl = \"\"");
    assert_snapshot!(house.run(&["config", "check"]).screen(), @"
    steward: DIR/config.toml, line 3: server.baseurl is not a setting; did you mean server.base_url?
    DIR/config.toml, line 2: server.listen must be a text in quotes.
    [exit 1]
    ");
    let mut command = House::new().command(&["config", "check"]);
    let output = command.env("STEWARD_AGENT__NAEM", "x").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("did you mean STEWARD_AGENT__NAME?"), "{told}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn config_check_warns_of_an_openai_address_that_has_no_path() {
    let house = House::new();
    let providers = [
        "[models.providers.home]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:11434\"",
        "[models.providers.other]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:11435/v1\"",
        "[models.providers.far]\nkind = \"openai\"",
        "[models.providers.ant]\nkind = \"anthropic\"\nbase_url = \"http://127.0.0.1:11436\"",
    ];
    house.file("config.toml", &providers.join("\n"));
    assert_snapshot!(house.run(&["config", "check"]).screen(), @"
    The settings are right; 8 of 54 are set.
    models.providers.home.base_url has no path. Most servers of this kind are asked at http://127.0.0.1:11434/v1; write that if its models can't be reached.
    [exit 0]
    ");
    let warnings = house.run(&["config", "check", "--json"]).json()["warnings"].clone();
    assert_eq!(warnings.as_array().unwrap().len(), 1, "{warnings}");
}

#[test]
fn config_check_reads_the_key_file_that_a_start_needs() {
    let house = House::new();
    house.file("config.toml", "[vault]\nkey_file = \"/nonexist\"");
    let ran = house.run(&["config", "check"]);
    let words = "The key file /nonexist, which vault.key_file names, is not there.";
    assert!(ran.exit == 1 && ran.err.contains(words), "{}", ran.screen());
    let key = house.file("own.key", "no key");
    house.file("config.toml", &format!("[vault]\nkey_file = {key:?}"));
    let ran = house.run(&["config", "check"]);
    assert!(ran.exit == 1 && ran.err.contains("does not hold a key"), "{}", ran.screen());
    house.file("own.key", &"ab".repeat(32));
    assert_eq!(house.run(&["config", "check"]).exit, 0);
    assert_eq!(house.run(&["config", "check", "--json"]).json()["ok"], true);
}

#[test]
fn a_data_folder_that_can_t_be_used_is_an_error_and_nobody_s_denial() {
    let house = House::new();
    let (taken, password) = (house.file("taken", ""), house.file("password", "correct horse\n"));
    let (taken, password) = (taken.to_str().unwrap(), password.to_str().unwrap());
    let setup = ["setup", "--owner", "ada", "--password-file", password, "--data-dir", taken];
    for command in [&setup[..], &["vault", "rotate", "--data-dir", taken]] {
        let ran = house.run(command);
        let told = ran.err.contains("can't be the data folder");
        assert!(ran.exit == 1 && told, "{command:?}: {}", ran.screen());
    }
}

#[test]
fn setup_takes_the_password_from_a_file_or_the_input() {
    let made = r#"{"id":"0190","name":"ada"}"#;
    let house = House::new().says("POST /api/setup/owner", 201, made).open();
    let file = house.file("password", "correct horse\n");
    let with_file = ["setup", "--owner", "ada", "--password-file", file.to_str().unwrap()];
    assert_snapshot!(house.run(&with_file).screen(), @r#"
    ada is the owner now.
    Try it: steward ask "what can you do?"
    [exit 0]
    "#);
    assert_eq!(
        house.run_with(&["setup", "--owner", "ada", "--password-file", "-"], "x y\nz").exit,
        0
    );
    assert_snapshot!(house.asked(), @r#"
    POST /api/setup/owner {"name":"ada","password":"correct horse"}
    POST /api/setup/owner {"name":"ada","password":"x y"}
    "#);
    let empty = house.file("empty", "\n");
    let with_empty = ["setup", "--owner", "ada", "--password-file", empty.to_str().unwrap()];
    assert_snapshot!(house.run(&with_empty).screen(), @"
    steward: The password file DIR/empty is empty.
    [exit 1]
    ");
    let missing = ["setup", "--owner", "ada", "--password-file", "/nowhere"];
    assert_snapshot!(house.run(&missing).screen(), @"
    steward: The password file /nowhere can't be read: No such file or directory.
    [exit 1]
    ");
}

#[test]
fn setup_code_is_printed_alone_for_programs_and_with_the_way_for_people() {
    let code = r#"{"code":"7KQ4-M2XD","url":"http://127.0.0.1:8484/setup"}"#;
    let house = House::new().says("GET /api/setup/code", 200, code).open();
    assert_snapshot!(house.run(&["setup-code"]).screen(), @"
    7KQ4-M2XD
    Open http://127.0.0.1:8484/setup and type it there.
    [exit 0]
    ");
    assert_eq!(house.run(&["setup-code", "-q"]).screen(), "7KQ4-M2XD\n[exit 0]");
    assert_eq!(house.run(&["setup-code", "--json"]).json()["code"], "7KQ4-M2XD");
    let gone = r#"{"error":"The setup is done; log in instead.","code":"gone"}"#;
    let house = House::new().says("GET /api/setup/code", 410, gone).open();
    assert_snapshot!(house.run(&["setup-code"]).screen(), @"
    steward: The setup is done; log in instead.
    [exit 1]
    ");
}

#[test]
fn a_token_is_printed_once_and_as_the_api_gives_it() {
    let made = r#"{"id":"0190-a","name":"ci","prefix":"stw_ab","scopes":["read"],"expires_at":null,"token":"stw_abcdef"}"#;
    let house = House::new().says("POST /api/tokens", 201, made).open();
    let create = ["token", "create", "--name", "ci", "--scopes", "read,chat", "--json"];
    assert_eq!(house.run(&create).json(), serde_json::from_str::<serde_json::Value>(made).unwrap());
    assert_snapshot!(house.run(&["token", "create", "--name", "ci"]).screen(), @"
    stw_abcdef
    Keep it now: it can't be shown again. `steward token revoke` ends it.
    [exit 0]
    ");
    assert_snapshot!(house.asked(), @r#"
    POST /api/tokens {"name":"ci","scopes":["read","chat"]}
    POST /api/tokens {"name":"ci"}
    "#);
}

#[test]
fn tokens_are_listed_and_revoked_by_any_name() {
    let list = r#"{"tokens":[
        {"id":"0190-a","name":"ci","prefix":"stw_ab","scopes":["read","chat"],"expires_at":null,"last_used_at":"2026-11-23T08:00:00Z"},
        {"id":"0190-b","name":"phone","prefix":"stw_cd","scopes":["*"],"expires_at":"2027-01-01T00:00:00Z","last_used_at":null},
        {"id":"0190-c","name":"phone","prefix":"stw_ef","scopes":["*"],"expires_at":null,"last_used_at":null}
    ],"total":3,"page":1,"per_page":50}"#;
    let ok = r#"{"ok":true}"#;
    let house = House::new()
        .says("GET /api/tokens", 200, list)
        .says("DELETE /api/tokens/0190-a", 200, ok)
        .says("DELETE /api/tokens/0190-b", 200, ok)
        .open();
    assert_snapshot!(house.run(&["token", "list"]).screen(), @"
    ID      NAME   PREFIX  SCOPES     EXPIRES           LAST USED
    0190-a  ci     stw_ab  read,chat  -                 2026-11-23 08:00
    0190-b  phone  stw_cd  *          2027-01-01 00:00  -
    0190-c  phone  stw_ef  *          -                 -
    [exit 0]
    ");
    assert_eq!(house.run(&["token", "ls", "--plain"]).out.lines().count(), 3);
    assert_eq!(house.run(&["token", "revoke", "ci"]).exit, 0);
    assert_eq!(house.run(&["token", "revoke", "stw_cdefgh"]).exit, 0);
    assert_snapshot!(house.run(&["token", "revoke", "phone"]).screen(), @r#"
    steward: Several keys are called "phone"; give the id.
    `steward token list` shows them.
    [exit 1]
    "#);
    assert_snapshot!(house.run(&["token", "revoke", "laptop"]).screen(), @r#"
    steward: No key is called "laptop".
    `steward token list` shows them.
    [exit 1]
    "#);
}

#[test]
fn audit_verify_fails_on_a_broken_chain() {
    let house =
        House::new().says("GET /api/audit/verify", 200, r#"{"ok":true,"entries":12}"#).open();
    assert_snapshot!(house.run(&["audit", "verify"]).screen(), @"
    The record is whole and unchanged (12 entries).
    [exit 0]
    ");
    let broken = r#"{"ok":false,"entries":12,"error":"row 7 is not the row that was written."}"#;
    let house = House::new().says("GET /api/audit/verify", 200, broken).open();
    assert_snapshot!(house.run(&["audit", "verify"]).screen(), @"
    steward: The record was changed: row 7 is not the row that was written.
    Keep the database as it is and look at the last backup.
    [exit 1]
    ");
    assert_eq!(house.run(&["audit", "verify", "--json"]).exit, 1);
}

#[test]
fn config_show_says_what_counts_in_the_program_that_runs_here() {
    let told = r#"{"settings":[
        {"key":"agent.name","value":"\"Jeeves\"","source":"Settings"},
        {"key":"limits.max_tool_calls","value":"30","source":"STEWARD_LIMITS__MAX_TOOL_CALLS"},
        {"key":"web.brave_key","value":"\"(set, hidden)\"","source":"credential web.brave_key"},
        {"key":"one.to_come","value":"1","source":"default"}
    ]}"#;
    let house = House::new().says("GET /api/settings/effective", 200, told).open();
    house.file("config.toml", "[limits]\nmax_tool_calls = 5");
    let ran = house.run(&["config", "show", "--sources"]);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = ran.screen().lines().map(words).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    [agent]
    name = "Jeeves" # Settings

    [limits]
    max_tool_calls = 30 # STEWARD_LIMITS__MAX_TOOL_CALLS

    [web]
    # brave_key is set, and hidden # credential web.brave_key
    This counts in the Steward that runs here.
    [exit 0]
    "#);
    let shown = house.run(&["config", "show", "--json"]).json();
    assert_eq!(shown["agent.name"]["source"], "Settings");
    assert_eq!(shown["limits.max_tool_calls"]["value"], 30);
    // The files are checked as they are now, whatever runs.
    let checked = house.run(&["config", "check"]);
    assert!(checked.out.contains("2 of 38 are set"), "{}", checked.screen());
}

#[test]
fn config_show_says_when_the_program_that_runs_here_does_not_tell() {
    let nobody = r#"{"error":"Sign in, or send a key.","code":"unauthenticated"}"#;
    let house = House::new().says("GET /api/settings/effective", 401, nobody).open();
    house.file("config.toml", "[limits]\nmax_tool_calls = 5");
    let ran = house.run(&["config", "show"]);
    assert!(ran.out.contains("max_tool_calls = 5"), "{}", ran.screen());
    assert!(ran.err.contains("has no owner yet"), "{}", ran.screen());
}

#[test]
fn a_table_that_is_none_is_named_with_the_nearest() {
    let house = House::new();
    let check = |text: &str| {
        house.file("config.toml", text);
        house.run(&["config", "check"]).screen()
    };
    assert_snapshot!(check("[serve]\n[limits.foo]\n[qqqqqqqq]\n[server]\n[models.providers]"), @"
    steward: DIR/config.toml, line 2: limits.foo is not a table of settings; did you mean [limits]?
    DIR/config.toml, line 3: qqqqqqqq is not a table of settings; `steward config show` lists them all.
    DIR/config.toml, line 1: serve is not a table of settings; did you mean [server]?
    [exit 1]
    ");
    assert_snapshot!(check("[server]\n[models.providers]"), @"
    The settings are right; 1 of 38 are set.
    [exit 0]
    ");
    assert_snapshot!(check("[limits.max_tool_calls]"), @"
    steward: DIR/config.toml, line 1: limits.max_tool_calls must be a whole number.
    [exit 1]
    ");
}

#[test]
fn a_provider_says_what_it_lacks_and_how_it_may_be_called() {
    let house = House::new();
    let check = |text: &str| {
        house.file("config.toml", text);
        house.run(&["config", "check"]).screen()
    };
    assert_snapshot!(check("[models.providers.home]"), @r#"
    steward: models.providers.home.kind (from DIR/config.toml) is missing; set it to "anthropic" or "openai".
    [exit 1]
    "#);
    assert_snapshot!(check("[models.providers.X_Y]\nkind = \"openai\""), @"
    steward: DIR/config.toml, line 2: models.providers.X_Y.kind can't be read: a provider's name is up to 40 small letters, digits, - and single _, with a letter or digit at both ends, such as x_y.
    [exit 1]
    ");
    assert_snapshot!(check("[models.providers._]"), @"
    steward: DIR/config.toml, line 1: models.providers._ can't be read: a provider's name is up to 40 small letters, digits, - and single _, with a letter or digit at both ends.
    [exit 1]
    ");
}
