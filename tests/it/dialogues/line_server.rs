//! A server that is talked to in lines.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};

/// Asks for a name, then takes commands. Its thread ends with the tests.
pub struct LineServer(SocketAddr);

impl LineServer {
    pub fn start() -> LineServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up has said all it had to.
                let _ = serve(&stream);
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        LineServer(address)
    }

    /// Host and port.
    pub fn address(&self) -> [String; 2] {
        [self.0.ip().to_string(), self.0.port().to_string()]
    }
}

fn serve(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 line server ready\r\nName: ")?;
    let mut lines = BufReader::new(stream).lines();
    let name = lines.next().transpose()?.unwrap_or_default();
    write!(stream, "Hello, {}\r\n> ", name.trim())?;
    for line in lines {
        let answer = match line?.trim() {
            "quit" => return stream.write_all(b"Goodbye\r\n"),
            "time" => "18:46:18",
            _ => "what?",
        };
        write!(stream, "{answer}\r\n> ")?;
    }
    Ok(())
}
