//! One field of a cron line: the values that it names.

pub const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What a field can hold.
pub struct Kind {
    pub name: &'static str,
    pub first: u8,
    pub last: u8,
    pub names: &'static [&'static str],
    /// "0 to 59".
    pub range: &'static str,
}

pub const KINDS: [Kind; 5] = [
    Kind { name: "minute", first: 0, last: 59, names: &[], range: "0 to 59" },
    Kind { name: "hour", first: 0, last: 23, names: &[], range: "0 to 23" },
    Kind { name: "day of the month", first: 1, last: 31, names: &[], range: "1 to 31" },
    Kind { name: "month", first: 1, last: 12, names: &MONTHS, range: "1 to 12, or JAN to DEC" },
    Kind { name: "weekday", first: 0, last: 7, names: &DAYS, range: "0 to 7, or SUN to SAT" },
];

impl Kind {
    /// The values of a field, in order; none for one that is more than a list of values (`L`, `15W`,
    /// `MON#2`) or no field at all.
    pub fn values(&self, field: &str) -> Option<Vec<u8>> {
        let mut found = Vec::new();
        for part in field.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse::<u8>().ok().filter(|it| *it > 0)?),
                None => (part, 1),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" || range == "?" => (self.first, self.last),
                Some((from, to)) => (self.value(from)?, self.end(to)?),
                None => (self.value(range)?, self.value(range)?),
            };
            found.extend((from..=to).step_by(usize::from(step)));
        }
        if self.last == 7 {
            found.iter_mut().filter(|day| **day == 7).for_each(|day| *day = 0);
        }
        found.sort_unstable();
        found.dedup();
        (!found.is_empty()).then_some(found)
    }

    /// A range of weekdays may end on a Sunday: it is the last day of a week as well as the first.
    fn end(&self, text: &str) -> Option<u8> {
        let is_sunday = self.last == 7 && text.eq_ignore_ascii_case(DAYS[0]);
        if is_sunday { Some(self.last) } else { self.value(text) }
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(at) => u8::try_from(at).ok()? + self.first,
            None => text.parse().ok()?,
        };
        (self.first..=self.last).contains(&number).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn a_field_is_the_values_it_names() {
        let values = |at: usize, field: &str| KINDS[at].values(field).unwrap_or_default();
        assert_eq!(values(0, "*/20"), [0, 20, 40]);
        assert_eq!(values(1, "9-12/2,14"), [9, 11, 14]);
        assert_eq!(values(3, "mar,JUN"), [3, 6]);
        assert_eq!(values(4, "MON-FRI"), [1, 2, 3, 4, 5]);
        assert_eq!(values(4, "*"), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(values(4, "MON-SUN"), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(values(4, "fri-sun"), [0, 5, 6]);
        assert_eq!(KINDS[4].values("FRI-MON"), None);
        assert_eq!(KINDS[2].values("L"), None);
        assert_eq!(KINDS[1].values("24"), None);
        assert_eq!(KINDS[0].values("*/0"), None);
    }
}
