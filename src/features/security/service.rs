//! What the page of security tells, and the trial of a call.

use jiff::SignedDuration;

use crate::agent::store::calls::{self, Refused};
use crate::agent::trial::{self, Trial};
use crate::app::App;
use crate::approval::Foreign;
use crate::approval::standing;
use crate::db::Reader;
use crate::error::Result;
use crate::guard::verdict::Verdict;
use crate::guard::whitelist;
use crate::vault;
use crate::web::caller::Caller;

/// "Lately".
pub const DAYS: i64 = 30;
const REFUSED_SHOWN: u32 = 20;

/// What is open, kept and refused, counted.
pub struct Overview {
    pub addresses: usize,
    pub chats: usize,
    pub websites: usize,
    pub folders: usize,
    pub rules: usize,
    pub credentials: usize,
    pub refused: Vec<Refused>,
    pub refused_total: u64,
    /// Why hostile files can't be read here.
    pub sandbox_missing: Option<String>,
}

pub async fn overview(app: &App, caller: &Caller) -> Result<Overview> {
    caller.admin()?;
    let (user, now) = (caller.user_id, app.clock.now());
    let since = now.saturating_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(now);
    let sandbox_missing = app.outside.sandbox().await.missing();
    let count = move |r: &Reader<'_>| {
        let (refused, refused_total) = calls::list_refused(r, user, since, REFUSED_SHOWN)?;
        let (chats, addresses): (Vec<_>, Vec<_>) = whitelist::list_addresses(r, now)?
            .into_iter()
            .partition(|it| whitelist::parse_chat(&it.address).is_ok());
        Ok(Overview {
            addresses: addresses.len(),
            chats: chats.len(),
            websites: whitelist::list_domains(r)?.len(),
            folders: whitelist::list_folders(r)?.len(),
            rules: standing::list(r, user, now)?.len(),
            credentials: vault::list(r)?.len(),
            refused,
            refused_total,
            sandbox_missing,
        })
    };
    app.db.read(count).await
}

/// What the guard would say.
pub struct Outcome {
    /// `go`, `ask` or `deny`; `depends`: on whether the words ask for it, which a plan says.
    pub verdict: &'static str,
    pub reason: String,
    pub origins: Vec<Foreign>,
}

pub async fn judge(app: &App, caller: &Caller, trial: Trial) -> Result<Outcome> {
    caller.admin()?;
    let outcome = |verdict, reason: String| Outcome { verdict, reason, origins: Vec::new() };
    Ok(match trial::judge(&app.agents, caller.user_id, trial).await? {
        Verdict::Go(_) => outcome("go", "It would be done without asking.".to_owned()),
        Verdict::Ask { reason, origins, .. } => Outcome { verdict: "ask", reason, origins },
        Verdict::Deny { reason, .. } => outcome("deny", reason),
        Verdict::Unplanned => outcome(
            "depends",
            "It would be refused without a card, unless the words ask for just this.".to_owned(),
        ),
    })
}

/// The tools that can be tried, by name.
pub fn tools(app: &App) -> Vec<String> {
    let mut names: Vec<String> =
        app.toolbox.all().iter().map(|tool| tool.name.to_string()).collect();
    names.sort();
    names
}
