//! Unit tests of sockets at a path.

use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use super::*;

/// A directory for one test, removed on drop.
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
fn of_simultaneous_starts_on_a_stale_path_one_serves_and_the_others_are_refused() {
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
                    // Later ones connect to a listener that never accepts.
                    listen(&path, 8, 1, Instant::now() + Duration::from_millis(20))
                })
            })
            .collect();
        let started: Vec<_> = starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect();
        let (listening, refused): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
        assert_eq!(listening.len(), 1);
        assert!(
            refused
                .iter()
                .all(|start| is_in_use(start.as_ref().unwrap_err()))
        );
        let listeners = listening.into_iter().next().unwrap().unwrap();
        // The backlog also holds the others' connections.
        assert!(serves(&listeners, &path));
    }
}

#[test]
fn the_file_of_several_descriptors_is_removed_once_and_a_successor_s_is_not() {
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
fn a_file_that_has_replaced_the_socket_stays() {
    let directory = Directory::new();
    let path = directory.path();
    let first = start(&path, 1).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    drop(first);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_probe_learns_whether_the_listener_has_gone_or_accepted_it() {
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
fn a_full_backlog_means_that_the_path_is_in_use() {
    let directory = Directory::new();
    let path = directory.path();
    let listener = bind(&path).unwrap();
    listener.listen(0).unwrap();
    let waiting = UnixStream::connect(&path).unwrap();
    let refused = listen(&path, 8, 1, Instant::now()).unwrap_err();
    assert!(is_in_use(&refused));
    drop(waiting);
}
