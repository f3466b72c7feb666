//! What a model may ask the clock.

use serde::Deserialize;

use crate::agent::tool::{self, Arg, Cx, Output, Tool};
use crate::call::Role;
use crate::dates;
use crate::error::{Error, Result};
use crate::label::Label;

pub fn all() -> Vec<Tool> {
    vec![
        Tool::read("time", "time_now", "Says the date and time, here or in another place.", |cx, args, _| async move {
            let asked: Now = tool::parse(&args)?;
            now(&cx, asked.place.as_deref())
        })
        .arg(Arg::text("place", Role::Soft, "A city, country or time zone, for example \"Tokyo\". Leave it out for the owner's own time.").optional()),
        Tool::read(
            "time",
            "time_calculate",
            "Works out dates: \"today plus 45 days\", \"days until 24 December\", \"weeks between 1 May 2027 and 3 June 2027\", \"what day is 3 May 2027\".",
            |cx, args, _| async move {
                let asked: Sum = tool::parse(&args)?;
                Ok(said(dates::calculate(&asked.question, &cx.local_now())?))
            },
        )
        .arg(Arg::text("question", Role::Soft, "The sum, in English.")),
    ]
}

#[derive(Deserialize)]
struct Now {
    place: Option<String>,
}

#[derive(Deserialize)]
struct Sum {
    question: String,
}

fn now(cx: &Cx, place: Option<&str>) -> Result<Output> {
    let here = cx.local_now();
    let Some(place) = place.map(str::trim).filter(|place| !place.is_empty()) else {
        let time = here.strftime("%H:%M");
        let date = dates::say_date(here.date());
        return Ok(said(format!(
            "It is {time} on {date}, week {}.",
            here.date().iso_week_date().week()
        )));
    };
    let Some(zone) = dates::zone(place) else {
        let message = format!(
            "I don't know the time zone of \"{place}\". Name a large city near it, or a zone like \"Europe/Berlin\"."
        );
        return Err(Error::invalid("place", message));
    };
    let there = here.with_time_zone(zone);
    let time = there.strftime("%H:%M");
    let date = dates::say_date(there.date());
    Ok(said(format!("In {place} it is {time} on {date} (UTC{}).", there.strftime("%:z"))))
}

fn said(text: String) -> Output {
    Output::labelled(text, Label::system())
}
