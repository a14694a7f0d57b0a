//! Unix sockets: who may bind a path, and when its file goes.
//!
//! Invariants:
//! - A file is removed only while it is a socket that nobody listens on, or the one that was bound.
//! - Of the servers that start on one path at the same time, one at a time looks at it and binds
//!   it: between a look and what follows from it no other one can have bound it, and a socket that
//!   is bound and does not listen yet is not taken for one that was left behind.

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

/// Between two tries of what somebody else has.
const PAUSE: Duration = Duration::from_millis(2);

/// The file of a unix socket that a server listens on. It is to go before the socket is closed:
/// until then nobody who finds it takes it for one that was left behind, and its number is no other
/// file's.
#[derive(Debug)]
pub struct BoundPath {
    file: SocketFile,
    removal: Once,
}

impl BoundPath {
    /// Removes the file, unless another one has taken its place. Does nothing the second time: the
    /// path is a successor's by then.
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
    /// What is there; an error where it is no socket.
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

    /// Removes it, unless another file has taken its place. A failure leaves a file which the next
    /// start replaces.
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

/// Binds a path and listens, with `count` descriptors of one socket. Of what may pass it waits for
/// the end until `give_up_at`.
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
    // What fails from here on drops the path, and with it the file, before the sockets.
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

/// The turn of one start among those on the same path, for as long as the socket lives: it is bound
/// to an abstract name, so that the kernel ends it with the process and no lock file is left.
/// `None` where such names are denied.
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

/// The same for every spelling of a path, and in `lib/engines/node/socket-path.js`: the directory's
/// numbers and the name's last bytes. As long as a name may be, because some versions of libuv fill
/// shorter ones up.
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

/// True: the path is free now. What was there has just gone, or was left behind by a process that
/// was killed, and is removed.
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

/// True: nobody listens there.
///
/// One connection at most is made to somebody who does, as they will serve it.
fn is_left_behind(path: &Path, give_up_at: Instant) -> io::Result<bool> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Otherwise it would wait for as long as the backlog is full.
    probe.set_nonblocking(true)?;
    let address = address(path)?;
    loop {
        match probe.connect(&address) {
            Ok(()) => return ends_unaccepted(&probe, give_up_at),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(true),
            // The backlog is full, perhaps of a process that has just been killed.
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < give_up_at =>
            {
                thread::sleep(PAUSE);
            }
            // Somebody listens, or it is not a socket that can be asked.
            Err(_) => return Ok(false),
        }
    }
}

/// True: the listener has gone before it accepted the connection. The kernel takes the ring of a
/// killed process apart after the process has ended, and with it, some milliseconds late, the
/// listener. Then it resets who waited; whoever was accepted sees an ordinary end.
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
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    use super::*;

    /// A directory of the test's own, which is removed with it.
    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("ringcall-path-{}-{count}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn path(&self) -> PathBuf {
            self.0.join("test.sock")
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn start(path: &Path, count: usize) -> io::Result<Listeners> {
        listen(path, 8, count, Instant::now() + Duration::from_secs(5))
    }

    fn serves(listeners: &Listeners, path: &Path) -> bool {
        let client = UnixStream::connect(path).unwrap();
        let socket = socket2::SockRef::from(&listeners.sockets[0]);
        socket.set_nonblocking(true).unwrap();
        drop(client);
        socket.accept().is_ok()
    }

    #[test]
    fn of_many_starts_on_a_stale_path_at_the_same_time_one_serves_and_the_others_are_refused() {
        let directory = Directory::new();
        let path = directory.path();
        for _ in 0..100 {
            drop(UnixListener::bind(&path).unwrap());
            let barrier = Arc::new(Barrier::new(4));
            let starts: Vec<_> = (0..4)
                .map(|_| {
                    let (barrier, path) = (Arc::clone(&barrier), path.clone());
                    thread::spawn(move || {
                        barrier.wait();
                        // Whoever is late asks a listener that never accepts.
                        listen(&path, 8, 1, Instant::now() + Duration::from_millis(20))
                    })
                })
                .collect();
            let started: Vec<_> = starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect();
            let (listening, refused): (Vec<_>, Vec<_>) =
                started.into_iter().partition(Result::is_ok);
            assert_eq!(listening.len(), 1);
            assert!(
                refused
                    .iter()
                    .all(|start| is_in_use(start.as_ref().unwrap_err()))
            );
            let listeners = listening.into_iter().next().unwrap().unwrap();
            // Those who asked are in its backlog, too.
            assert!(serves(&listeners, &path));
        }
    }

    #[test]
    fn the_file_of_several_descriptors_goes_once_and_not_a_successors() {
        let directory = Directory::new();
        let path = directory.path();
        let first = start(&path, 3).unwrap();
        let file = first.path.unwrap();
        file.remove();
        let second = start(&path, 1).unwrap();
        file.remove();
        drop(file);
        assert!(serves(&second, &path));
    }

    #[test]
    fn a_file_that_has_taken_the_place_of_the_socket_stays() {
        let directory = Directory::new();
        let path = directory.path();
        let first = start(&path, 1).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        drop(first);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn whoever_waits_learns_that_the_listener_went_and_that_it_accepted() {
        let directory = Directory::new();
        let path = directory.path();
        let connect = || {
            let probe = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            probe.connect(&address(&path).unwrap()).unwrap();
            probe.set_nonblocking(true).unwrap();
            probe
        };
        let listener = UnixListener::bind(&path).unwrap();
        let (accepted, waiting) = (connect(), connect());
        let forever = Instant::now() + Duration::from_secs(60);
        drop(listener.accept().unwrap());
        assert!(!ends_unaccepted(&accepted, forever).unwrap());
        let now = Instant::now();
        assert!(!ends_unaccepted(&waiting, now).unwrap(), "it still listens");
        drop(listener);
        assert!(ends_unaccepted(&waiting, forever).unwrap());
    }

    #[test]
    fn a_full_backlog_is_somebody_who_listens() {
        let directory = Directory::new();
        let path = directory.path();
        let listener = bind(&path).unwrap();
        listener.listen(0).unwrap();
        let waiting = UnixStream::connect(&path).unwrap();
        let refused = listen(&path, 8, 1, Instant::now()).unwrap_err();
        assert!(is_in_use(&refused));
        drop(waiting);
    }
}
