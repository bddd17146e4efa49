//! The `expect` block: `expect SESSION { PATTERN => ARM, … }`.
//!
//! It is an expression whose value is that of the arm that was taken. Arms are not evaluated before their pattern has come; an arm that gives a
//! closure is called with the match. Rhai lets a host add such a thing as custom syntax, which is told apart by its first word; since
//! `s.expect(…)` shall stay a call, the word is changed into the syntax's key only where no dot stands before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rhai::{
    Dynamic, Engine, EvalAltResult, EvalContext, Expression, FnPtr, ImmutableString, LexError,
    NativeCallContext, ParseError, Position, Token,
};

use super::failure::Failure;
use super::functions::Outcome;
use super::pattern::Pattern;
use super::session::Session;
use super::source::Place;
use super::value::Found;
use super::waiting::{Wait, Waiting};
use super::world::World;

/// No word of a script can be this one.
pub const KEY: &str = "expect block";

/// What `again()` and `again_fresh()` give: the wait goes on.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// With all of its time.
    pub fresh: bool,
}

pub fn register(engine: &mut Engine, world: &Arc<World>) {
    let after_dot = AtomicBool::new(false);
    #[expect(
        deprecated,
        reason = "marked so because it may change in a minor version, which Cargo.toml pins"
    )]
    engine.on_parse_token(move |token, _, _| {
        let is_dot = matches!(token, Token::Period | Token::Elvis);
        let behind_dot = after_dot.swap(is_dot, Ordering::Relaxed);
        match &token {
            Token::Identifier(word) if word.as_str() == "expect" && !behind_dot => {
                Token::Custom(Box::new(KEY.into()))
            }
            // Rhai keeps this word for a future of its own.
            Token::Reserved(word) if word.as_str() == "spawn" => Token::Identifier(word.clone()),
            _ => token,
        }
    });
    let world = Arc::clone(world);
    engine.register_custom_syntax_with_state_raw(KEY, parse, false, move |context, inputs, has_session| {
        Block::of(&world, inputs, has_session.as_bool().unwrap_or(false)).evaluate(context)
    });
}

/// Which token comes next, by the last one. `state` becomes true when a session is named.
fn parse(
    symbols: &[ImmutableString],
    next: &str,
    state: &mut Dynamic,
) -> Result<Option<ImmutableString>, ParseError> {
    let last = symbols.last().map_or("", ImmutableString::as_str);
    let before_last = symbols.len().checked_sub(2).map(|at| symbols[at].as_str());
    let wanted = match (last, before_last) {
        (KEY, _) if next == "{" => {
            *state = Dynamic::FALSE;
            "{"
        }
        (KEY, _) => {
            *state = Dynamic::TRUE;
            "$expr$"
        }
        ("$expr$", Some(KEY)) => match next {
            "{" => "{",
            _ => {
                return Err(wrong(
                    "a session is followed by { and the arms; to wait for one pattern write s.expect(pattern)",
                ));
            }
        },
        ("{", _) if next == "}" => {
            return Err(wrong(
                "an expect block needs at least one arm: pattern => expression",
            ));
        }
        ("{" | ",", _) => match next {
            "}" => "}",
            _ => "$expr$",
        },
        ("=>", _) => arm(next)?,
        // A pattern is behind `{`, `,` or the block of the arm before it.
        ("$expr$", Some("{" | "," | "$block$")) => match next {
            "=>" => "=>",
            _ => return Err(wrong("a pattern is followed by => and what to do")),
        },
        ("$expr$" | "$block$", _) => match next {
            "}" => "}",
            "," => ",",
            "=" => return Err(wrong("put { } around a statement")),
            _ if last == "$block$" => "$expr$",
            _ => return Err(wrong("arms are parted by commas")),
        },
        _ => return Ok(None),
    };
    Ok(Some(wanted.into()))
}

fn arm(next: &str) -> Result<&'static str, ParseError> {
    match next {
        "{" => Ok("$block$"),
        "break" | "continue" | "return" | "throw" | "let" | "const" => {
            Err(wrong(&format!("put {{ }} around `{next}`")))
        }
        _ => Ok("$expr$"),
    }
}

fn wrong(message: &str) -> ParseError {
    ParseError(
        Box::new(LexError::ImproperSymbol(String::new(), message.to_owned()).into()),
        Position::NONE,
    )
}

struct Block<'a, 'e> {
    world: &'a Arc<World>,
    session: Option<&'a Expression<'e>>,
    /// A pattern and what to do, by turns.
    arms: &'a [Expression<'e>],
    /// Of the word `expect`.
    place: Option<Place>,
}

/// Patterns of all arms in one list, and whose they are.
struct Arms {
    patterns: Vec<Pattern>,
    arm_of: Vec<usize>,
}

