//! Files that a script may touch: those below the directories it was allowed, and modules.

use std::path::{Path, PathBuf};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::failure::{Code, Failure};
use super::world::World;

/// The file that a script may read under this name.
///
/// # Errors
///
/// It stands outside of what was allowed, or does not exist.
pub fn readable(world: &World, name: &str) -> Result<PathBuf, Failure> {
    let path = beside(world, name);
    let real = path
        .canonicalize()
        .map_err(|error| Failure::new(Code::File, format!("read {}: {error}", path.display())))?;
    within(&real, &world.settings.allow_read, "read", "--allow-read")
}

/// The file that a script may write under this name; its directory must exist.
///
/// # Errors
///
/// It stands outside of what was allowed.
pub fn writable(world: &World, name: &str) -> Result<PathBuf, Failure> {
    let path = beside(world, name);
    let failed =
        |error: std::io::Error| Failure::new(Code::File, format!("write {}: {error}", path.display()));
    // A link is followed: what counts is where the text would go.
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(_) => {
            let folder = path
                .parent()
                .unwrap_or(Path::new("/"))
                .canonicalize()
                .map_err(failed)?;
            let file = path
                .file_name()
                .ok_or_else(|| Failure::argument(format!("`{name}` is no name of a file")))?;
            folder.join(file)
        }
    };
    within(&real, &world.settings.allow_write, "write", "--allow-write")
}

/// A name without a directory is looked for where the script stands.
fn beside(world: &World, name: &str) -> PathBuf {
    world.script.dir().join(name)
}

fn within(path: &Path, allowed: &[PathBuf], verb: &str, flag: &str) -> Result<PathBuf, Failure> {
    let fits = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| path.starts_with(folder));
    if allowed.iter().any(fits) {
        return Ok(path.to_path_buf());
    }
    let folder = path.parent().unwrap_or(path).display();
    Err(Failure::new(
        Code::Refused,
        format!("the script may not {verb} {}", path.display()),
    )
    .hint(format!("allow it with {flag} {folder}")))
}

/// `import "name" as name;` reads `name.rhai` beside the script, where reading that is allowed.
pub struct Modules(pub std::sync::Arc<World>);

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        name: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let file = match Path::new(name).extension() {
            Some(_) => name.to_owned(),
            None => format!("{name}.rhai"),
        };
        let module = |failure: Failure| Failure {
            code: Code::Module,
            ..failure
        };
        let path = readable(&self.0, &file).map_err(|failure| module(failure).at(position))?;
        let in_module = |error: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(name.to_owned(), error, position))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::new(Code::Module, format!("read {}: {error}", path.display())).at(position)
        })?;
        let mut ast = engine.compile(text).map_err(|error| in_module(error.into()))?;
        ast.set_source(path.to_string_lossy().as_ref());
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(in_module)?;
        Ok(module.into())
    }
}
