//! One line on the terminal while a turn runs: a spinner, the elapsed time, the last line of the tool.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::terminal;

/// How often the line is painted.
pub const TICK: Duration = Duration::from_millis(120);
/// A turn that is over sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(400);
const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Paints only when standard error is a terminal; everything is a no-op otherwise.
pub struct Progress {
    enabled: bool,
    shown: bool,
    since: Instant,
    frame: usize,
    label: String,
}

impl Progress {
    /// `quiet` turns it off, for example where text streams to the same terminal.
    pub fn new(label: &str, quiet: bool) -> Progress {
        let enabled = !quiet && io::stderr().is_terminal();
        Progress {
            enabled,
            shown: false,
            since: Instant::now(),
            frame: 0,
            label: label.to_string(),
        }
    }

    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// A new turn begins: the elapsed time starts again.
    pub fn restart(&mut self) {
        self.clear();
        self.since = Instant::now();
    }

    /// Paints the line anew.
    pub fn tick(&mut self, last_line: &str) {
        let elapsed = self.since.elapsed();
        if !self.enabled || elapsed < PATIENCE {
            return;
        }
        self.frame = (self.frame + 1) % FRAMES.len();
        let columns = terminal::size().map_or(80, |size| usize::from(size.cols));
        let line = line(
            FRAMES[self.frame],
            &self.label,
            elapsed,
            last_line,
            columns.saturating_sub(1),
        );
        self.shown = true;
        put(&format!("\r\x1b[K{line}"));
    }

    /// Takes the line off the terminal, before anything else is written there.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            put("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(frame: &str, label: &str, elapsed: Duration, last_line: &str, columns: usize) -> String {
    let time = self::elapsed(elapsed);
    let plain: String = last_line.trim().chars().filter(|c| !c.is_control()).collect();
    clip(format!("{frame} {label} {time}  {plain}").trim_end(), columns)
}

/// `5s`, `1m05s`, `2h03m`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// What of `text` fits into `columns`.
pub fn clip(text: &str, columns: usize) -> String {
    let mut width = 0;
    text.graphemes(true)
        .take_while(|cluster| {
            width += cluster.width();
            width <= columns
        })
        .collect()
}

/// Writes to the terminal on standard error.
pub fn put(text: &str) {
    let mut err = io::stderr().lock();
    // A terminal that has gone shows no progress.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_and_carries_no_control_characters() {
        let long = format!("x\x1b[31m{}", "漢".repeat(100));
        let line = line("⠋", "python3", Duration::from_secs(75), &long, 40);
        assert!(line.width() <= 40, "{line:?} is too wide");
        assert!(line.starts_with("⠋ python3 1m15s  x[31m漢"), "{line:?}");
    }
}
