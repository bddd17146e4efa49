//! Several sessions at once.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Poll;

use super::error::ExpectError;
use crate::engine::expect::{Found, Patterns, WaitOptions};
use crate::host::session::Session;

/// Until one of the patterns of one of the sessions comes: which session (its place in `waits`), and what. All look without taking; only what
/// is told counts as matched. When several are there at once, the session listed first is told. A session that ends without a match is left out
/// while others go on.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use ptych::host::{Options, Session, expect_any};
///
/// let slow = Session::spawn(["sh", "-c", "read line; echo slow"], Options::default())?;
/// let quick = Session::spawn(["sh", "-c", "echo quick; read line"], Options::default())?;
/// let waits = [(&slow, slow.patterns("slow\n")?), (&quick, quick.patterns("quick\n")?)];
/// let (which, found) = expect_any(&waits, slow.wait_options()?).await?;
/// assert_eq!((which, found.matched().as_ref()), (1, "quick\n"));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
///
/// Nothing came within the options' time, or all have ended.
///
/// # Panics
///
/// There is no session to wait for.
pub async fn expect_any(
    waits: &[(&Session, Patterns)],
    options: WaitOptions,
) -> Result<(usize, Found), ExpectError> {
    assert!(!waits.is_empty(), "expect_any without a session");
    let peek = WaitOptions {
        peek: true,
        ..options
    };
    let mut futures: Vec<_> = waits
        .iter()
        .map(|(session, patterns)| Some(Box::pin(session.wait_for(patterns.clone(), peek))))
        .collect();
    let mut failed = Vec::new();
    let (which, found) = std::future::poll_fn(|cx| {
        let mut waiting = false;
        for (which, slot) in futures.iter_mut().enumerate() {
            let Some(future) = slot else { continue };
            match Pin::as_mut(future).poll(cx) {
                Poll::Pending => waiting = true,
                Poll::Ready(Ok(found)) => return Poll::Ready(Ok((which, found))),
                Poll::Ready(Err(error)) => {
                    *slot = None;
                    failed.push((which, error));
                }
            }
        }
        if waiting {
            return Poll::Pending;
        }
        // That the time is over says more than that one of them has ended before.
        let timed_out = |(_, error): &(usize, ExpectError)| matches!(error, ExpectError::TimedOut(_));
        let told = failed.iter().position(timed_out).unwrap_or(0);
        Poll::Ready(Err(failed.swap_remove(told).1))
    })
    .await?;
    if !options.peek {
        waits[which].0.take(&found);
    }
    Ok((which, found))
}
