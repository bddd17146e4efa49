//! The language as a run has it: Rhai, limited, with our functions.

use std::sync::Arc;

use rhai::packages::{Package as _, StandardPackage};
use rhai::{AST, Engine, OptimizationLevel, ParseError, Scope};

use super::files::Modules;
use super::functions;
use super::reference::Entry;
use super::syntax;
use super::world::World;

/// Calls within calls.
const CALL_LEVELS: usize = 64;
/// Expressions within expressions, at the top and in functions.
const EXPRESSION_LEVELS: usize = 128;
/// Bytes of one text: what a session keeps unmatched fits.
const STRING_BYTES: usize = 128 << 20;
/// Values of one array, those of its arrays counted.
const ARRAY_ITEMS: usize = 1_000_000;
/// Fields of one map, those of its maps counted.
const MAP_FIELDS: usize = 100_000;
const VARIABLES: usize = 10_000;
const FUNCTIONS: usize = 1_000;
const MODULES: usize = 100;

/// An engine for one run, and the table of what is in it.
pub fn engine(world: &Arc<World>) -> (Engine, Vec<Entry>) {
    let mut engine = Engine::new_raw();
    engine.register_global_module(StandardPackage::new().as_shared_module());
    engine.set_module_resolver(Modules(Arc::clone(world)));
    let entries = functions::register(&mut engine, world);
    syntax::register(&mut engine, world);
    limit(&mut engine);
    // Text that becomes code would be out of sight of `script check`.
    engine.disable_symbol("eval");
    engine.set_strict_variables(true);
    // What is told of a script has the places of the script as it was written.
    engine.set_optimization_level(OptimizationLevel::None);
    let asked = Arc::clone(world);
    engine.on_progress(move |_| asked.must_end());
    (engine, entries)
}

fn limit(engine: &mut Engine) {
    engine
        .set_max_call_levels(CALL_LEVELS)
        .set_max_expr_depths(EXPRESSION_LEVELS, EXPRESSION_LEVELS)
        .set_max_string_size(STRING_BYTES)
        .set_max_array_size(ARRAY_ITEMS)
        .set_max_map_size(MAP_FIELDS)
        .set_max_variables(VARIABLES)
        .set_max_functions(FUNCTIONS)
        .set_max_modules(MODULES);
}

/// Parses a script; every variable must have been declared where it is used.
pub fn compile(engine: &Engine, world: &World) -> Result<AST, ParseError> {
    let mut outside = Scope::new();
    outside.push_constant("args", rhai::Array::new());
    engine.compile_with_scope(&outside, &world.script.text)
}
