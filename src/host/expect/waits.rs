//! Waiting for output.

use std::time::{Duration, Instant};

use super::background::Background;
use super::error::ExpectError;
use super::options::Follow;
use super::patterns::{Compiled, IntoPatterns};
use crate::engine::expect::{Found, FoundKind, GroupId, Patterns, Precedence, Wait, WaitOptions};
use crate::host::session::{Command, GroupWanted, Session};

/// Output that nobody has matched yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    pub text: Vec<u8>,
    /// Where it ends, in bytes of the stream since the session began.
    pub end: u64,
}

impl Unmatched {
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// Line ends as a terminal without post-processing needs them.
    pub(in crate::host) fn on_a_raw_terminal(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 64);
        for &byte in &self.text {
            if byte == b'\n' && bytes.last() != Some(&b'\r') {
                bytes.push(b'\r');
            }
            bytes.push(byte);
        }
        bytes
    }
}

impl Session {
    /// Until one of the patterns comes, in what nobody has matched yet and in what follows; what stood before it and the match itself then
    /// count as matched. A future that is dropped withdraws the wait; whatever it was about to find is still there.
    ///
    /// # Errors
    ///
    /// None came within the session's time (`Follow::timeout`), the tool has closed its terminal, or a pattern cannot be compiled.
    pub async fn expect(&self, patterns: impl IntoPatterns) -> Result<Found, ExpectError> {
        let (options, patterns) = self.prepare(patterns)?;
        self.wait_for(patterns, options).await
    }

    /// # Errors
    ///
    /// As `expect`.
    pub async fn expect_with(
        &self,
        patterns: impl IntoPatterns,
        options: WaitOptions,
    ) -> Result<Found, ExpectError> {
        let (_, patterns) = self.prepare(patterns)?;
        self.wait_for(patterns, options).await
    }

    /// One wait after another for the same patterns: `next` goes on with the rest of the time (`exp_continue -continue_timer`), `fresh` gives
    /// the next one its whole time.
    ///
    /// # Errors
    ///
    /// A pattern cannot be compiled, or the session does not keep the output.
    pub fn expecting(&self, patterns: impl IntoPatterns) -> Result<Expecting<'_>, ExpectError> {
        let (options, patterns) = self.prepare(patterns)?;
        Ok(Expecting {
            session: self,
            patterns,
            options,
            began: None,
        })
    }

    /// What `expect` waits with; for `expect_with`.
    ///
    /// # Errors
    ///
    /// The session does not keep the output.
    pub fn wait_options(&self) -> Result<WaitOptions, ExpectError> {
        Ok(self.followed()?.0.wait())
    }

    /// Patterns compiled for this session, to be used again.
    ///
    /// # Errors
    ///
    /// The first that cannot be compiled.
    pub fn patterns(&self, patterns: impl IntoPatterns) -> Result<Patterns, ExpectError> {
        Ok(self.prepare(patterns)?.1)
    }

    /// Patterns that stand before those of each wait that begins from now on (`expect_before`); `Found::group` says when it was one of them.
    ///
    /// # Errors
    ///
    /// A pattern cannot be compiled, or the session does not keep the output.
    pub async fn before(&self, patterns: impl IntoPatterns) -> Result<GroupId, ExpectError> {
        self.group(patterns, GroupWanted::Before).await
    }

    /// Patterns that stand behind those of each wait that begins from now on (`expect_after`).
    ///
    /// # Errors
    ///
    /// As `before`.
    pub async fn after(&self, patterns: impl IntoPatterns) -> Result<GroupId, ExpectError> {
        self.group(patterns, GroupWanted::After).await
    }

    /// Patterns of text that are looked for in all that comes from now on, whether or not anybody waits (`expect_background`). They take
    /// nothing from the waits.
    ///
    /// # Errors
    ///
    /// As `before`.
    pub async fn background(&self, patterns: impl IntoPatterns) -> Result<Background, ExpectError> {
        let (seen_tx, seen) = tokio::sync::mpsc::channel(Background::KEPT);
        let group = self
            .group(patterns, |to| GroupWanted::Background(seen_tx, to))
            .await?;
        Ok(Background::new(group, seen))
    }

    /// Ends a group of patterns.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn forget(&self, group: GroupId) -> Result<(), ExpectError> {
        Ok(self.command(Command::Forget(group)).await?)
    }

    /// What nobody has matched yet.
    ///
    /// # Errors
    ///
    /// The session does not keep the output, or its task is gone.
    pub async fn unmatched(&self) -> Result<Unmatched, ExpectError> {
        self.followed()?;
        self.request(Command::Unmatched)
            .await?
            .ok_or(ExpectError::NotFollowed)
    }

    /// All output so far counts as matched.
    ///
    /// # Errors
    ///
    /// As `unmatched`.
    pub async fn skip(&self) -> Result<(), ExpectError> {
        self.followed()?;
        Ok(self.command(Command::Skip).await?)
    }

    /// What was found counts as matched. Nothing was, when the time alone was up.
    pub(super) fn take(&self, found: &Found) {
        if found.kind != FoundKind::Timeout {
            self.accept(found.end);
        }
    }

    async fn group<F>(&self, patterns: impl IntoPatterns, wanted: F) -> Result<GroupId, ExpectError>
    where
        F: FnOnce(tokio::sync::oneshot::Sender<GroupId>) -> GroupWanted,
    {
        let (_, patterns) = self.prepare(patterns)?;
        Ok(self.request(|to| Command::Group(patterns, wanted(to))).await?)
    }

    pub(super) fn prepare(
        &self,
        patterns: impl IntoPatterns,
    ) -> Result<(WaitOptions, Patterns), ExpectError> {
        let (follow, compiled) = self.followed()?;
        Ok((follow.wait(), patterns.into_patterns(compiled)?))
    }

    fn followed(&self) -> Result<(&Follow, &Compiled), ExpectError> {
        self.follow().ok_or(ExpectError::NotFollowed)
    }

    pub(super) async fn wait_for(
        &self,
        patterns: Patterns,
        options: WaitOptions,
    ) -> Result<Found, ExpectError> {
        let wait = Wait { patterns, options };
        let found = self.request(|reply| Command::Expect(wait, reply)).await??;
        if !options.peek {
            self.take(&found);
        }
        Ok(found)
    }
}

