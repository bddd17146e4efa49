//! What is wrong with a script, found without starting anything.
//!
//! Three looks: the parser (syntax, variables); the tree (names and numbers of arguments of every call, patterns, keys and conditions written
//! as constants, in code that no run may reach, too); and a dry run, in which sessions are stand-ins that take each arm of an `expect`
//! block once. What the dry run computes from a program's words is made up, so of its errors only those are told that no words
//! could have helped.

use std::sync::Arc;

use rhai::{AST, ASTNode, Dynamic, Engine, EvalAltResult, Expr, FnCallExpr, Map, ParseError, Scope, Stmt};
use serde::Serialize;

use super::engine;
use super::failure::Failure;
use super::functions::check_key;
use super::known::{Known, Wrong};
use super::pattern::{self, Pattern};
use super::reference::Entry;
use super::settings::Settings;
use super::source::{Place, Script};
use super::world::{Mode, Sink, World};
use crate::engine::expect;

/// What was found in one script.
#[derive(Clone, Debug)]
pub struct Checked {
    pub script: Script,
    /// By place.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// Stable word: `syntax`, `unknown_name`, `arguments`, `pattern`, `argument`, `type`.
    pub code: &'static str,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Nothing that a script prints while it is checked is wanted.
pub struct Silent;

impl Sink for Silent {
    fn print(&self, _: &str) {}
    fn trace(&self, _: &str) {}
    fn ask_secret(&self, _: &str) -> Option<String> {
        None
    }
}

/// Checks a script; `settings` says with which arguments.
pub fn check(script: &Script, settings: &Settings) -> Checked {
    let world = World::new(script.clone(), settings.clone(), Mode::Dry, Box::new(Silent))
        .expect("a dry run needs no runtime");
    let (engine, entries) = engine::engine(&world);
    let problems = match engine::compile(&engine, &world) {
        Err(error) => vec![Problem::of_parser(&error)],
        Ok(ast) => {
            let mut problems = tree(&ast, &entries);
            problems.extend(dry_run(&engine, &ast, &world));
            problems
        }
    };
    // The tree and the dry run find the same things; the tree knows the place better.
    let mut told: Vec<Problem> = Vec::new();
    for problem in problems {
        if !told.iter().any(|one| one.is_the_same(&problem)) {
            told.push(problem);
        }
    }
    told.sort_by_key(|problem| (problem.line, problem.column));
    Checked {
        script: script.clone(),
        problems: told,
    }
}

/// Statement by statement, so that what one of them cannot do is not the end of the look.
fn dry_run(engine: &Engine, ast: &AST, world: &Arc<World>) -> Vec<Problem> {
    let mut scope = Scope::new();
    let mut problems = Vec::new();
    for part in parts(ast) {
        let Err(error) = engine.run_ast_with_scope(&mut scope, &part) else {
            continue;
        };
        problems.extend(Problem::of(&error));
        if let [Stmt::Var(variable, ..)] = part.statements() {
            // Later statements find their variables by number.
            scope.push_dynamic(variable.0.name.as_str(), Dynamic::UNIT);
        }
        if matches!(*error, EvalAltResult::ErrorTerminated(..)) {
            break;
        }
    }
    problems.append(&mut world.shared().noted);
    problems
}

/// Each statement of the top with all functions. Modules are imported for the rest of a run, so a script that does that is one part.
fn parts(ast: &AST) -> Vec<AST> {
    let statements = ast.statements();
    if statements
        .iter()
        .any(|statement| matches!(statement, Stmt::Import(..)))
    {
        return vec![ast.clone()];
    }
    let part = |statement: &Stmt| AST::new([statement.clone()], ast.shared_lib().clone());
    statements.iter().map(part).collect()
}

/// Looks at every call of the tree.
pub fn tree(ast: &AST, entries: &[Entry]) -> Vec<Problem> {
    let known = Known::of(ast, entries);
    let mut problems = Vec::new();
    ast.walk(&mut |path| {
        let call = match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position))) => Some((call, *position, 0)),
            Some(ASTNode::Expr(Expr::MethodCall(call, position))) => Some((call, *position, 1)),
            _ => None,
        };
        if let Some((call, position, receiver)) = call.filter(|(call, ..)| is_plain(call)) {
            problems.extend(of_call(&known, call, Place::of(position), receiver));
        }
        true
    });
    problems
}

fn is_plain(call: &FnCallExpr) -> bool {
    !call.is_operator_call() && call.namespace.is_empty()
}

