//! `steward approvals`: what waits for a yes or no, and the answer to it.

use serde_json::{Value, json};

use super::client::Client;
use super::failure::{Exit, Failure};
use super::{Cx, terminal};

/// Letters of an id that a person types: its end, since the beginning is the time.
const SHORT: usize = 8;
const ID_LETTERS: usize = 36;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List what waits
    #[command(visible_alias = "list")]
    Ls,
    /// Show all there is to know of one
    Show {
        /// The id, or its last letters
        id: String,
    },
    /// Say yes to exactly this call
    Approve {
        /// The id, or its last letters
        id: String,
        /// Don't ask again: a standing rule for the card's own values, or for the whole tool
        #[arg(long, value_name = "SCOPE", value_parser = ["these-values", "this-tool"],
              requires = "lasts")]
        always: Option<String>,
        /// Say yes to all that waits on the same card
        #[arg(long, conflicts_with_all = ["always", "lasts"])]
        all: bool,
        /// How long the rule holds
        #[arg(long = "for", value_name = "TIME", value_parser = ["hour", "week", "until-revoked"],
              requires = "always")]
        lasts: Option<String>,
    },
    /// Say no to this call
    Deny {
        /// The id, or its last letters
        id: String,
        /// Why, told to the assistant
        #[arg(long, value_name = "TEXT")]
        memo: Option<String>,
        /// Say no to all that waits on the same card
        #[arg(long, conflicts_with = "memo")]
        all: bool,
    },
}

pub(super) async fn run(cx: &Cx, command: Command) -> Result<Exit, Failure> {
    let client = cx.client()?;
    match command {
        Command::Ls => ls(cx, &client).await?,
        Command::Show { id } => {
            let approval = one(&client, &id).await?;
            if cx.out.is_json() {
                cx.out.json(&approval)?;
            } else {
                cx.out.line(&card(&client, &approval))?;
            }
        }
        Command::Approve { id, all: true, .. } => together(cx, &client, &id, true).await?,
        Command::Deny { id, all: true, .. } => together(cx, &client, &id, false).await?,
        Command::Approve { id, always, lasts, .. } => {
            let approval = one(&client, &id).await?;
            let yes = match (always, lasts) {
                (Some(scope), Some(lasts)) => {
                    let [scope, lasts] = [scope, lasts].map(|word| word.replace('-', "_"));
                    json!({"always": {"scope": scope, "lasts": lasts}})
                }
                _ => json!({}),
            };
            answer(&client, &approval, "approve", &yes).await?;
            told(cx, &approval, "Approved")?;
        }
        Command::Deny { id, memo, .. } => {
            let approval = one(&client, &id).await?;
            let no = memo.map_or_else(|| json!({}), |memo| json!({ "memo": memo }));
            answer(&client, &approval, "deny", &no).await?;
            told(cx, &approval, "Denied")?;
        }
    }
    Ok(Exit::Done)
}

async fn ls(cx: &Cx, client: &Client) -> Result<(), Failure> {
    let list = client.get("/api/approvals").await?;
    if cx.out.is_json() {
        return cx.out.json(&list);
    }
    let waiting: Vec<&Value> = entries(&list).iter().filter(|approval| waits(approval)).collect();
    if waiting.is_empty() {
        cx.out.note("Nothing waits for you.");
        return Ok(());
    }
    let id =
        |id: &str| if cx.out.manner == super::Manner::Plain { id } else { short(id) }.to_owned();
    let shared = |approval: &&Value| of_card(&waiting, approval).count() > 1;
    let row = |approval: &&Value| {
        let since = client.local_time(&approval["created_at"]);
        let [tool, what] = ["tool_name", "description"].map(|name| text(approval, name).to_owned());
        [id(text(approval, "id")), tool, what, since]
    };
    if !waiting.iter().any(shared) {
        let rows: Vec<_> = waiting.iter().map(row).collect();
        cx.out.table(["ID", "TOOL", "WHAT", "SINCE"], &rows)?;
        cx.out.note("steward approvals show ID, approve ID, deny ID");
        return Ok(());
    }
    let rows = waiting.iter().map(|approval| {
        let [one, tool, what, since] = row(approval);
        let card = if shared(approval) { text(approval, "group_id") } else { "" };
        [one, tool, what, since, id(card)]
    });
    cx.out.table(["ID", "TOOL", "WHAT", "SINCE", "CARD"], &rows.collect::<Vec<_>>())?;
    cx.out.note("steward approvals show ID, approve ID, deny ID; --all answers a whole card");
    Ok(())
}

/// Those that are asked on the same card as this one.
fn of_card<'a>(waiting: &'a [&'a Value], one: &'a Value) -> impl Iterator<Item = &'a Value> {
    let alike = move |other: &&Value| text(other, "group_id") == text(one, "group_id");
    waiting.iter().copied().filter(alike)
}

/// One answer to all that waits on a card; `id` is of any of it.
async fn together(cx: &Cx, client: &Client, id: &str, approved: bool) -> Result<(), Failure> {
    let one = one(client, id).await?;
    let list = client.get("/api/approvals").await?;
    let waiting: Vec<&Value> = entries(&list).iter().filter(|approval| waits(approval)).collect();
    let calls: Vec<&str> = of_card(&waiting, &one).map(|it| text(it, "call_id")).collect();
    let body = json!({ "calls": calls, "approved": approved });
    let answer = client.post("/api/approvals/together", &body).await?;
    if cx.out.is_json() {
        return cx.out.json(&answer);
    }
    let word = if approved { "Approved" } else { "Denied" };
    cx.out.line(&format!("{word}: {} of {} calls", answer["answered"], calls.len()))
}

