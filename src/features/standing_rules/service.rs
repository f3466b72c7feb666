//! What may be done with standing rules: look, and revoke. They are made by answering a card.

use crate::app::App;
use crate::approval::standing::{self, Rule};
use crate::db::Reader;
use crate::error::Result;
use crate::ids::StandingRuleId;
use crate::web::caller::Caller;

/// Those in force, newest first.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Rule>> {
    let (user, now) = (caller.user_id, app.clock.now());
    app.db.read(move |r: &Reader<'_>| standing::list(r, user, now)).await
}

/// Gives the title that the rule had.
pub async fn revoke(app: &App, caller: &Caller, id: StandingRuleId) -> Result<String> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db.write(move |tx| standing::revoke(tx, user, id, &by)).await
}
