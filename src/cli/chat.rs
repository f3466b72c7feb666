//! `steward chat`: a conversation, line by line. Without a terminal each line of the standard input
//! is a message, and nothing but answers is printed.

use super::Cx;
use super::ask::{self, Answer, How};
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
    let mut answer = Answer::default();
    let ended = tokio::select! {
        ended = ask::turn(cx, client, (line, ""), how, &mut answer) => ended.map(|()| false),
        _ = tokio::signal::ctrl_c() => Ok(true),
    };
    how.conversation = answer.conversation_id.clone().or(how.conversation.take());
    match ended {
        Ok(true) => {
            cx.out.note("\nBroken off here; what was begun goes on in the conversation.");
            Ok(Exit::Interrupted)
        }
        Ok(false) => {
            answer.print(cx)?;
            Ok(answer.exit())
        }
        Err(failure) if client.is_away().await || !cx.interactive => Err(failure),
        Err(failure) => Ok(cx.out.failure(&failure)),
    }
}