/// See `Session::expecting`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use ptych::host::{Options, Session, expect::Pattern};
///
/// let seq = Session::spawn(["seq", "3"], Options::default())?;
/// let mut lines = seq.expecting([Pattern::regex(r"^(\d)\n"), Pattern::eof()])?;
/// let mut sum = 0;
/// loop {
///     let found = lines.next().await?;
///     match found.index {
///         0 => sum += found.group(1).unwrap_or_default().parse::<u32>()?,
///         _ => break,
///     }
/// }
/// assert_eq!(sum, 6);
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub struct Expecting<'a> {
    session: &'a Session,
    patterns: Patterns,
    options: WaitOptions,
    /// Of the time that `next` uses up.
    began: Option<Instant>,
}

impl Expecting<'_> {
    /// From the first `next` on; `None` waits for ever.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.timeout = timeout.into();
        self
    }

    #[must_use]
    pub fn precedence(mut self, precedence: Precedence) -> Self {
        self.options.precedence = precedence;
        self
    }

    /// What is found stays unmatched.
    #[must_use]
    pub fn peek(mut self) -> Self {
        self.options.peek = true;
        self
    }

    /// The next match, within what is left of the time.
    ///
    /// # Errors
    ///
    /// As `Session::expect`.
    #[expect(clippy::disallowed_methods, reason = "what is left of the time is measured")]
    pub async fn next(&mut self) -> Result<Found, ExpectError> {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let spent = now.saturating_duration_since(began);
        let options = WaitOptions {
            timeout: self.options.timeout.map(|timeout| timeout.saturating_sub(spent)),
            ..self.options
        };
        self.session.wait_for(self.patterns.clone(), options).await
    }

    /// The next wait has its whole time again (`exp_continue`).
    pub fn fresh(&mut self) -> &mut Self {
        self.began = None;
        self
    }
}
