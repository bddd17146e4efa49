//! The hook program and the folder that it puts messages into.

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
        Ok(Inbox { folder, doorbell })
    }

    pub(super) fn rings(&self) -> bool {
        self.doorbell.is_some()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.doorbell
            .as_mut()
            .map_or(Poll::Pending, |doorbell| doorbell.poll(cx))
    }

    /// Oldest first; what is beyond the bounds is thrown away.
    pub(super) fn take(&mut self) -> Vec<Message> {
        let mut arrived = self.arrived();
        arrived.sort();
        arrived.truncate(limits::MESSAGES);
        let mut messages = Vec::new();
        for (_, path) in arrived {
            let read = transcript::read_from(&path, 0, limits::MESSAGE_BYTES);
            // A file that cannot be removed would be read again and again; then nothing of it is told.
            if fs::remove_file(&path).is_err() {
                continue;
            }
            let channel = path.file_name().and_then(|name| name.to_str());
            let channel = channel
                .and_then(|name| name.split_once('@'))
                .map(|(name, _)| name);
            if let (Some(channel), Ok(bytes)) = (channel, read) {
                messages.push(Message {
                    channel: channel.to_owned(),
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                });
            }
        }
        messages
    }

    fn arrived(&self) -> Vec<(SystemTime, PathBuf)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let whole = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        whole
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect()
    }
}

#[cfg(target_os = "linux")]
use linux::Doorbell;
#[cfg(not(target_os = "linux"))]
use portable::Doorbell;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::path::Path;
    use std::task::{Context, Poll};

    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// Rings when a file was renamed into the folder.
    #[derive(Debug)]
    pub(super) struct Doorbell {
        fd: AsyncFd<OwnedFd>,
    }

    impl Doorbell {
        /// `None` when the user has no instance left.
        pub(super) fn new(folder: &Path) -> Option<Doorbell> {
            let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
            inotify.add_watch(folder, AddWatchFlags::IN_MOVED_TO).ok()?;
            let fd = inotify.as_fd().try_clone_to_owned().ok()?;
            Some(Doorbell {
                fd: crate::host::pty::watch(fd, Interest::READABLE).ok()?,
            })
        }

        pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            match self.fd.poll_read_ready(cx) {
                Poll::Ready(Ok(mut guard)) => {
                    // Which file it was the folder tells better; the events only have to go.
                    let mut events = [0; 4096];
                    while nix::unistd::read(guard.get_inner(), &mut events).is_ok_and(|count| count > 0) {}
                    guard.clear_ready();
                    Poll::Ready(())
                }
                Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
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
    }
}