fn of_call(known: &Known, call: &FnCallExpr, place: Option<Place>, receiver: usize) -> Option<Problem> {
    let name = call.name.as_str();
    let (code, message, hint) = match known.call(name, call.args.len() + receiver) {
        Ok(()) => return constants(call, place),
        Err(Wrong::Unknown(nearest)) => (
            "unknown_name",
            format!("there is no function `{name}`"),
            nearest.map(|nearest| format!("did you mean `{nearest}`?")),
        ),
        Err(Wrong::Arguments(counts)) => {
            let counted = if receiver == 1 {
                ", the session counted"
            } else {
                ""
            };
            (
                "arguments",
                format!(
                    "`{name}` takes {counts} arguments{counted}, not {}",
                    call.args.len() + receiver
                ),
                None,
            )
        }
    };
    Some(Problem::new(place, code, message, hint))
}

/// A pattern or a key that is written out can be looked at without running anything.
fn constants(call: &FnCallExpr, place: Option<Place>) -> Option<Problem> {
    let first = call.args.first()?;
    let place = Place::of(first.start_position()).or(place);
    let text = match first {
        Expr::StringConstant(text, _) => Some(text.as_str()),
        _ => None,
    };
    let failure = match (call.name.as_str(), text) {
        ("re", Some(regex)) => Pattern::new(expect::Pattern::regex(regex)).err(),
        ("glob", Some(glob)) => Pattern::new(expect::Pattern::glob(glob)).err(),
        ("send_key", Some(key)) => check_key(key).err(),
        ("screen", None) => {
            let conditions = first.get_literal_value(None)?.try_cast::<Map>()?;
            pattern::screen(&conditions).err()
        }
        _ => None,
    };
    failure.map(|failure| Problem::of_failure(&failure, place))
}

impl Problem {
    fn new(place: Option<Place>, code: &'static str, message: String, hint: Option<String>) -> Problem {
        Problem {
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            code,
            message,
            hint,
        }
    }

    fn is_the_same(&self, other: &Problem) -> bool {
        let same_place = self.line == other.line && self.column == other.column;
        self.line == other.line && self.message == other.message || same_place && self.column.is_some()
    }

    pub fn place(&self) -> Option<Place> {
        Some(Place {
            line: self.line?,
            column: self.column?,
        })
    }

    fn of_parser(error: &ParseError) -> Problem {
        let place = Place::of(error.position());
        Problem::new(place, "syntax", parser_words(error), None)
    }

    fn of_failure(failure: &Failure, place: Option<Place>) -> Problem {
        Problem::new(
            place,
            failure.code.as_str(),
            failure.message.clone(),
            failure.hint.clone(),
        )
    }

    /// What an error of a dry run tells of the script; `None` when it only follows from words that no program said.
    pub fn of(error: &EvalAltResult) -> Option<Problem> {
        let place = Place::of(innermost(error).position());
        if let Some(failure) = Failure::within(error) {
            let told = failure.code.is_static() && !is_of_nothing(&failure.message);
            return told.then(|| Problem::of_failure(&failure, place));
        }
        match innermost(error) {
            // As with `is_of_nothing`.
            EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.contains("()") => None,
            EvalAltResult::ErrorVariableNotFound(name, _) if name.contains("::") => None,
            EvalAltResult::ErrorFunctionNotFound(signature, _) => Some(Problem::new(
                place,
                "unknown_name",
                format!("no function takes these: {signature}"),
                None,
            )),
            error @ (EvalAltResult::ErrorVariableNotFound(..) | EvalAltResult::ErrorPropertyNotFound(..)) => {
                Some(Problem::new(place, "unknown_name", words(error), None))
            }
            error @ (EvalAltResult::ErrorMismatchDataType(..)
            | EvalAltResult::ErrorIndexingType(..)
            | EvalAltResult::ErrorDotExpr(..)
            | EvalAltResult::ErrorAssignmentToConstant(..)) => {
                Some(Problem::new(place, "type", words(error), None))
            }
            EvalAltResult::ErrorParsing(error, position) => Some(Problem::new(
                Place::of(*position),
                "syntax",
                error.to_string(),
                None,
            )),
            _ => None,
        }
    }
}

/// A value that is not there: what should have given it has been told, or is a program's word or an argument of the run.
fn is_of_nothing(words: &str) -> bool {
    words.ends_with("type ()")
}

/// The error itself, without the calls around it.
pub fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        error => error,
    }
}

/// What Rhai says, without the place that stands beside it anyway.
pub fn words(error: &EvalAltResult) -> String {
    without_place(&error.to_string()).to_owned()
}

/// `… (line 3, position 4)` without what is in the parentheses.
fn without_place(text: &str) -> &str {
    match text.rfind(" (line ") {
        Some(at) if text.ends_with(')') => &text[..at],
        _ => text,
    }
}

pub fn parser_words(error: &ParseError) -> String {
    let text = error.to_string();
    without_place(&text).trim_start_matches(": ").to_owned()
}
