//! Conditions on a tool's version: `>=3.13, <3.14`.

use std::cmp::Ordering;

/// Whether a version meets all conditions. Versions are compared number by number; what is no number is left out.
///
/// # Errors
///
/// A condition that is not an operator (`>=`, `>`, `<=`, `<`, `=`, none for `=`) and a version.
pub fn matches(conditions: &str, version: &str) -> Result<bool, String> {
    let actual = numbers(version);
    let mut all = true;
    for condition in conditions.split(',').map(str::trim) {
        let digits = condition.find(|c: char| c.is_ascii_digit());
        let at = digits.ok_or_else(|| format!("{condition:?} names no version; write >=3.13 or <4"))?;
        let wanted = numbers(&condition[at..]);
        let order = compare(&actual, &wanted);
        all &= match condition[..at].trim() {
            ">=" => order != Ordering::Less,
            ">" => order == Ordering::Greater,
            "<=" => order != Ordering::Greater,
            "<" => order == Ordering::Less,
            // A prefix is enough: 3.13 means every 3.13.x.
            "=" | "" => actual.starts_with(&wanted),
            other => return Err(format!("{other:?} is no comparison; use >=, >, <=, < or =")),
        };
    }
    Ok(all)
}

fn numbers(version: &str) -> Vec<u64> {
    let parts = version
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    parts.filter_map(|part| part.parse().ok()).collect()
}

fn compare(a: &[u64], b: &[u64]) -> Ordering {
    let part = |v: &[u64], i: usize| v.get(i).copied().unwrap_or(0);
    let pairs = (0..a.len().max(b.len())).map(|i| part(a, i).cmp(&part(b, i)));
    pairs
        .into_iter()
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn conditions() {
        assert_eq!(matches(">=3.13, <3.14", "3.13.0"), Ok(true));
        assert_eq!(matches(">=3.13", "3.9.18"), Ok(false));
        assert_eq!(matches("2.1.197", "2.1.197"), Ok(true));
        assert_eq!(matches("=3.13", "3.13.7"), Ok(true));
        assert!(matches("~3", "3").is_err());
        assert!(matches("new", "3").is_err());
    }
}
