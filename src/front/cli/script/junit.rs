//! The report that CI systems read.

use super::many::Done;
use crate::front::script::outcome;

/// One suite; each script is a case.
pub fn xml(all: &[Done]) -> String {
    let count = |word: &str| all.iter().filter(|done| outcome(&done.ran) == word).count();
    let time: f64 = all.iter().map(|done| done.ran.took.as_secs_f64()).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    text.push_str(&format!(
        "<testsuite name=\"ptych script run\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{time:.3}\">\n",
        all.len(),
        count("failed"),
        count("error"),
    ));
    all.iter().for_each(|done| text.push_str(&case(done)));
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

fn case(done: &Done) -> String {
    let name = escaped(&done.ran.script);
    let time = done.ran.took.as_secs_f64();
    let mut text = format!("<testcase name=\"{name}\" classname=\"ptych.script\" time=\"{time:.3}\">\n");
    let element = if outcome(&done.ran) == "error" {
        "error"
    } else {
        "failure"
    };
    match &done.ran.end {
        Ok(0) => {}
        Ok(code) => {
            text.push_str(&format!(
                "<failure message=\"exit code {code}\" type=\"exit_code\"/>\n"
            ));
        }
        Err(told) => {
            let first = told.message.lines().next().unwrap_or_default();
            text.push_str(&format!(
                "<{element} message=\"{}\" type=\"{}\">{}</{element}>\n",
                escaped(first),
                told.code,
                escaped(&done.report)
            ));
        }
    }
    if !done.printed.is_empty() {
        text.push_str(&format!("<system-out>{}</system-out>\n", escaped(&done.printed)));
    }
    text.push_str("</testcase>\n");
    text
}

/// Characters that XML 1.0 cannot hold become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_an_attribute_or_the_document() {
        assert_eq!(
            escaped("<a b=\"c\">&\u{1b}\n"),
            "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}\n"
        );
    }
}
