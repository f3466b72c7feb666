//! The commands, run as a person or a program runs them.

mod answers;
mod approvals;
mod peer;
mod settings;
mod tools;

use insta::assert_snapshot;
use peer::House;

#[test]
fn help_opens_with_six_examples() {
    let house = House::new();
    assert_snapshot!(house.run(&["--help"]).screen(), @r#"
    The personal assistant on your own machine.

    Examples:
      steward                                  start; prints the address and the setup code
      steward ask "remind me at six to call"   one question, one answer
      steward chat                             a conversation in the terminal
      steward approvals ls                     what waits for your yes or no
      steward config show --sources            every setting and where it comes from
      steward token create --name laptop       a key for another program

    Usage: steward [OPTIONS] [COMMAND]

    Commands:
      serve        Start the assistant (what `steward` alone does)
      setup        Make the owner's login without a browser
      setup-code   Print the code that opens the setup page
      ask          Ask one thing and print the answer
      chat         Talk with the assistant
      approvals    What waits for your yes or no
      undo         Take back what has not left yet, or a change
      token        Keys for other programs
      config       The settings: where they come from, whether they are right
      audit        The record of everything the assistant did
      vault        The key that everything secret is locked with
      healthcheck  Exit with 0 when the program is up and ready
      completion   Print the completion script of a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    For every command:
          --data-dir <FOLDER>      Folder of the database, the key and the files
          --listen <ADDRESS:PORT>  Address and port to serve on
          --config <FILE>          Config file [default: /etc/steward/config.toml, if it is there]
          --json                   Print JSON, for programs
          --plain                  Print lists as lines with tabs, for grep and cut
      -q, --quiet                  Print only what was asked for, no hints
          --no-input               Never ask, not even on a terminal

    Exit codes: 0 done, 1 error, 2 usage, 3 waiting for an approval, 4 denied, 130 stopped by Ctrl-C.
    [exit 0]
    "#);
}

/// Every command, with those beneath it.
const COMMANDS: [&[&str]; 22] = [
    &["serve"],
    &["setup"],
    &["setup-code"],
    &["ask"],
    &["chat"],
    &["approvals"],
    &["approvals", "ls"],
    &["approvals", "show"],
    &["approvals", "approve"],
    &["approvals", "deny"],
    &["undo"],
    &["token"],
    &["token", "create"],
    &["token", "list"],
    &["token", "revoke"],
    &["config", "show"],
    &["config", "check"],
    &["audit", "verify"],
    &["vault"],
    &["vault", "rotate"],
    &["healthcheck"],
    &["completion"],
];

#[test]
fn every_command_explains_itself_and_its_own_options_first() {
    let house = House::new();
    for command in COMMANDS {
        let ran = house.run(&[command, &["--help"]].concat());
        assert_eq!(ran.exit, 0, "{command:?}: {}", ran.err);
        let (own, shared) = ran.out.split_once("\nFor every command:\n").unwrap();
        assert!(own.starts_with(|c: char| c.is_ascii_uppercase()), "{command:?}: {own}");
        let usage = format!("Usage: steward {}", command.join(" "));
        assert!(own.contains(&usage) && !own.contains("--data-dir"), "{command:?}: {own}");
        assert!(shared.contains("--data-dir"), "{command:?}");
        let lines: Vec<&str> = own.lines().skip_while(|it| !it.starts_with("Usage")).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  ")) {
            // A long name has its explanation on the next line.
            let below = lines.get(at + 1).is_some_and(|next| next.starts_with("          "));
            let explained = line.trim().contains("  ") || line.starts_with("          ") || below;
            assert!(explained, "{command:?} does not explain {line:?}");
        }
    }
}