impl<'a, 'e> Block<'a, 'e> {
    fn of(world: &'a Arc<World>, inputs: &'a [Expression<'e>], has_session: bool) -> Block<'a, 'e> {
        let first = inputs.first().and_then(|input| Place::of(input.position()));
        let place = first.map(|place| world.script.find_before(place, "expect").unwrap_or(place));
        let (session, arms) = match inputs {
            [session, arms @ ..] if has_session => (Some(session), arms),
            arms => (None, arms),
        };
        Block {
            world,
            session,
            arms,
            place,
        }
    }

    fn evaluate(&self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>) -> Outcome<Dynamic> {
        let session = self.session(context)?;
        let arms = self.patterns(context)?;
        if self.world.is_dry() {
            return self.each_once(context, &session, &arms);
        }
        let failed = |failure: Failure| failure.at(self.position());
        let wait = Wait {
            patterns: arms.patterns,
            limit: None,
            peek: false,
            place: self.place,
        };
        let mut waiting = Waiting::begin(self.world, &session, wait).map_err(failed)?;
        let mut fresh = false;
        loop {
            let found = waiting.next(fresh).map_err(failed)?;
            let value = self.take(context, arms.arm_of[found.index()], &found)?;
            match value.clone().try_cast::<Again>() {
                Some(again) => fresh = again.fresh,
                None => return Ok(value),
            }
        }
    }

    fn position(&self) -> Position {
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        self.place.map_or(Position::NONE, |place| {
            Position::new(narrow(place.line.max(1)), narrow(place.column))
        })
    }

    fn session(&self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>) -> Outcome<Session> {
        let Some(named) = self.session else {
            return self
                .world
                .last_session()
                .map_err(|failure| failure.at(self.position()));
        };
        let value = context.eval_expression_tree(named)?;
        let kind = value.type_name();
        value.try_cast::<Session>().ok_or_else(|| {
            Failure::argument(format!("expect needs a session, not a value of type {kind}"))
                .hint("spawn(…) and start(…) give sessions")
                .at(named.position())
        })
    }

    fn patterns(&self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>) -> Outcome<Arms> {
        let mut arms = Arms {
            patterns: Vec::new(),
            arm_of: Vec::new(),
        };
        for (index, arm) in self.arms.chunks_exact(2).enumerate() {
            let evaluated = context.eval_expression_tree(&arm[0]);
            let patterns = evaluated
                .and_then(|value| Pattern::of(value).map_err(|failure| failure.at(arm[0].position())));
            let patterns = match patterns {
                Err(error) if self.world.is_dry() && !is_final(&error) => {
                    self.world.note(&error);
                    vec![Pattern::timeout(None)]
                }
                patterns => patterns?,
            };
            arms.arm_of.extend(std::iter::repeat_n(index, patterns.len()));
            arms.patterns.extend(patterns);
        }
        Ok(arms)
    }

    /// What the arm gives; a closure is called with the match.
    fn take(
        &self,
        context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
        arm: usize,
        found: &Found,
    ) -> Outcome<Dynamic> {
        let expression = &self.arms[2 * arm + 1];
        let value = context.eval_expression_tree(expression)?;
        let Some(closure) = value.clone().try_cast::<FnPtr>() else {
            return Ok(value);
        };
        let call = NativeCallContext::new_with_all_fields(
            context.engine(),
            closure.fn_name(),
            None,
            context.global_runtime_state(),
            expression.position(),
        );
        closure.call_within_context(&call, (found.clone(),))
    }

    /// In a dry run each arm is taken once. A way out of a loop or function counts more than a value, so that loops end.
    fn each_once(
        &self,
        context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
        session: &Session,
        arms: &Arms,
    ) -> Outcome<Dynamic> {
        let mut value = None;
        let mut way_out = None;
        for arm in 0..self.arms.len() / 2 {
            let pattern = arms.arm_of.iter().position(|of| *of == arm).unwrap_or(0);
            let found = Found::stand_in(pattern, &arms.patterns[pattern].wanted);
            session.keep_found(found.clone());
            match self.take(context, arm, &found) {
                Ok(given) if given.is::<Again>() => {}
                Ok(given) => value = value.or(Some(given)),
                Err(error) if is_way_out(&error) => way_out = way_out.or(Some(error)),
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => self.world.note(&error),
            }
        }
        match way_out {
            Some(error) => Err(error),
            None => Ok(value.unwrap_or(Dynamic::UNIT)),
        }
    }
}

fn is_way_out(error: &EvalAltResult) -> bool {
    matches!(error, EvalAltResult::LoopBreak(..) | EvalAltResult::Return(..))
}

/// Nothing can go on behind it.
fn is_final(error: &EvalAltResult) -> bool {
    matches!(
        error,
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(..)
    )
}
