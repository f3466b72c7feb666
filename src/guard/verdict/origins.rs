//! Where the values that the owner did not say were read.

use super::Facts;
use super::arguments::{given, leaves, shown};
use crate::guard::approval::Foreign;
use crate::guard::call::Call;
use crate::guard::grounding;
use crate::guard::label::Trust;

/// The critical values that the owner did not say, and where they were read.
pub(super) fn origins(facts: &Facts, call: &Call<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    for argument in given(call) {
        if call.role(argument).is_some_and(|role| !role.is_critical()) {
            continue;
        }
        let mut values = Vec::new();
        leaves(&call.arguments[argument], &mut values);
        for value in values {
            if grounding::is_said(&value, &facts.scene.said) {
                continue;
            }
            let outside =
                facts.scene.read.iter().filter(|(label, _)| label.trust == Trust::Outside);
            let source = outside.into_iter().find(|(_, text)| grounding::text_holds(text, &value));
            found.push(Foreign {
                argument: argument.to_owned(),
                value: shown(&value),
                origin: source.map(|(label, _)| label.origin.clone()),
            });
        }
    }
    found
}
