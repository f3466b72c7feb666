//! `steward chat`: a conversation, line by line. Without a terminal each line of the standard input
//! is a message, and nothing but answers is printed.

use super::Cx;
use super::ask::{self, How};
use super::client::Client;
use super::failure::{Exit, Failure};
use super::terminal;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    how: How,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Result<Exit, Failure> {
    let client = cx.client()?;
    if client.is_away().await {
        // Say so before the first line is typed.
        client.probe("/readyz").await?;
    }
    if cx.interactive {
        cx.out.note("Ctrl-D ends the chat, Ctrl-C breaks off an answer. Try: what can you do?");
    }
    let mut how = args.how;
    let mut last = Exit::Done;
    loop {
        if cx.interactive {
            cx.out.ask("> ");
        }
        let line = tokio::select! {
            line = terminal::read_line() => line?,
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        };
        let Some(line) = line else { return Ok(last) };
        if !line.trim().is_empty() {
            last = one(cx, &client, line.trim(), &mut how).await?;
        }
    }
}

/// One message and its answer. What goes wrong ends the answer, not the chat.
async fn one(cx: &Cx, client: &Client, line: &str, how: &mut How) -> Result<Exit, Failure> {
    let answer = tokio::select! {
        answer = ask::turn(cx, client, line, how) => answer,
        _ = tokio::signal::ctrl_c() => {
            cx.out.note("\nBroken off here; what was begun goes on in the conversation.");
            return Ok(Exit::Interrupted);
        }
    };
    match answer {
        Ok(answer) => {
            answer.print(cx)?;
            let exit = answer.exit();
            how.conversation = answer.conversation_id.or(how.conversation.take());
            Ok(exit)
        }
        Err(failure) if client.is_away().await || !cx.interactive => Err(failure),
        Err(failure) => Ok(cx.out.failure(&failure)),
    }
}
