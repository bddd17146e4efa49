//! `ptych doctor`: which tools are installed and proven here, and what the platform lacks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::engine::protocol::Spec;
use crate::front::cli::args;
use crate::front::cli::catalogue;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::{output, programs, resolve};

/// Tools asked for their version at the same time.
const AT_ONCE: usize = 8;

#[derive(Serialize)]
struct Report {
    ptych: &'static str,
    tools: Vec<Tool>,
    platform: Vec<Check>,
}

#[derive(Clone, Serialize)]
struct Tool {
    name: String,
    title: String,
    installed: bool,
    program: Option<PathBuf>,
    version: Option<String>,
    /// `tested`, `untested` (another version was), `unproven` (no version was), `unknown` (it does not tell), `missing`, `invalid`.
    status: &'static str,
    tested: Vec<String>,
    /// Why nobody has proven the protocol on the tool.
    unproven: Option<String>,
    /// Programs looked for.
    looked_for: Vec<String>,
    /// Why the protocol file cannot be used.
    problem: Option<String>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// What is there, or what is lost without it.
    detail: String,
}

pub fn run(args: args::Doctor) -> anyhow::Result<Exit> {
    let specs = wanted(&args.tools)?;
    let report = Report {
        ptych: env!("CARGO_PKG_VERSION"),
        tools: look(&specs, args.timeout),
        platform: platform(),
    };
    match args.json {
        true => output::json_document(&report)?,
        false => output::text(&human(&report))?,
    }
    let missing = !args.tools.is_empty() && report.tools.iter().any(|tool| !tool.installed);
    Ok(if missing { Exit::ToolNotFound } else { Exit::Done })
}

type Understood = (String, Result<Spec, Failure>);

fn wanted(names: &[String]) -> Result<Vec<Understood>, Failure> {
    if names.is_empty() {
        let all = catalogue::all();
        return Ok(all
            .into_iter()
            .map(|entry| (entry.name.clone(), catalogue::understand(&entry)))
            .collect());
    }
    names
        .iter()
        .map(|name| Ok((name.clone(), Ok(catalogue::target(name)?))))
        .collect()
}

fn look(specs: &[Understood], timeout: Duration) -> Vec<Tool> {
    let mut tools = Vec::with_capacity(specs.len());
    for some in specs.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let looks: Vec<_> = some
                .iter()
                .map(|spec| scope.spawn(move || tool(spec, timeout)))
                .collect();
            tools.extend(looks.into_iter().filter_map(|look| look.join().ok()));
        });
    }
    tools
}

fn tool((name, spec): &Understood, timeout: Duration) -> Tool {
    let mut tool = Tool {
        name: name.clone(),
        title: String::new(),
        installed: false,
        program: None,
        version: None,
        status: "missing",
        tested: Vec::new(),
        unproven: None,
        looked_for: Vec::new(),
        problem: None,
    };
    let spec = match spec {
        Ok(spec) => spec,
        Err(failure) => {
            let problem = failure.message.clone();
            return Tool {
                status: "invalid",
                problem: Some(problem),
                ..tool
            };
        }
    };
    tool.name.clone_from(&spec.name);
    tool.title.clone_from(&spec.title);
    tool.tested.clone_from(&spec.tested);
    tool.unproven.clone_from(&spec.unproven);
    tool.looked_for.clone_from(&spec.spawn.programs);
    if let Some(program) = programs::installed(spec) {
        tool.installed = true;
        tool.version = spec
            .tool_version
            .as_ref()
            .and_then(|ask| programs::version(ask, &program, timeout));
        tool.status = match spec.unproven {
            Some(_) => "unproven",
            None => status(&spec.tested, tool.version.as_deref()),
        };
        tool.program = Some(program);
    }
    tool
}

fn status(tested: &[String], version: Option<&str>) -> &'static str {
    match version {
        _ if tested.is_empty() => "unproven",
        None => "unknown",
        Some(version) if tested.iter().any(|tested| programs::covers(tested, version)) => "tested",
        Some(_) => "untested",
    }
}

