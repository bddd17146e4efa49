//! The size of a terminal that is not ours to drive.

use std::os::fd::{AsRawFd as _, BorrowedFd};

use crate::engine::term::Size;

/// `None` when it is no terminal.
pub(in crate::host) fn window_size(fd: BorrowedFd<'_>) -> Option<Size> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one `winsize`, which outlives the call.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ as _, &raw mut size) };
    (result == 0).then_some(Size {
        cols: size.ws_col,
        rows: size.ws_row,
    })
}