fn told(cx: &Cx, approval: &Value, word: &str) -> Result<(), Failure> {
    if cx.out.is_json() {
        return cx.out.json(&json!({ "ok": true, "id": approval["id"] }));
    }
    cx.out.line(&format!("{word}: {}", title(approval)))
}

/// The approval with this id (its own or its call's), or the only waiting one whose id ends so.
async fn one(client: &Client, id: &str) -> Result<Value, Failure> {
    let plain = |c: char| c.is_ascii_hexdigit() || c == '-';
    if id.is_empty() || !id.chars().all(plain) {
        return Err(Failure::usage(format!(
            "{id:?} is not an id; `steward approvals ls` shows them."
        )));
    }
    let id = id.to_ascii_lowercase();
    let list = client.get("/api/approvals").await?;
    let ends = |approval: &&Value| {
        ["id", "call_id"].iter().any(|name| text(approval, name).ends_with(&id))
    };
    let found: Vec<&Value> = entries(&list).iter().filter(ends).collect();
    match found[..] {
        [approval] => Ok(approval.clone()),
        [] if id.len() == ID_LETTERS => client.get(&format!("/api/approvals/{id}")).await,
        [] => Err(Failure::new(format!("Nothing that waits has an id that ends in {id}."))
            .hint("`steward approvals ls` shows what waits.")),
        _ => Err(Failure::new(format!("Several ids end in {id}; give more of it."))),
    }
}

async fn answer(
    client: &Client,
    approval: &Value,
    verb: &str,
    body: &Value,
) -> Result<(), Failure> {
    let call = text(approval, "call_id");
    if call.is_empty() {
        return Err(Failure::new("The approval names no call; are both of the same version?"));
    }
    client.post(&format!("/api/tool-calls/{call}/{verb}"), body).await?;
    Ok(())
}

pub(super) enum Decision {
    Approved,
    Denied,
    Later,
}

/// Shows the card to the person at the terminal and sends their answer.
pub(super) async fn decide(cx: &Cx, client: &Client, card_of: &Value) -> Result<Decision, Failure> {
    cx.out.ask(&format!("\n{}\n", card(client, card_of)));
    let word = terminal::choose(cx, "Do it? yes / no / later: ", &["yes", "no", "later"]).await?;
    match word {
        "yes" => answer(client, card_of, "approve", &json!({})).await?,
        "no" => answer(client, card_of, "deny", &json!({})).await?,
        _ => return Ok(Decision::Later),
    }
    Ok(if word == "yes" { Decision::Approved } else { Decision::Denied })
}

/// Gives each card the id that `approvals ls` lists it under, where that can be told.
pub(super) async fn name_cards(client: &Client, cards: &mut [Value]) {
    if cards.is_empty() {
        return;
    }
    let Ok(list) = client.get("/api/approvals").await else { return };
    for card in cards {
        let call = text(card, "call_id");
        let approval = entries(&list).iter().find(|it| text(it, "call_id") == call);
        if let (Some(approval), Some(card)) = (approval, card.as_object_mut()) {
            card.insert("approval_id".to_owned(), approval["id"].clone());
        }
    }
}

/// One line for a call that waits, with the command that shows it.
pub(super) fn waiting_words(card: &Value) -> String {
    let id = match text(card, "approval_id") {
        "" => text(card, "call_id"),
        id => id,
    };
    let id = short(id);
    format!("Waits for your yes: {}\n`steward approvals show {id}` shows it.", title(card))
}

fn title(approval: &Value) -> String {
    match (text(approval, "description"), text(approval, "tool_name")) {
        ("", tool) => tool.to_owned(),
        (description, _) => description.to_owned(),
    }
}

/// All there is to know, for a person.
fn card(client: &Client, approval: &Value) -> String {
    let mut lines = vec![title(approval)];
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("  {name:<8} {text}"));
        }
    };
    row("tool", text(approval, "tool_name"));
    for (name, value) in approval["arguments"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        row(name, &indented(&value));
    }
    let list = |name: &str| {
        let items = approval[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.collect::<Vec<_>>().join("; ")
    };
    row("to", text(approval, "recipient"));
    row("why", text(approval, "why"));
    row("asks", text(approval, "reason"));
    row("from", &list("origins"));
    row("risks", &list("risks"));
    row("text", &indented(text(approval, "preview")));
    if approval["created_at"].is_string() {
        row("since", &client.local_time(&approval["created_at"]));
    }
    row("state", text(approval, "state"));
    row("answer", &answered(approval));
    row("id", text(approval, "id"));
    lines.join("\n")
}

/// Who answered, where, and why.
fn answered(approval: &Value) -> String {
    let parts = ["answered_by", "answered_via", "memo"].map(|name| text(approval, name));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n           ")
}

fn entries(list: &Value) -> &[Value] {
    let list = if list.is_array() { list } else { &list["approvals"] };
    list.as_array().map_or(&[], Vec::as_slice)
}

fn waits(approval: &Value) -> bool {
    matches!(text(approval, "state"), "" | "waiting")
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub(super) fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(SHORT)..).unwrap_or(id)
}
