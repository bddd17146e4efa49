//! The hook program and the folder that it puts messages into.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::SystemTime;

use super::{Message, transcript};
use crate::engine::limits;

/// Beside the protocol's own side files, under a name that none of them is likely to have.
const FOLDER: &str = ".ptych";

/// Prints nothing and always succeeds, so that no tool fails or shows something because of it. Only `cat` and `mv` are programs; the rest
/// is the shell's own. A file whose name begins with a dot is still being written.
const SCRIPT: &str = r#"#!/bin/sh
# Hands a message of the tool to ptych: hook NAME, the message on stdin or as the last argument.
exec >/dev/null 2>&1
PATH="${PATH:+$PATH:}/usr/local/bin:/usr/bin:/bin"
umask 077
inbox=$(cd "${0%/*}/inbox" && pwd) || exit 0
name=$1
case $name in
'' | *[!a-z0-9_-]*) exit 0 ;;
esac
file="$name@$$"
if [ "$#" -gt 1 ]; then
    for message; do :; done
    printf %s "$message" >"$inbox/.$file" || exit 0
elif [ -t 0 ]; then
    : >"$inbox/.$file" || exit 0
else
    cat >"$inbox/.$file" || exit 0
fi
mv -f "$inbox/.$file" "$inbox/$file"
exit 0
"#;

/// Where the hook program of a session with this private folder is.
pub fn hook_program(folder: &Path) -> PathBuf {
    folder.join(FOLDER).join("hook")
}

#[derive(Debug)]
pub(super) struct Inbox {
    folder: PathBuf,
    doorbell: Option<Doorbell>,
    /// The last look left something.
    more: bool,
}

impl Inbox {
    pub(super) fn make(private: &Path) -> io::Result<Inbox> {
        let folder = private.join(FOLDER).join("inbox");
        fs::DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&folder)?;
        let mut script = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o700)
            .open(hook_program(private))?;
        script.write_all(SCRIPT.as_bytes())?;
        let doorbell = Doorbell::new(&folder);
        Ok(Inbox {
            folder,
            doorbell,
            more: false,
        })
    }

    /// Nothing will ring for what is there.
    pub(super) fn must_look(&self) -> bool {
        self.more || self.doorbell.is_none()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.doorbell
            .as_mut()
            .map_or(Poll::Pending, |doorbell| doorbell.poll(cx))
    }

    /// Oldest first. What is too large is thrown away, and what is too much at once waits for the next look.
    pub(super) fn take(&mut self) -> Vec<Message> {
        // One system call where nothing has rung, so that this may be asked for each time that the tool prints.
        let rung = self.doorbell.as_mut().map(Doorbell::rung);
        if rung.as_ref().is_some_and(Vec::is_empty) && !self.more {
            return Vec::new();
        }
        let mut arrived = self.arrived(&rung.unwrap_or_default());
        arrived.sort();
        let mut messages = Vec::new();
        let mut bytes_read = 0;
        self.more = false;
        for Arrived { path, .. } in arrived {
            if messages.len() >= limits::MESSAGES || bytes_read >= limits::MESSAGE_BYTES {
                self.more = true;
                break;
            }
            let read = transcript::read_from(&path, 0, limits::MESSAGE_BYTES + 1);
            // A file that cannot be removed would be read again and again; then nothing of it is told.
            if fs::remove_file(&path).is_err() {
                continue;
            }
            let channel = path.file_name().and_then(|name| name.to_str());
            let channel = channel
                .and_then(|name| name.split_once('@'))
                .map(|(name, _)| name);
            if let (Some(channel), Ok(bytes)) = (channel, read)
                && bytes.len() <= limits::MESSAGE_BYTES
            {
                bytes_read += bytes.len();
                messages.push(Message {
                    channel: channel.to_owned(),
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                });
            }
        }
        messages
    }

    fn arrived(&self, rung: &[OsString]) -> Vec<Arrived> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let whole = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        whole
            .filter_map(|entry| {
                let name = entry.file_name();
                let place = rung.iter().position(|other| *other == name);
                Some(Arrived {
                    place: place.unwrap_or(usize::MAX),
                    modified: entry.metadata().ok()?.modified().ok()?,
                    path: entry.path(),
                })
            })
            .collect()
    }
}

/// In this order: as the bell rang, and what it has not rung for by the time of its file, which counts in milliseconds.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Arrived {
    place: usize,
    modified: SystemTime,
    path: PathBuf,
}

#[cfg(target_os = "linux")]
use linux::Doorbell;
#[cfg(not(target_os = "linux"))]
use portable::Doorbell;

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::os::fd::{AsFd as _, AsRawFd, RawFd};
    use std::path::Path;
    use std::task::{Context, Poll};

    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use crate::host::pty::{OwnsFd, watch};

    /// Rings when a file was renamed into the folder.
    #[derive(Debug)]
    pub(super) struct Doorbell {
        fd: AsyncFd<Fd>,
    }

    #[derive(Debug)]
    struct Fd(Inotify);

    impl OwnsFd for Fd {}

    impl AsRawFd for Fd {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_fd().as_raw_fd()
        }
    }

    impl Doorbell {
        /// `None` when the user has no instance left.
        pub(super) fn new(folder: &Path) -> Option<Doorbell> {
            let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
            inotify.add_watch(folder, AddWatchFlags::IN_MOVED_TO).ok()?;
            let fd = watch(Fd(inotify), Interest::READABLE).ok()?;
            Some(Doorbell { fd })
        }

        /// Edge-triggered: `rung` takes everything.
        pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            match self.fd.poll_read_ready(cx) {
                Poll::Ready(Ok(mut guard)) => {
                    guard.clear_ready();
                    Poll::Ready(())
                }
                Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
            }
        }

        /// For which files it rang, in order.
        pub(super) fn rung(&mut self) -> Vec<OsString> {
            let mut names = Vec::new();
            while let Ok(events) = self.fd.get_ref().0.read_events() {
                names.extend(events.into_iter().filter_map(|event| event.name));
            }
            names
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use std::ffi::OsString;
    use std::path::Path;
    use std::task::{Context, Poll};

    /// Nothing rings here.
    #[derive(Debug)]
    pub(super) struct Doorbell {}

    impl Doorbell {
        pub(super) fn new(_folder: &Path) -> Option<Doorbell> {
            None
        }

        pub(super) fn poll(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }

        pub(super) fn rung(&mut self) -> Vec<OsString> {
            Vec::new()
        }
    }
}
