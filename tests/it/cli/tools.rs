//! `[tools]` of the config file, as the command line shows and checks it.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::peer::House;

fn check(text: &str) -> String {
    let house = House::new();
    house.file("config.toml", text);
    house.run(&["config", "check"]).screen()
}

#[test]
fn what_is_declared_of_a_tool_is_shown_with_where_it_stands() {
    let house = House::new();
    let text = "[tools.mcp__home__lights]\neffect = \"read\"\nroles.room = \"soft\"\n\
                roles.\"which one\" = \"id\"";
    house.file("config.toml", text);
    let shown = house.run(&["config", "show", "--sources"]).out;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = shown.lines().map(words).collect();
    let from = lines.iter().position(|line| line.starts_with("[tools")).unwrap();
    assert_eq!(lines[from - 2], "private_allowed = [] # default");
    assert_snapshot!(lines[from..from + 9].join("\n"), @r#"
    [tools.mcp__home__lights]
    effect = "read" # DIR/config.toml
    destructive = false # default
    enabled = true # default
    roles = { room = "soft", "which one" = "id" } # DIR/config.toml
    lists = {} # default
    secret = false # default

    [vault]
    "#);
    let json = house.run(&["config", "show", "--json"]).json();
    assert_eq!(json["tools.mcp__home__lights.effect"]["variable"], Value::Null);
    // What is shown is a config file that says the same.
    let plain = house.run(&["config", "show"]).out;
    house.file("config.toml", &plain);
    assert_eq!(house.run(&["config", "show"]).out, plain);
}

#[test]
fn a_slip_in_a_declaration_is_named_with_the_nearest() {
    assert_snapshot!(check("[tools.mcp__home__lights]\nefect = \"read\""), @"
    steward: DIR/config.toml, line 2: tools.mcp__home__lights.efect is not a setting; did you mean tools.mcp__home__lights.effect?
    [exit 1]
    ");
    assert_snapshot!(check("[tools.mcp__home__lights]\neffect = \"reed\""), @r#"
    steward: tools.mcp__home__lights.effect (from DIR/config.toml) must be "read", "send" or "execute", not "reed"; did you mean "read"?
    [exit 1]
    "#);
    assert_snapshot!(check("[tools.mcp__home__lights]\neffect = \"write\""), @r#"
    steward: tools.mcp__home__lights.effect (from DIR/config.toml) must be "read", "send" or "execute", not "write".
    [exit 1]
    "#);
    assert_snapshot!(check("[tools.mcp__home__lights.roles]\nroom = \"sof\""), @r#"
    steward: tools.mcp__home__lights.roles (from DIR/config.toml) calls room "sof", which is no role; did you mean "soft"?
    [exit 1]
    "#);
    assert_snapshot!(check("[tools.mcp__home__lights]\nroles = { room = \"king\" }"), @r#"
    steward: tools.mcp__home__lights.roles (from DIR/config.toml) calls room "king", which is no role; the roles are recipient, chat, url, path, amount, date, id, command, content, soft.
    [exit 1]
    "#);
    for roles in ["\"soft\"", "{ room = 1 }", "{ room = { is = \"soft\" } }"] {
        let told = check(&format!("[tools.mcp__home__lights]\nroles = {roles}"));
        assert_eq!(
            told,
            "steward: DIR/config.toml, line 2: tools.mcp__home__lights.roles must give arguments \
             their roles, such as { city = \"soft\" }.\n[exit 1]"
        );
    }
    for lists in ["{ argument = \"room\" }", "{ argument = \"a\", value = \"b\", nam = \"c\" }"] {
        let told = check(&format!("[tools.mcp__home__lights]\nlists = {lists}"));
        assert_eq!(
            told,
            "steward: tools.mcp__home__lights.lists (from DIR/config.toml) needs an argument, a value \
             and a name and nothing else, of at most 100 letters each, such as { argument = \
             \"event_id\", value = \"id\", name = \"title\" }.\n[exit 1]"
        );
    }
}

#[test]
fn a_table_that_names_no_tool_is_refused_by_the_check_and_at_the_start() {
    let house = House::new();
    house.file("config.toml", "[tools.mcp_home_lights]\neffect = \"read\"");
    let checked = house.run(&["config", "check"]).screen();
    assert_snapshot!(checked, @"
    steward: DIR/config.toml, line 2: tools.mcp_home_lights.effect can't be read: a tool is declared in the config file alone, by the name that its page shows, mcp__SERVER__TOOL; did you mean mcp__home__lights?
    [exit 1]
    ");
    assert_eq!(house.run(&["serve"]).screen(), checked);
    for table in ["lights", "mcp__home", "mcp____lights", "mcp__Home__lights", "mcp__home__"] {
        let told = check(&format!("[tools.{table}]"));
        assert!(
            told.contains(&format!("line 1: tools.{table} can't be read: a tool is ")),
            "{told}"
        );
    }
    let long = format!("mcp__home__{}", "a".repeat(60));
    assert!(check(&format!("[tools.{long}]")).contains("can't be read"));
    let mut command = House::new().command(&["config", "check"]);
    let output = command.env("STEWARD_TOOLS__MCP__HOME__LIGHTS__EFFECT", "read").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("is declared in the config file alone"), "{told}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_tool_that_no_server_offers_is_a_warning() {
    let tool = |name: &str, state: &str| {
        let schema = json!({"type": "object", "properties": {"room": {"type": "string"}}});
        json!({"name": name, "state": state, "schema": schema})
    };
    let tools = [tool("mcp__home__lights", "new"), tool("mcp__home__door", "gone")];
    let servers = json!({"mcp_servers": [{"tools": tools}]}).to_string();
    let house = House::new().says("GET /api/mcp-servers", 200, servers).open();
    house.file(
        "config.toml",
        "[tools.mcp__home__lights]\nroles.rom = \"soft\"\n[tools.mcp__home__lihgts]\n\
         [tools.mcp__home__door]\n[tools.mcp__hme__lights]",
    );
    let checked = house.run(&["config", "check"]);
    assert_snapshot!(checked.screen(), @r#"
    The settings are right; 5 of 62 are set.
    tools.mcp__hme__lights: no server offers this tool; did you mean mcp__home__lights?
    tools.mcp__home__door: no server offers this tool.
    tools.mcp__home__lights.roles: the tool has no argument "rom"; did you mean room?
    tools.mcp__home__lihgts: no server offers this tool; did you mean mcp__home__lights?
    [exit 0]
    "#);
    let told = house.run(&["config", "check", "--json"]).json();
    assert_eq!((&told["ok"], told["warnings"].as_array().unwrap().len()), (&json!(true), 4));
    house.file("config.toml", "[tools.mcp__home__lights]\nroles.room = \"soft\"");
    let checked = house.run(&["config", "check"]);
    assert_eq!(checked.screen(), "The settings are right; 2 of 44 are set.\n[exit 0]");
}

#[test]
fn a_check_without_a_program_that_runs_says_that_it_does_not_know_the_tools() {
    assert_snapshot!(check("[tools.mcp__home__lights]\neffect = \"read\""), @"
    The settings are right; 2 of 44 are set.
    Whether a server offers the tools under [tools] is not known: no Steward that runs here tells.
    [exit 0]
    ");
}