fn platform() -> Vec<Check> {
    vec![pseudo_terminals(), waiting(), locale(), config(), data()]
}

fn pseudo_terminals() -> Check {
    let read = |name: &str| -> Option<u64> {
        std::fs::read_to_string(format!("/proc/sys/kernel/pty/{name}"))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let opened = nix::pty::openpty(None, None);
    let detail = match (&opened, read("nr"), read("max")) {
        (Err(error), _, _) => format!("none can be opened: {error}; no tool can be started"),
        (Ok(_), Some(used), Some(max)) => format!("{used} of {max} in use"),
        (Ok(_), _, _) => "can be opened".into(),
    };
    Check {
        name: "pseudo-terminals",
        ok: opened.is_ok(),
        detail,
    }
}

fn waiting() -> Check {
    let ok = Path::new("/proc/self/syscall").exists() && std::fs::read("/proc/self/syscall").is_ok();
    let detail = match ok {
        true => "/proc/PID/syscall tells whether a tool waits for input".into(),
        false => "not known here whether a tool waits for input: a prompt that a tool prints itself is told apart less surely".into(),
    };
    Check {
        name: "waiting",
        ok,
        detail,
    }
}

fn locale() -> Check {
    let value = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let utf8 = value
        .as_ref()
        .is_some_and(|value| value.to_lowercase().replace('-', "").contains("utf8"));
    let detail = match (&value, utf8) {
        (Some(value), true) => value.clone(),
        (Some(value), false) => {
            format!("{value} is not UTF-8: tools may print ? for other letters; set LC_ALL=C.UTF-8")
        }
        (None, _) => "none is set: tools may print ? for other letters; set LC_ALL=C.UTF-8".into(),
    };
    Check {
        name: "locale",
        ok: utf8,
        detail,
    }
}

fn config() -> Check {
    directory(
        "your protocols",
        resolve::config_dir().map(|dir| dir.join("protocols")),
        "no protocols of your own are read",
    )
}

fn data() -> Check {
    directory(
        "chat history",
        resolve::data_dir().map(|dir| dir.join("history")),
        "nothing that is typed in a chat is remembered",
    )
}

fn directory(name: &'static str, path: Option<PathBuf>, otherwise: &str) -> Check {
    match path {
        Some(path) => Check {
            name,
            ok: true,
            detail: path.display().to_string(),
        },
        None => Check {
            name,
            ok: false,
            detail: format!("there is no home directory: {otherwise}"),
        },
    }
}

fn human(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report.tools.iter().map(row).collect();
    let mut text = format!("ptych {}\n\n", report.ptych);
    text.push_str(&output::table(&["TOOL", "STATUS", "VERSION", "PROGRAM"], &rows));
    text.push('\n');
    for check in &report.platform {
        let mark = if check.ok { "ok     " } else { "lacking" };
        text.push_str(&format!("{mark}  {}: {}\n", check.name, check.detail));
    }
    text
}

fn row(tool: &Tool) -> Vec<String> {
    let place = match (&tool.program, &tool.problem) {
        (Some(program), _) => program.display().to_string(),
        (None, Some(problem)) => problem.lines().next().unwrap_or_default().to_string(),
        (None, None) => format!("looked for {}", tool.looked_for.join(", ")),
    };
    let status = match (tool.status, &tool.unproven) {
        ("untested", _) => format!("untested (tested: {})", tool.tested.join(", ")),
        ("unproven", Some(why)) => format!("unproven ({why})"),
        (other, Some(why)) => format!("{other}, unproven ({why})"),
        (other, None) => other.to_string(),
    };
    vec![
        tool.name.clone(),
        status,
        tool.version.clone().unwrap_or_else(|| "-".into()),
        place,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_was_proven() {
        let tested = ["3.11".to_string()];
        assert_eq!(status(&tested, Some("3.11.2")), "tested");
        assert_eq!(status(&tested, Some("3.13.0")), "untested");
        assert_eq!(status(&tested, None), "unknown");
        assert_eq!(status(&[], Some("1")), "unproven");
    }
}
