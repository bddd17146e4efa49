//! Throughput and memory of the terminal, beside `alacritty_terminal` in the same run.
//!
//! `cargo run --release --bin term [-- recording…]` prints MB/s of processor time for each kind of stream: the best of several
//! rounds, the two terminals taking turns, so that a busy machine disturbs both alike.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::Config;
use alacritty_terminal::vte::ansi::Processor;
use ptych::engine::term::{Pos, Screen, Size, TermConfig};

const ROUNDS: usize = 9;
const STREAM_BYTES: usize = 6 << 20;
const CHUNK_BYTES: usize = 4096;
const HISTORY_LINES: usize = 1000;

/// Counts live bytes, so that memory is measured and not guessed.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counters hold no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let live = LIVE.fetch_add(size, Ordering::Relaxed) + size - layout.size();
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Window;

impl Dimensions for Window {
    fn total_lines(&self) -> usize {
        24
    }
    fn screen_lines(&self) -> usize {
        24
    }
    fn columns(&self) -> usize {
        80
    }
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a local variable of the right type.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn ours(stream: &[u8]) -> Duration {
    let config = TermConfig {
        history_lines: HISTORY_LINES,
        ..TermConfig::default()
    };
    let mut screen = Screen::new(Size { cols: 80, rows: 24 }, config);
    let start = cpu();
    for chunk in stream.chunks(CHUNK_BYTES) {
        screen.handle_bytes(chunk);
        while screen.poll_event().is_some() {}
        screen.take_replies();
    }
    let spent = cpu() - start;
    std::hint::black_box(screen.cursor());
    spent
}

fn theirs(stream: &[u8]) -> Duration {
    let config = Config {
        scrolling_history: HISTORY_LINES,
        ..Config::default()
    };
    let mut term = alacritty_terminal::Term::new(config, &Window, VoidListener);
    let mut parser: Processor = Processor::new();
    let start = cpu();
    for chunk in stream.chunks(CHUNK_BYTES) {
        parser.advance(&mut term, chunk);
    }
    let spent = cpu() - start;
    std::hint::black_box(term.grid().cursor.point);
    spent
}

fn compare(name: &str, stream: &[u8]) {
    let (mut own, mut other) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        own = own.min(ours(stream));
        other = other.min(theirs(stream));
    }
    let rate = |spent: Duration| stream.len() as f64 / spent.as_secs_f64() / 1e6;
    println!(
        "{name:<26} {:>8.0} {:>11.0} {:>7.2}",
        rate(own),
        rate(other),
        rate(own) / rate(other)
    );
}

/// Numbers without a clock or a dependency (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

fn fill(mut part: impl FnMut(&mut Chance, &mut String)) -> Vec<u8> {
    let (mut chance, mut out) = (Chance(0x1234_5678_9abc_def1), String::new());
    while out.len() < STREAM_BYTES {
        part(&mut chance, &mut out);
    }
    out.into_bytes()
}

const WORDS: [&str; 12] = [
    "error",
    "let",
    "screen",
    "the",
    "a",
    "of",
    "terminal",
    "build",
    "42",
    "src/main.rs",
    "--",
    "finished",
];

fn words(chance: &mut Chance, out: &mut String, columns: usize) {
    let start = out.len();
    while out.len() - start + 12 < columns {
        out.push_str(WORDS[chance.below(12) as usize]);
        out.push(' ');
    }
}

