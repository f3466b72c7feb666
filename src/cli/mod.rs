//! The command line: one file per command. All but `serve` talk to the running program over the
//! socket in the data folder, whose permissions make the caller the owner.

mod approvals;
mod ask;
mod audit;
mod chat;
mod client;
mod completion;
mod config;
mod failure;
mod healthcheck;
mod inside;
mod log;
mod out;
mod secret_file;
mod serve;
mod setup;
mod setup_code;
mod slips;
mod stream;
mod terminal;
mod token;
mod undo;
mod vault;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags, Loaded};
use crate::outside::sandbox;
use crate::secret;
use client::Client;
use failure::{Exit, Failure};
use out::{Manner, Out};

const EXAMPLES: &str = "\
Examples:
  steward                                  start; prints the address and the setup code
  steward ask \"remind me at six to call\"   one question, one answer
  steward chat                             a conversation in the terminal
  steward approvals ls                     what waits for your yes or no
  steward config show --sources            every setting and where it comes from
  steward token create --name laptop       a key for another program";

const TEMPLATE: &str = "\
{about}

{before-help}{usage-heading} {usage}

{all-args}{after-help}";

const AFTER: &str = "\
Exit codes: 0 done, 1 error, 2 usage, 3 waiting for an approval, 4 denied, 130 stopped by Ctrl-C.";

#[derive(Parser)]
#[command(
    name = "steward",
    version,
    about = "The personal assistant on your own machine.",
    before_help = EXAMPLES,
    after_help = AFTER,
    help_template = TEMPLATE,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "For every command")]
struct Globals {
    /// Folder of the database, the key and the files
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Address and port to serve on
    #[arg(long, global = true, value_name = "ADDRESS:PORT", value_parser = address)]
    listen: Option<String>,
    /// Config file [default: /etc/steward/config.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Print lists as lines with tabs, for grep and cut
    #[arg(long, global = true, conflicts_with = "json")]
    plain: bool,
    /// Print only what was asked for, no hints
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Never ask, not even on a terminal
    #[arg(long, global = true)]
    no_input: bool,
}

fn address(text: &str) -> Result<String, &'static str> {
    let read = text.parse::<SocketAddr>();
    read.map(|_| text.to_owned()).map_err(|_| "write it like 127.0.0.1:8484")
}

#[derive(Subcommand)]
enum Command {
    /// Start the assistant (what `steward` alone does)
    Serve,
    /// Make the owner's login without a browser
    Setup(setup::Args),
    /// Print the code that opens the setup page
    SetupCode,
    /// Ask one thing and print the answer
    Ask(ask::Args),
    /// Talk with the assistant
    Chat(chat::Args),
    /// What waits for your yes or no
    #[command(subcommand)]
    Approvals(approvals::Command),
    /// Take back what has not left yet, or a change
    Undo(undo::Args),
    /// Keys for other programs
    #[command(subcommand)]
    Token(token::Command),
    /// The settings: where they come from, whether they are right
    #[command(subcommand)]
    Config(config::Command),
    /// The record of everything the assistant did
    #[command(subcommand)]
    Audit(audit::Command),
    /// The key that everything secret is locked with
    #[command(subcommand)]
    Vault(vault::Command),
    /// Exit with 0 when the program is up and ready
    Healthcheck,
    /// Print the completion script of a shell
    Completion(completion::Args),
}

/// What every command is given.
struct Cx {
    out: Out,
    flags: Flags,
    /// A person sits at the terminal and may be asked.
    interactive: bool,
}

impl Cx {
    fn load(&self) -> Result<Loaded, Failure> {
        Ok(Config::load_process(&self.flags, &Default::default())?)
    }

    fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(&self.load()?, &self.flags))
    }
}

/// Runs the program with these arguments, the first being its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    // The reader of hostile files: first of all, so that it starts with nothing loaded.
    if args.get(1).is_some_and(|word| word == sandbox::EXTRACT_PDF) {
        return sandbox::child::extract_pdf().into();
    }
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(mut err) => {
            slips::suggest(&mut err, &args, &definition());
            return out::usage(&err);
        }
    };
    let globals = cli.globals;
    let manner = match (globals.json, globals.plain) {
        (true, _) => Manner::Json,
        (_, true) => Manner::Plain,
        _ => Manner::Human,
    };
    let cx = Cx {
        out: Out::new(manner, globals.quiet),
        flags: Flags { config: globals.config, data_dir: globals.data_dir, listen: globals.listen },
        interactive: !globals.no_input && io::stdin().is_terminal() && io::stdout().is_terminal(),
    };
    // Before a config file, a password or a key is read.
    let closed = secret::close_memory().map_err(Failure::from);
    let outcome = closed.and_then(|()| dispatch(&cx, cli.command.unwrap_or(Command::Serve)));
    outcome.unwrap_or_else(|failure| cx.out.failure(&failure)).into()
}

fn dispatch(cx: &Cx, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Serve => serve::run(cx),
        Command::Completion(args) => completion::run(cx, &args),
        Command::Chat(args) => talk(chat::run(cx, args)),
        other => talk(async {
            tokio::select! {
                outcome = over_the_socket(cx, other) => outcome,
                _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            }
        }),
    }
}

async fn over_the_socket(cx: &Cx, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Setup(args) => setup::run(cx, args).await,
        Command::SetupCode => setup_code::run(cx).await,
        Command::Ask(args) => ask::run(cx, args).await,
        Command::Approvals(command) => approvals::run(cx, command).await,
        Command::Undo(args) => undo::run(cx, args).await,
        Command::Token(command) => token::run(cx, command).await,
        Command::Audit(audit::Command::Verify) => audit::verify(cx).await,
        Command::Vault(vault::Command::Rotate(args)) => vault::rotate(cx, args).await,
        Command::Healthcheck => healthcheck::run(cx).await,
        Command::Config(command) => config::run(cx, &command).await,
        Command::Serve | Command::Completion(_) | Command::Chat(_) => {
            Err(Failure::new("This command does not use the socket."))
        }
    }
}

/// One thread is enough to talk to the program.
fn talk(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|err| Failure::new(format!("Can't start: {err}.")))?;
    let outcome = runtime.block_on(command);
    // A line that was being read from the terminal is not waited for.
    runtime.shutdown_background();
    outcome
}

/// The whole definition, for completion scripts.
fn definition() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