#[test]
fn version_names_the_program() {
    let ran = House::new().run(&["--version"]);
    assert_eq!(ran.out, format!("steward {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_slip_of_the_pen_gets_the_nearest_name() {
    let house = House::new();
    assert_snapshot!(house.run(&["asq", "x"]).screen(), @"
    error: unrecognized subcommand 'asq'

      tip: a similar subcommand exists: 'ask'

    Usage: steward [OPTIONS] [COMMAND]

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(house.run(&["approvals", "aprove", "x"]).screen(), @"
    error: unrecognized subcommand 'aprove'

      tip: a similar subcommand exists: 'approve'

    Usage: steward approvals [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(house.run(&["remind", "me"]).screen(), @r#"
    error: unrecognized subcommand 'remind'

      tip: to tell the assistant something, write: steward ask "remind me"

    Usage: steward [OPTIONS] [COMMAND]

    For more information, try '--help'.
    [exit 2]
    "#);
    assert_snapshot!(house.run(&["--lisen", "x"]).screen(), @"
    error: unexpected argument '--lisen' found

      tip: a similar argument exists: '--listen'

    Usage: steward --listen <ADDRESS:PORT>

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(house.run(&["ask"]).screen(), @"
    error: the following required arguments were not provided:
      <TEXT>...

    Usage: steward ask --config <FILE> <TEXT>...

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(house.run(&["ask", "  "]).screen(), @"
    steward: There is nothing to ask; write it after `steward ask`.
    [exit 2]
    ");
}

#[test]
fn letters_in_the_wrong_order_are_understood_everywhere() {
    let house = House::new();
    let slips: [(&[&str], &str); 10] = [
        (&["aks", "x"], "ask"),
        (&["caht"], "chat"),
        (&["apporvals", "ls"], "approvals"),
        (&["approvals", "sl"], "ls"),
        (&["tokne", "list"], "token"),
        (&["token", "craete"], "create"),
        (&["config", "hsow"], "show"),
        (&["audit", "veirfy"], "verify"),
        (&["--jsno", "ask", "x"], "--json"),
        (&["ask", "x", "--mdoel", "y"], "--model"),
    ];
    for (typed, meant) in slips {
        let ran = house.run(typed);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{typed:?}");
        assert!(ran.err.contains(&format!("exists: '{meant}'")), "{typed:?}: {}", ran.err);
    }
}

#[test]
fn words_for_the_assistant_are_given_back_as_a_question_to_it() {
    let house = House::new();
    for words in [&["hello", "there"][..], &["tell", "me", "a", "story"]] {
        let ran = house.run(words);
        let tip = format!("write: steward ask \"{}\"\n", words.join(" "));
        assert!(ran.exit == 2 && ran.err.contains(&tip), "{}", ran.screen());
    }
    let ran = house.run(&["approvals", "frobnicate", "x"]);
    assert!(ran.exit == 2 && !ran.err.contains("steward ask"), "{}", ran.screen());
}

#[test]
fn help_for_undo_speaks_of_changes_too() {
    let help = House::new().run(&["undo", "--help"]).out;
    assert!(
        help.contains("A change to notes, reminders or whitelists is taken back too"),
        "{help}"
    );
}

#[test]
fn undo_says_what_it_would_take_back_in_words() {
    let changes = r#"{"changes":[{"id":"0190c1d2-0000-7000-8000-0000aabbccdd",
        "action":"reminders.create","target":"drink","undone_at":null}],"total":1}"#;
    let house = House::new()
        .says("GET /api/tool-calls/held", 200, r#"{"held":[]}"#)
        .says("GET /api/changes?per_page=200", 200, changes)
        .open();
    let ran = house.run(&["undo"]);
    let words = "The last change: Created a reminder, drink; `steward undo ";
    assert!(ran.exit == 1 && ran.err.contains(words), "{}", ran.screen());
}

#[test]
fn what_the_program_refuses_to_read_is_a_mistake_in_the_command() {
    let wrong = r#"{"error":"That is not an id.","detail":"conversation_id","code":"invalid"}"#;
    let past = r#"{"error":"That time has passed. Pick a later one.","code":"invalid"}"#;
    let house = House::new()
        .says("POST /api/chat/completions", 400, wrong)
        .says("POST /api/tokens", 400, past)
        .open();
    assert_snapshot!(house.run(&["ask", "hi", "--conversation", "7"]).screen(), @"
    steward: That is not an id.
    [exit 2]
    ");
    let create = ["token", "create", "--name", "x", "--expires-at", "2020-01-01T00:00:00Z"];
    assert_snapshot!(house.run(&create).screen(), @"
    steward: That time has passed. Pick a later one.
    [exit 2]
    ");
}

#[test]
fn what_an_option_does_not_take_is_a_mistake_in_the_command() {
    let house = House::new();
    for address in ["nonsense", "127.0.0.1:99999"] {
        let ran = house.run(&["serve", "--listen", address]);
        assert!(ran.exit == 2 && ran.err.contains("like 127.0.0.1:8484"), "{}", ran.screen());
    }
    let ran = house.run(&["token", "create", "--name", "x", "--expires-at", "tomorrow"]);
    assert!(ran.exit == 2 && ran.err.contains("--expires-at <TIME>"), "{}", ran.screen());
}

#[test]
fn every_command_says_when_nothing_runs() {
    let house = House::new();
    let commands: [&[&str]; 10] = [
        &["ask", "hello"],
        &["chat"],
        &["setup-code"],
        &["token", "create", "--name", "x"],
        &["token", "list"],
        &["token", "revoke", "x"],
        &["approvals", "ls"],
        &["approvals", "approve", "0123"],
        &["audit", "verify"],
        &["healthcheck"],
    ];
    for command in commands {
        let ran = house.run(command);
        assert_eq!(ran.exit, 1, "{command:?}: {}", ran.screen());
        let sentence = "steward: Steward is not running here; start it with `steward --config DIR/config.toml serve`.\n";
        assert!(ran.err.starts_with(sentence), "{command:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
    let json = house.run(&["healthcheck", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&json.err).unwrap();
    assert!(told["error"].as_str().unwrap().contains("is not running"), "{told}");
    let quiet = house.run(&["healthcheck", "-q"]);
    assert_eq!(quiet.err.lines().count(), 1, "{}", quiet.err);
}

#[test]
fn a_socket_nobody_listens_on_is_no_program() {
    let house = House::new();
    drop(std::os::unix::net::UnixListener::bind(house.path().join("steward.sock")).unwrap());
    assert_snapshot!(house.run(&["healthcheck"]).screen(), @"
    steward: Steward is not running here; start it with `steward --config DIR/config.toml serve`.
    Looked for it at DIR/steward.sock.
    [exit 1]
    ");
}

#[test]
fn something_else_at_the_socket_is_told_apart() {
    let house = House::new().says("GET /api/tokens", 200, "<html>").open();
    assert_snapshot!(house.run(&["token", "ls"]).screen(), @"
    steward: What answers at the socket is not this steward; are both of the same version?
    [exit 1]
    ");
}

#[test]
fn healthcheck_says_ok_or_why_not() {
    let house = House::new().says("GET /readyz", 200, "ok").open();
    assert_snapshot!(house.run(&["healthcheck"]).screen(), @"
    ok
    [exit 0]
    ");
    let house = House::new().says("GET /readyz", 503, "The database does not answer.").open();
    assert_snapshot!(house.run(&["healthcheck"]).screen(), @"
    steward: The database does not answer.
    [exit 1]
    ");
}

#[test]
fn completion_knows_every_shell() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = house.run(&["completion", shell]);
        assert_eq!(ran.exit, 0);
        assert!(ran.out.contains("approvals"), "{shell}");
    }
    assert_eq!(house.run(&["completion", "cmd"]).exit, 2);
}

#[test]
fn a_full_disk_behind_the_output_is_an_error() {
    let house = House::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = house.command(&["config", "show"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Can't write the output"));
}
