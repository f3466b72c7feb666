//! Rows as CSV (RFC 4180): a line of names, then one line a row.

use serde_json::{Map, Value};

/// The columns are the names that any row has, in the order in which they first come.
pub fn write(rows: &[Map<String, Value>]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let mut text = line(columns.iter().map(|name| cell(&Value::from(*name))));
    for row in rows {
        text += &line(columns.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut line = cells.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// What is no single value is its JSON. A text that a spreadsheet would take for a formula gets an
/// apostrophe, so that nothing in it is carried out.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::write;

    fn row(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_value_stays_in_its_cell_and_is_no_formula() {
        let rows = [
            row(&json!({"name": "a, \"b\"\nc", "n": 3, "on": true, "none": null})),
            row(&json!({"name": "=cmd|' /C calc'!A0", "more": {"x": [1]}})),
        ];
        insta::assert_snapshot!(write(&rows).replace("\r\n", "|\n"), @r#"
        n,name,none,on,more|
        3,"a, ""b""
        c",,true,|
        ,'=cmd|' /C calc'!A0,,,"{""x"":[1]}"|
        "#);
    }
}
