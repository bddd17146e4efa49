//! `ptych protocol new`: a commented protocol file from flags, a recording, and on a terminal from answers.

use std::io::Write;
use std::path::PathBuf;

use crate::engine::protocol;
use crate::front::cli::args::ProtocolNew;
use crate::front::cli::draft::Draft;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::guess::{self, Candidate};
use crate::front::cli::{catalogue, output, replay, terminal};

pub fn run(args: ProtocolNew) -> anyhow::Result<Exit> {
    check_name(&args.name)?;
    let place = place(&args)?;
    let draft = draft(&args)?;
    let text = draft.to_toml();
    if let Err(problems) = protocol::parse_named(&format!("{}.toml", draft.name), &text) {
        return Err(Failure::new(
            Exit::Usage,
            "protocol_invalid",
            format!("what was given makes no protocol\n{problems}"),
        )
        .into());
    }
    match place {
        None => output::text(&text)?,
        Some(path) => {
            write(&path, &text, args.overwrite)?;
            output::text(&path.display().to_string())?;
            output::note(&format!(
                "try it: ptych ask {} 'a prompt'",
                typed_target(&args, &path)
            ));
        }
    }
    Ok(Exit::Done)
}

fn check_name(name: &str) -> Result<(), Failure> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(good) {
        return Ok(());
    }
    Err(Failure::usage(format!("`{name}` is no name for a protocol"))
        .hint("a name starts with a lower-case letter and has lower-case letters, digits, - and _"))
}

/// Where the file goes; `None` is standard output. Looked at before anything is asked.
fn place(args: &ProtocolNew) -> Result<Option<PathBuf>, Failure> {
    let path = match &args.output {
        Some(path) if path.as_os_str() == "-" => return Ok(None),
        Some(path) => path.clone(),
        None => catalogue::own_dir()
            .ok_or_else(|| {
                Failure::usage("there is no home directory").hint("say where the file goes with --output")
            })?
            .join(format!("{}.toml", args.name)),
    };
    match path.exists() && !args.overwrite {
        true => Err(exists(&path)),
        false => Ok(Some(path)),
    }
}

fn exists(path: &std::path::Path) -> Failure {
    Failure::new(Exit::Usage, "exists", format!("{} exists", path.display()))
        .hint("replace it with --overwrite")
}

fn write(path: &std::path::Path, text: &str, overwrite: bool) -> anyhow::Result<()> {
    use anyhow::Context;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .create_new(!overwrite);
    let mut file = options
        .open(path)
        .with_context(|| format!("write {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("write {}", path.display()))
}

/// What to type to use it: by name where names are looked for.
fn typed_target(args: &ProtocolNew, path: &std::path::Path) -> String {
    match (&args.output, path.is_absolute()) {
        (None, _) => args.name.clone(),
        (Some(_), true) => path.display().to_string(),
        (Some(_), false) => format!("./{}", path.display()),
    }
}

fn draft(args: &ProtocolNew) -> anyhow::Result<Draft> {
    let seen = args.from.as_deref().map(replay::cursor_lines).transpose()?;
    let candidates = seen
        .as_ref()
        .map(|seen| guess::prompts(&seen.lines))
        .unwrap_or_default();
    let recorded = seen.map(|seen| seen.command).unwrap_or_default();
    let asking = !args.yes && terminal::can_ask();
    let mut draft = Draft {
        name: args.name.clone(),
        command: [&args.command, &recorded]
            .into_iter()
            .find(|c| !c.is_empty())
            .cloned()
            .unwrap_or_default(),
        continuation: args.continuation.clone(),
        exit: args.exit.clone(),
        ..Draft::default()
    };
    if draft.command.is_empty() {
        draft.command = words(&ask(asking, "Command that starts the tool", &args.name)?);
    }
    (draft.prompt, draft.origin) = prompt(args, asking, &candidates)?;
    if asking && args.from.is_none() {
        interview(&mut draft)?;
    }
    draft.title = args.title.clone().unwrap_or_else(|| draft.command.join(" "));
    Ok(draft)
}

/// The prompt's regex, and where it comes from.
fn prompt(
    args: &ProtocolNew,
    asking: bool,
    candidates: &[Candidate],
) -> Result<(String, Option<String>), Failure> {
    if let Some(prompt) = &args.prompt {
        return Ok((prompt.clone(), None));
    }
    if let Some(best) = candidates.first() {
        let seen = format!(
            "Seen {} times left of what was typed, for example: {:?}",
            best.count, best.example
        );
        return Ok((best.pattern.clone(), Some(seen)));
    }
    if args.from.is_some() {
        return Err(Failure::new(
            Exit::Failed,
            "no_prompt",
            "nothing was typed behind a prompt in this recording",
        )
        .hint("record a session in which you type a few lines, or give the prompt with --prompt"));
    }
    if !asking {
        return Err(Failure::usage("the prompt is not known")
            .hint("give it with --prompt REGEX, or --from a recording; on a terminal you are asked"));
    }
    let shown = ask(
        true,
        "What the tool shows left of the cursor when it is ready, for example `db> `",
        "> ",
    )?;
    Ok((guess::generalised(&shown), None))
}

/// What only a person knows.
fn interview(draft: &mut Draft) -> Result<(), Failure> {
    if draft.continuation.is_none() {
        let shown = ask(
            true,
            "What it shows when a line is unfinished (empty: nothing)",
            "",
        )?;
        draft.continuation = (!shown.is_empty()).then(|| format!("^{}", guess::generalised(&shown)));
    }
    if draft.exit.is_none() {
        let typed = ask(true, "What is typed to leave it (empty: it is hung up)", "")?;
        draft.exit = (!typed.is_empty()).then_some(typed);
    }
    Ok(())
}

/// Asks on standard error; `default` for an empty answer, and without asking.
fn ask(asking: bool, question: &str, default: &str) -> Result<String, Failure> {
    if !asking {
        return Ok(default.to_string());
    }
    let shown = if default.is_empty() {
        String::new()
    } else {
        format!(" [{default}]")
    };
    let mut err = std::io::stderr().lock();
    let asked = write!(err, "{question}{shown}: ").and_then(|()| err.flush());
    let mut line = String::new();
    let read = asked.and_then(|()| std::io::stdin().read_line(&mut line));
    match read {
        Ok(0) | Err(_) => Err(Failure::usage(
            "the questions were not answered; nothing was written",
        )),
        Ok(_) => {
            let line = line.trim_end_matches(['\r', '\n']);
            Ok(if line.is_empty() {
                default.to_string()
            } else {
                line.to_string()
            })
        }
    }
}

fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_string).collect()
}
