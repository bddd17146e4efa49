//! A script at work.

use std::sync::Arc;
use std::time::Instant;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};

use super::check;
use super::engine;
use super::live;
use super::report::{Ran, Told};
use super::settings::Settings;
use super::source::Script;
use super::world::{Mode, Sink, World};

/// A script that can be run: it is parsed, and its tree has been looked at.
pub struct Run {
    world: Arc<World>,
    engine: Engine,
    ast: AST,
}

/// Ends a run from another thread.
#[derive(Clone)]
pub struct Interrupter(Arc<World>);

impl Interrupter {
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl Run {
    /// # Errors
    ///
    /// What is wrong with the script; nothing has been done.
    pub fn prepare(script: &Script, settings: &Settings, sink: Box<dyn Sink>) -> Result<Run, Box<Told>> {
        let world = World::new(script.clone(), settings.clone(), Mode::Live, sink)
            .map_err(|error| Box::new(Told::of_ours(&error.to_string())))?;
        let (engine, entries) = engine::engine(&world);
        let ast =
            engine::compile(&engine, &world).map_err(|error| Box::new(Told::of_parser(&error, script)))?;
        match check::tree(&ast, &entries).first() {
            Some(problem) => Err(Box::new(Told::of_problem(problem, script))),
            None => Ok(Run { world, engine, ast }),
        }
    }

    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.world))
    }

    /// Runs it to its end: what is to be done on exit is done, and every session is ended.
    pub fn go(self) -> Ran {
        let begun = Instant::now();
        let ended = self.engine.run_ast_with_scope(&mut Scope::new(), &self.ast);
        let ended = self.leave(ended);
        let sessions = std::mem::take(&mut self.world.shared().sessions);
        live::end_all(&self.world, &sessions);
        let spawned = !sessions.is_empty();
        let script = &self.world.script;
        Ran {
            script: script.name.clone(),
            end: match ended {
                Ok(code) => Ok(code),
                Err(error) => Err(Box::new(Told::of(&error, script, spawned))),
            },
            took: begun.elapsed(),
            waits: self.world.shared().waits,
            sessions: sessions.len(),
        }
    }

    /// What was asked for with `on_exit`, the last first. A failure there counts when nothing failed before.
    fn leave(&self, mut ended: Result<(), Box<EvalAltResult>>) -> Result<u8, Box<EvalAltResult>> {
        loop {
            let Some(closure) = self.world.shared().on_exit.pop() else {
                break;
            };
            let called = closure.call::<Dynamic>(&self.engine, &self.ast, ());
            ended = ended.and(match called {
                Err(error) if !is_exit(&error) => Err(error),
                _ => Ok(()),
            });
        }
        ended?;
        Ok(self.world.shared().exit_code.unwrap_or(0))
    }
}

fn is_exit(error: &EvalAltResult) -> bool {
    matches!(check::innermost(error), EvalAltResult::Exit(..))
}
