//! What is outside of the script: arguments, environment, secrets, files, standard output.

use std::sync::Arc;

use rhai::{Array, Dynamic};

use super::Outcome;
use crate::front::script::failure::{Code, Failure};
use crate::front::script::files;
use crate::front::script::reference::Registry;
use crate::front::script::settings::SecretSource;
use crate::front::script::value::Secret;
use crate::front::script::world::World;

pub fn register(r: &mut Registry<'_>) {
    r.group("Outside");
    r.engine.register_type_with_name::<Secret>("Secret");
    let world = r.world();
    r.add(
        "args -> array",
        "What stands behind `--` on the command line.",
        |e, name| {
            #[expect(
                deprecated,
                reason = "marked so because it may change in a minor version, which Cargo.toml pins"
            )]
            e.on_var(move |variable, _, _| {
                Ok((variable == name).then(|| {
                    let args: Array = world.settings.args.iter().map(|arg| arg.clone().into()).collect();
                    Dynamic::from(args)
                }))
            });
        },
    );
    environment(r);
    let world = r.world();
    r.add("print(value)", "Writes a line to standard output.", |e, _| {
        e.on_print(move |text| world.print(text));
    });
    let world = r.world();
    r.add(
        "debug(value)",
        "Writes a line to the trace (`--trace`).",
        |e, _| {
            e.on_debug(move |text, _, position| {
                world.trace_at(crate::front::script::source::Place::of(position), || {
                    text.to_owned()
                });
            });
        },
    );
    reading(r);
    writing(r);
}

fn environment(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "env(name[, default]) -> string",
        "An environment variable; without a default it must be set.",
        |e, name| {
            e.register_fn(name, move |variable: &str| -> Outcome<String> {
                Ok(env(&world, variable)?)
            });
            e.register_fn(name, |variable: &str, default: &str| {
                std::env::var(variable).unwrap_or_else(|_| default.to_owned())
            });
        },
    );
    let world = r.world();
    r.add(
        "secret(name) -> Secret",
        "A secret from `--secret NAME=@FILE`, `--secret NAME=prompt` or the environment variable NAME. `send_secret` types it; nothing shows it.",
        |e, name| {
            e.register_fn(name, move |variable: &str| -> Outcome<Secret> { Ok(secret(&world, variable)?) });
            e.register_fn("to_string", |_: &mut Secret| "(secret)");
            e.register_fn("to_debug", |_: &mut Secret| "(secret)");
        },
    );
}

fn env(world: &World, name: &str) -> Result<String, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(value),
        // Another environment may have it.
        Err(_) if world.is_dry() => Ok(String::new()),
        Err(_) => Err(Failure::new(
            Code::Failed,
            format!("the environment variable {name} is not set"),
        )
        .hint(format!("set it, or give a default: env(\"{name}\", \"…\")"))),
    }
}

fn secret(world: &World, name: &str) -> Result<Secret, Failure> {
    if world.is_dry() {
        return Ok(Secret::new("secret"));
    }
    if let Some(known) = world.shared().secrets.get(name) {
        return Ok(Secret::new(known));
    }
    let text = match world.settings.secrets.get(name) {
        Some(SecretSource::Value(text)) => text.clone(),
        Some(SecretSource::File(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::new(
                    Code::File,
                    format!("read the secret {name} from {}: {error}", path.display()),
                )
            })?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        Some(SecretSource::Prompt) => world.ask_secret(name)?,
        None => std::env::var(name).map_err(|_| {
            Failure::new(Code::Failed, format!("the secret {name} is not known")).hint(format!(
                "set the environment variable {name}, or give --secret {name}=@FILE or --secret {name}=prompt"
            ))
        })?,
    };
    world.shared().secrets.insert(name.to_owned(), text.clone());
    Ok(Secret::new(text))
}

fn reading(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "read_file(path) -> string",
        "A file's text. Needs `--allow-read`.",
        |e, name| {
            e.register_fn(name, move |file: &str| -> Outcome<String> {
                if world.is_dry() {
                    return Ok(String::new());
                }
                let path = files::readable(&world, file)?;
                let text = std::fs::read_to_string(&path);
                Ok(text
                    .map_err(|error| Failure::new(Code::File, format!("read {}: {error}", path.display())))?)
            });
        },
    );
}

fn writing(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "write_file(path, text)",
        "Replaces a file's text. Needs `--allow-write`.",
        |e, name| {
            let world = Arc::clone(&world);
            e.register_fn(name, move |file: &str, text: &str| -> Outcome<()> {
                if world.is_dry() {
                    return Ok(());
                }
                let path = files::writable(&world, file)?;
                let written = std::fs::write(&path, text);
                Ok(written.map_err(|error| {
                    Failure::new(Code::File, format!("write {}: {error}", path.display()))
                })?)
            });
        },
    );
    r.add(
        "append_file(path, text)",
        "Adds to a file. Needs `--allow-write`.",
        |e, name| {
            e.register_fn(name, move |file: &str, text: &str| -> Outcome<()> {
                use std::io::Write as _;
                if world.is_dry() {
                    return Ok(());
                }
                let path = files::writable(&world, file)?;
                let appended = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&path)
                    .and_then(|mut file| file.write_all(text.as_bytes()));
                Ok(appended.map_err(|error| {
                    Failure::new(Code::File, format!("write {}: {error}", path.display()))
                })?)
            });
        },
    );
}