fn streams() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "plain lines",
            fill(|chance, out| {
                let columns = chance.below(90) as usize + 10;
                words(chance, out, columns);
                out.push_str("\r\n");
            }),
        ),
        (
            "sgr, 16 colours",
            fill(|chance, out| {
                for _ in 0..8 {
                    out.push_str(&format!("\x1b[{};{}m", chance.below(2), 30 + chance.below(8)));
                    out.push_str(WORDS[chance.below(12) as usize]);
                    out.push_str("\x1b[0m ");
                }
                out.push_str("\r\n");
            }),
        ),
        (
            "sgr, random rgb",
            fill(|chance, out| {
                for _ in 0..8 {
                    let (r, g, b) = (chance.below(256), chance.below(256), chance.below(256));
                    out.push_str(&format!(
                        "\x1b[38;2;{r};{g};{b}m{} ",
                        WORDS[chance.below(12) as usize]
                    ));
                }
                out.push_str("\x1b[m\r\n");
            }),
        ),
        (
            "cursor-addressed tui",
            fill(|chance, out| {
                out.push_str(&format!(
                    "\x1b[{};{}H",
                    chance.below(24) + 1,
                    chance.below(70) + 1
                ));
                out.push_str(&format!("\x1b[{}m", 30 + chance.below(8)));
                let columns = chance.below(30) as usize + 13;
                words(chance, out, columns);
                if chance.below(4) == 0 {
                    out.push_str("\x1b[K");
                }
            }),
        ),
        (
            "erase and rewrite (inline)",
            fill(|chance, out| {
                out.push_str(&"\x1b[2K\x1b[1A".repeat(5));
                out.push_str("\x1b[G");
                for _ in 0..6 {
                    words(chance, out, 70);
                    out.push_str("\r\n");
                }
            }),
        ),
        (
            "unicode",
            fill(|chance, out| {
                for _ in 0..10 {
                    let parts = [
                        "日本語の文字",
                        "naïve café ",
                        "Привет мир ",
                        "🚀✨ ",
                        "한국어 ",
                        "👩‍💻 ",
                        "─────│",
                        "e\u{301} ",
                    ];
                    out.push_str(parts[chance.below(8) as usize]);
                }
                out.push_str("\r\n");
            }),
        ),
        (
            "cjk",
            fill(|chance, out| {
                for _ in 0..10 {
                    out.push_str(
                        ["日本語の文字", "終端模擬器", "、。「」", "中文测试"][chance.below(4) as usize],
                    );
                }
                out.push_str("\r\n");
            }),
        ),
        ("scroll region", {
            let mut stream = b"\x1b[3;20r\x1b[20;1H".to_vec();
            stream.extend(fill(|chance, out| {
                words(chance, out, 60);
                out.push_str("\r\n");
            }));
            stream
        }),
        ("line feeds only", fill(|_, out| out.push_str("\r\n\n\n"))),
    ]
}

fn memory() {
    let live = || LIVE.load(Ordering::Relaxed);
    let before = live();
    let screen = Screen::new(Size { cols: 120, rows: 40 }, TermConfig::default());
    println!(
        "idle 120x40                {:>8} bytes",
        live() - before + size_of::<Screen>()
    );
    drop(screen);

    let before = live();
    let mut screen = Screen::new(Size { cols: 120, rows: 40 }, TermConfig::default());
    for n in 0..10_100 {
        let line = format!(
            "\x1b[1;32mtest\x1b[0m module::case_{n} ... \x1b[33mok\x1b[m and some more text, to 80\r\n"
        );
        screen.handle_bytes(line.as_bytes());
    }
    println!(
        "10,000 styled lines        {:>8} bytes ({} rows)",
        live() - before,
        screen.top_row() - screen.first_row()
    );
    drop(screen);

    let before = live();
    let mut screen = Screen::new(Size { cols: 120, rows: 40 }, TermConfig::default());
    let block = "0123456789".repeat(8) + "\r\n";
    let block = block.repeat(128);
    PEAK.store(live(), Ordering::Relaxed);
    for _ in 0..(1 << 30) / block.len() {
        screen.handle_bytes(block.as_bytes());
    }
    println!(
        "1 GB flood, peak           {:>8} bytes",
        PEAK.load(Ordering::Relaxed) - before
    );
    drop(screen);

    let before = live();
    let mut screen = Screen::new(Size { cols: 120, rows: 40 }, TermConfig::default());
    PEAK.store(live(), Ordering::Relaxed);
    screen.pin(Some(0));
    for _ in 0..50_000_000 / block.len() {
        screen.handle_bytes(block.as_bytes());
    }
    let held = live() - before;
    let start = cpu();
    let end = Pos {
        row: u64::MAX - 1,
        col: 0,
    };
    let extract = screen.extract_and_release(Pos::default(), end);
    println!(
        "extract {} MB: held {held}, peak {} bytes, {:.2} x the text, {:?}, {} rows lost",
        extract.text.len() / 1_000_000,
        PEAK.load(Ordering::Relaxed) - before,
        (PEAK.load(Ordering::Relaxed) - before) as f64 / extract.text.len() as f64,
        cpu() - start,
        extract.lost_rows,
    );
}

fn main() {
    println!(
        "{:<26} {:>8} {:>11} {:>7}",
        "stream", "ptych", "alacritty", "ratio"
    );
    println!("{:<26} {:>8} {:>11}", "", "MB/s", "MB/s");
    for (name, stream) in streams() {
        compare(name, &stream);
    }
    let recordings: Vec<u8> = std::env::args()
        .skip(1)
        .flat_map(|path| std::fs::read(path).expect("a recording to read"))
        .collect();
    if !recordings.is_empty() {
        let times = STREAM_BYTES / recordings.len() + 1;
        compare("recordings", &recordings.repeat(times));
    }
    println!();
    memory();
}
