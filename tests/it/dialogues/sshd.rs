//! A login server on loopback, with keys of its own, for one user.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::User;

/// sshd wants to be started by its whole path.
const PROGRAM: &str = "/usr/sbin/sshd";
const ATTEMPTS: usize = 5;
const PASSPHRASE: &str = "a phrase of words";

pub struct Sshd {
    child: Child,
    folder: PathBuf,
    _cell: Cell,
}

impl Sshd {
    pub fn start(user: &User) -> Sshd {
        let folder = user.folder();
        key(&folder.join("host_key"), "");
        key(&folder.join("user_key"), PASSPHRASE);
        let cell = Cell::enter();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            configure(&folder, user, port);
            if let Some(child) = listening(&folder) {
                return Sshd {
                    child,
                    folder,
                    _cell: cell,
                };
            }
            // Somebody else took the port between the choice and the bind.
        }
        panic!("sshd does not listen: {}", folder.display());
    }

    /// What ssh and sftp are called with.
    pub fn client(&self) -> Vec<String> {
        self.client_with(&[])
    }

    pub fn client_with(&self, further: &[&str]) -> Vec<String> {
        let config = self.folder.join("ssh_config").display().to_string();
        let words = ["-F", &config]
            .into_iter()
            .chain(further.iter().copied())
            .chain(["box"]);
        words.map(str::to_owned).collect()
    }

    pub fn fingerprint(&self) -> String {
        let file = self.folder.join("host_key.pub");
        let output = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(file)
            .output()
            .expect("ssh-keygen");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split(' ')
            .nth(1)
            .expect("size, fingerprint, name")
            .to_owned()
    }

    pub fn passphrase(&self) -> &'static str {
        PASSPHRASE
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have ended by itself; its sessions end with their user.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder that sshd locks its unprivileged part into. A machine on which no sshd runs has none: then it is made, and the last test that
/// used it removes it.
struct Cell(File);

impl Cell {
    const PATH: &str = "/run/sshd";
    /// Tells a folder of ours from the system's, which others may read.
    const OURS: u32 = 0o711;

    fn enter() -> Cell {
        loop {
            // It may be there.
            let _ = std::fs::DirBuilder::new().mode(Cell::OURS).create(Cell::PATH);
            let Ok(folder) = File::open(Cell::PATH) else {
                continue;
            };
            let cell = Cell(folder);
            cell.lock(libc::LOCK_SH);
            // Another test process may have removed it in between.
            if std::fs::metadata(Cell::PATH).is_ok_and(|there| there.ino() == cell.about().ino()) {
                return cell;
            }
        }
    }

    fn lock(&self, how: i32) -> bool {
        // SAFETY: the descriptor is open as long as the file is.
        unsafe { libc::flock(self.0.as_raw_fd(), how) == 0 }
    }

    fn about(&self) -> std::fs::Metadata {
        self.0.metadata().expect("an open folder")
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        if self.about().mode() & 0o777 == Cell::OURS && self.lock(libc::LOCK_EX | libc::LOCK_NB) {
            let _ = std::fs::remove_dir(Cell::PATH);
        }
    }
}

fn key(file: &Path, passphrase: &str) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-C", "test", "-N", passphrase, "-f"])
        .arg(file)
        .status();
    assert!(status.expect("ssh-keygen").success(), "ssh-keygen makes a key");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn configure(folder: &Path, user: &User, port: u16) {
    let here = folder.display();
    let name = &user.name;
    let server = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {here}/host_key\nAuthorizedKeysFile {here}/user_key.pub\nPidFile none\n\
         UsePAM no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nStrictModes no\nPrintMotd no\nPrintLastLog no\n\
         Subsystem sftp internal-sftp\nAllowUsers {name}\n"
    );
    let client = format!(
        "Host box\n  HostName 127.0.0.1\n  Port {port}\n  User {name}\n  UserKnownHostsFile {here}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  \
         IdentityFile {here}/user_key\n  IdentitiesOnly yes\n  IdentityAgent none\n"
    );
    std::fs::write(folder.join("sshd_config"), server).expect("write the configuration");
    std::fs::write(folder.join("ssh_config"), client).expect("write the configuration");
}

/// `None` when it ended before it listened.
fn listening(folder: &Path) -> Option<Child> {
    let mut child = Command::new(PROGRAM)
        .args(["-D", "-e", "-f"])
        .arg(folder.join("sshd_config"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{PROGRAM}: {e} (tests/setup installs it)"));
    let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut said = Vec::new();
    while let Some(Ok(line)) = log.next() {
        if line.contains("Server listening on") {
            // What it says later must go somewhere, or it would stand still.
            std::thread::spawn(move || log.for_each(drop));
            return Some(child);
        }
        said.push(line);
    }
    let _ = child.wait();
    eprintln!("sshd: {}", said.join("\n"));
    None
}
