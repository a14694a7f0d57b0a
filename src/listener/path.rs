//! Unix sockets: which server may bind a path, and when the file is removed.
//!
//! Invariants:
//! - A file is removed only if it is a socket on which no process listens, or the one that was
//!   bound.
//! - If several servers start on one path, one at a time examines it and binds it. So no other
//!   server can bind it in between, and a socket that is bound and does not listen yet is not taken
//!   for a stale one.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{self, Path, PathBuf};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{Address, Listeners, is_in_use};

/// Bytes of a `sockaddr_un`'s path.
const NAME_BYTES: usize = 108;

/// The pause between two tries of a path in use.
const PAUSE: Duration = Duration::from_millis(2);

/// The file of a unix socket on which a server listens. It is removed before the socket is closed:
/// until then no other server takes it for a stale one, and no other file has its inode number.
#[derive(Debug)]
pub struct BoundPath {
    file: SocketFile,
    removal: Once,
}

impl BoundPath {
    /// Removes the file, unless another one has taken its place. Does nothing the second time: a
    /// successor may have the path by then.
    pub fn remove(&self) {
        self.removal.call_once(|| self.file.remove());
    }
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A socket in the file system. Its path is absolute, as the working directory may change.
#[derive(Debug, PartialEq, Eq)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// The file that is there; an error if it is no socket.
    fn at(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        if !found.file_type().is_socket() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(Self {
            path: path.to_owned(),
            device: found.dev(),
            inode: found.ino(),
        })
    }

    /// Removes the file, unless another one has taken its place. After a failure the next start
    /// replaces it.
    fn remove(&self) {
        if Self::at(&self.path).is_ok_and(|found| found == *self) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// True: no file, but a name in the abstract namespace.
pub(super) fn is_abstract(path: &Path) -> bool {
    path.as_os_str().as_bytes().first() == Some(&0)
}

/// Binds a name in the abstract namespace and listens, with `count` descriptors of one socket.
pub(super) fn listen_abstract(path: &Path, backlog: i32, count: usize) -> io::Result<Listeners> {
    let sockets = vec![bind(path)?];
    listen_with(sockets, path, None, backlog, count)
}

/// Binds a path and listens, with `count` descriptors of one socket. It waits until `give_up_at`
/// for obstacles that may pass.
pub(super) fn listen(
    path: &Path,
    backlog: i32,
    count: usize,
    give_up_at: Instant,
) -> io::Result<Listeners> {
    let whole = path::absolute(path)?;
    let _turn = take_turn(&whole, give_up_at)?;
    let bound = match bind(path) {
        Err(error) if is_in_use(&error) && clear(path, &whole, give_up_at)? => bind(path),
        other => other,
    };
    // An error from here on drops the path, which removes the file, before the sockets.
    let sockets = vec![bound?];
    let file = BoundPath {
        file: SocketFile::at(&whole)?,
        removal: Once::new(),
    };
    listen_with(sockets, path, Some(file), backlog, count)
}

fn listen_with(
    mut sockets: Vec<Socket>,
    path: &Path,
    file: Option<BoundPath>,
    backlog: i32,
    count: usize,
) -> io::Result<Listeners> {
    sockets[0].listen(backlog)?;
    while sockets.len() < count {
        sockets.push(sockets[0].try_clone()?);
    }
    Ok(Listeners {
        sockets: sockets.into_iter().map(OwnedFd::from).collect(),
        address: Address::Path(path.to_owned()),
        path: file.map(Into::into),
    })
}

fn bind(path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&address(path)?)?;
    Ok(socket)
}

/// The one error of `unix` is a path over the 107 bytes of a `sockaddr_un` (unix(7)).
fn address(path: &Path) -> io::Result<SockAddr> {
    SockAddr::unix(path).map_err(|_| io::Error::from_raw_os_error(libc::ENAMETOOLONG))
}

/// A lock that one start on a path holds for as long as this socket lives. It is bound to an
/// abstract name, so that the kernel releases it with the process and no lock file is left. `None`
/// if such names are denied.
fn take_turn(whole: &Path, give_up_at: Instant) -> io::Result<Option<Socket>> {
    let name = turn_name(whole)?;
    loop {
        match bind(Path::new(OsStr::from_bytes(&name))) {
            Ok(socket) => return Ok(Some(socket)),
            Err(error) if !is_in_use(&error) => return Ok(None),
            Err(error) if give_up_at <= Instant::now() => return Err(error),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// The name of that lock: the device and inode of the directory, and the last bytes of the file's
/// name. It is the same for every spelling of a path, and in `lib/engines/node/socket-path.js`. It
/// is as long as a name may be, because some versions of libuv pad shorter ones.
fn turn_name(whole: &Path) -> io::Result<Vec<u8>> {
    let directory = fs::metadata(whole.parent().unwrap_or(whole))?;
    let name = whole.file_name().unwrap_or_default().as_bytes();
    let (device, inode) = (directory.dev(), directory.ino());
    let mut text = format!("\0ringcall {device} {inode} ");
    for byte in &name[name.len().saturating_sub(24)..] {
        write!(text, "{byte:02x}").map_err(io::Error::other)?;
    }
    let mut bytes = text.into_bytes();
    bytes.resize(NAME_BYTES, b'.');
    Ok(bytes)
}

/// True: the path is free now. The file has just gone, or was a stale one of a killed process and
/// is removed.
fn clear(path: &Path, whole: &Path, give_up_at: Instant) -> io::Result<bool> {
    let found = match SocketFile::at(whole) {
        Ok(found) => found,
        Err(error) => return Ok(error.kind() == io::ErrorKind::NotFound),
    };
    let is_left_behind = is_left_behind(path, give_up_at)?;
    if is_left_behind {
        found.remove();
    }
    Ok(is_left_behind)
}

/// True: no process listens there.
///
/// It connects at most once to a server that does listen, since that will serve the connection.
fn is_left_behind(path: &Path, give_up_at: Instant) -> io::Result<bool> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A blocking connect would wait for as long as the backlog is full.
    probe.set_nonblocking(true)?;
    let address = address(path)?;
    loop {
        match probe.connect(&address) {
            Ok(()) => return ends_unaccepted(&probe, give_up_at),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(true),
            // The backlog is full, perhaps that of a process that was just killed.
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < give_up_at =>
            {
                thread::sleep(PAUSE);
            }
            // A process listens, or we cannot find out.
            Err(_) => return Ok(false),
        }
    }
}

/// True: the listener was closed before it accepted the connection. After a process was killed, the
/// kernel takes its ring apart some milliseconds after the process has ended, and closes the
/// listener only then. It resets connections that waited; an accepted one sees an ordinary end.
fn ends_unaccepted(probe: &Socket, give_up_at: Instant) -> io::Result<bool> {
    let is_reset = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionReset;
    loop {
        match probe.peek(&mut [MaybeUninit::uninit()]) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < give_up_at =>
            {
                thread::sleep(PAUSE);
            }
            other => return Ok(other.is_err_and(|error| is_reset(&error))),
        }
    }
}

#[cfg(test)]
#[path = "tests/path.rs"]
mod tests;
