//! The frame around a page: what the header and the navigation show just now.

use super::App;
use crate::agent::spent_today;
use crate::approval;
use crate::error::Result;
use crate::web::caller::Caller;
use crate::web::request::Current;
use crate::web::shell::Shell;

const MICROS_PER_CENT: i64 = 10_000;

impl App {
    /// For a page at the navigation's entry `here`.
    pub async fn shell(&self, caller: &Caller, here: &'static str, title: &str) -> Result<Shell> {
        let (user, agents) = (caller.user_id, self.agents.clone());
        let (waiting, spent) = self
            .db
            .read(move |r| {
                let waiting = approval::count_groups(r, user)? as usize;
                Ok((waiting, spent_today(r, &agents)?))
            })
            .await?;
        let current = Current::get();
        Ok(Shell {
            nav: self.nav.clone(),
            title: title.to_owned(),
            here,
            theme: current.as_ref().map(|it| it.theme).unwrap_or_default(),
            keys: current.as_ref().map(|it| it.keys).unwrap_or_default(),
            user: caller.name.clone(),
            admin: caller.admin_role().is_ok(),
            waiting,
            paused: self.inbox.paused(),
            spent_today: (spent > 0).then(|| dollars(spent)),
            flash: current.and_then(|it| it.flash),
            stream: "/stream".to_owned(),
        })
    }
}

/// "$0.12"; less than a cent is said to be.
fn dollars(micros: i64) -> String {
    if micros < MICROS_PER_CENT {
        return "under $0.01".to_owned();
    }
    let cents = micros / MICROS_PER_CENT;
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn money_is_said_in_dollars() {
        assert_eq!(dollars(4_100), "under $0.01");
        assert_eq!(dollars(123_456), "$0.12");
        assert_eq!(dollars(12_000_000), "$12.00");
    }
}
