//! Sums with days that there are not, set against Monday 23 November 2026.

use super::*;

#[test]
fn what_is_wrong_with_a_sum_is_said() {
    let now = monday();
    for (question, want) in [
        ("days until 30 february", "There is no day \"30 february\"."),
        ("what day is 31 April 2027", "There is no day \"31 April 2027\"."),
        ("what day is 29 Feb 2027?", "There is no day \"29 Feb 2027\"."),
        ("how long until 25:00", "There is no time \"25:00\". Times go from 00:00 to 23:59."),
        (
            "what day is 03/05/2027",
            "\"03/05/2027\" can be 3 May or 5 March. Say which, with the month as a word.",
        ),
        ("what is today plus 99999999999 days", "That is too far away. Dates go to the year 9999."),
        ("today minus 9999999 weeks", "That is too far away. Dates go to the year 9999."),
    ] {
        assert_eq!(sum_fault(question, &now).as_deref(), Some(want), "{question}");
        assert_eq!(calculate(question, &now).unwrap_err().to_string(), want, "{question}");
    }
    for question in ["what is the meaning of life", "what is 30 february", "how are you"] {
        let said = calculate(question, &now).unwrap_err().to_string();
        let about_a_day = question.contains("february");
        assert_eq!(said.starts_with("I can't work that out."), !about_a_day, "{question}: {said}");
    }
    assert_eq!(sum_fault("what is 99999999999", &now), None);
    assert_eq!(sum_fault("days until 24 december", &now), None);
}
