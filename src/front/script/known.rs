//! Which names a script can call.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, Stmt};

use super::reference::Entry;

/// Names and, where they are ours alone, how many arguments they take.
pub struct Known {
    ours: BTreeMap<&'static str, BTreeSet<usize>>,
    /// The script's own functions, variables and fields: any of them may hold a function.
    own: BTreeSet<String>,
}

/// What is wrong with a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// With the name that it is nearest to.
    Unknown(Option<String>),
    /// What it takes, in words.
    Arguments(String),
}

impl Known {
    pub fn of(ast: &AST, entries: &[Entry]) -> Known {
        let mut ours: BTreeMap<&'static str, BTreeSet<usize>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !entry.is_property()) {
            let (fewest, most) = entry.arguments();
            let receiver = usize::from(entry.is_method());
            // A method may be called as a function of its session, too.
            ours.entry(entry.name())
                .or_default()
                .extend(fewest + receiver..=most + receiver);
        }
        let mut own: BTreeSet<String> = BTreeSet::new();
        for function in ast.iter_functions() {
            own.insert(function.name.to_owned());
            own.extend(function.params.iter().map(|name| (*name).to_owned()));
        }
        ast.walk(&mut |path| {
            declared(path.last(), &mut own);
            true
        });
        Known { ours, own }
    }

    /// What is wrong with a call of `name` with so many arguments, the receiver counted.
    pub fn call(&self, name: &str, arguments: usize) -> Result<(), Wrong> {
        if self.own.contains(name) || STANDARD.binary_search(&name).is_ok() {
            return Ok(());
        }
        match self.ours.get(name) {
            None => Err(Wrong::Unknown(self.nearest(name))),
            Some(counts) if counts.contains(&arguments) => Ok(()),
            Some(counts) => Err(Wrong::Arguments(in_words(counts))),
        }
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let all = self.ours.keys().copied().chain(STANDARD.iter().copied());
        let all = all.chain(self.own.iter().map(String::as_str));
        let (distance, nearest) = all.map(|known| (distance(name, known), known)).min()?;
        (distance <= 2 && 2 * distance < name.len()).then(|| nearest.to_owned())
    }
}

fn declared(node: Option<&ASTNode<'_>>, own: &mut BTreeSet<String>) {
    match node {
        Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
            own.insert(variable.0.name.to_string());
        }
        Some(ASTNode::Expr(Expr::Map(map, _))) => {
            own.extend(map.0.iter().map(|(field, _)| field.name.to_string()));
        }
        Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => {
            let map = value.read_lock::<rhai::Map>();
            own.extend(map.iter().flat_map(|map| map.keys().map(ToString::to_string)));
        }
        Some(ASTNode::Stmt(Stmt::For(header, _))) => {
            own.insert(header.0.name.to_string());
        }
        _ => {}
    }
}

fn in_words(counts: &BTreeSet<usize>) -> String {
    let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
    counts.join(" or ")
}

/// Edits between two names (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// What Rhai 1.27 itself brings, sorted by byte.
const STANDARD: &[&str] = &[
    "E",
    "Fn",
    "PI",
    "abs",
    "acos",
    "acosh",
    "all",
    "append",
    "as_string",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bits",
    "blob",
    "bytes",
    "call",
    "ceiling",
    "chars",
    "chop",
    "clear",
    "contains",
    "cos",
    "cosh",
    "crop",
    "curry",
    "debug",
    "dedup",
    "drain",
    "elapsed",
    "end",
    "ends_with",
    "exit",
    "exp",
    "extract",
    "fill_with",
    "filter",
    "find",
    "find_map",
    "floor",
    "for_each",
    "fraction",
    "get",
    "get_bit",
    "get_bits",
    "get_fn_metadata_list",
    "hypot",
    "index_of",
    "insert",
    "int",
    "is_anonymous",
    "is_def_fn",
    "is_def_var",
    "is_empty",
    "is_even",
    "is_exclusive",
    "is_finite",
    "is_inclusive",
    "is_infinite",
    "is_nan",
    "is_odd",
    "is_shared",
    "is_zero",
    "keys",
    "len",
    "ln",
    "log",
    "make_lower",
    "make_upper",
    "map",
    "max",
    "min",
    "mixin",
    "name",
    "order",
    "order_by",
    "order_desc",
    "pad",
    "parse_be_float",
    "parse_be_int",
    "parse_float",
    "parse_int",
    "parse_json",
    "parse_le_float",
    "parse_le_int",
    "pop",
    "print",
    "push",
    "range",
    "reduce",
    "reduce_rev",
    "remove",
    "replace",
    "retain",
    "reverse",
    "round",
    "set",
    "set_bit",
    "set_bits",
    "set_tag",
    "shift",
    "sign",
    "sin",
    "sinh",
    "sleep",
    "some",
    "sort",
    "sort_by",
    "sort_desc",
    "splice",
    "split",
    "split_rev",
    "sqrt",
    "start",
    "starts_with",
    "sub_string",
    "tag",
    "take",
    "tan",
    "tanh",
    "this",
    "timestamp",
    "to_array",
    "to_binary",
    "to_blob",
    "to_chars",
    "to_debug",
    "to_degrees",
    "to_float",
    "to_hex",
    "to_int",
    "to_json",
    "to_lower",
    "to_octal",
    "to_radians",
    "to_string",
    "to_upper",
    "trim",
    "truncate",
    "type_of",
    "values",
    "write_ascii",
    "write_be",
    "write_le",
    "write_utf8",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_names_can_be_searched() {
        assert!(STANDARD.is_sorted());
    }

    #[test]
    fn a_mistyped_name_is_near() {
        assert_eq!(distance("send_lin", "send_line"), 1);
        assert_eq!(distance("spwan", "spawn"), 2);
    }
}
