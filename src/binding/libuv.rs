//! The part of libuv, Node's event loop, that a loop embedded in it needs.
//!
//! Its functions, which Node exports, are looked up in the process, so that the addon also loads
//! where there is no libuv. A poll handle reports that the embedded loop's eventfd was written to,
//! and a prepare handle that Node's loop is about to wait. Neither keeps Node's loop running.
//!
//! Invariant: the handles' memory is freed when libuv has closed them, and the environment waits
//! for that.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::LazyLock;

use libloading::os::unix::Library;
use napi::{Env, Error, check_status, sys};

use crate::uring::trigger_by_edge;

/// `uv_handle_t`, of any type.
type Handle = c_void;
type OnPoll = unsafe extern "C" fn(*mut Handle, c_int, c_int);
type OnHandle = unsafe extern "C" fn(*mut Handle);

/// `UV_POLL` and `UV_PREPARE` of `uv_handle_type`, and `UV_READABLE` of `uv_poll_event`.
const POLL: c_int = 8;
const PREPARE: c_int = 9;
const READABLE: c_int = 1;

/// No type of C asks for more.
const HANDLE_ALIGN: usize = 16;

/// What an embedded loop does when Node's loop calls it.
pub(super) trait Driver {
    /// The descriptor has become readable. Returns whether there is something to do.
    fn on_readable(&self) -> bool;

    /// Node's loop is about to wait.
    fn before_wait(&self);

    /// The environment ends: close the watch, and call no JavaScript.
    fn on_env_end(&self);
}

/// Has a [`Driver`] called until it is closed.
pub(super) struct Watch(NonNull<Handles>);

/// The data of a [`Watch`] that libuv has.
struct Handles {
    poll: NonNull<Handle>,
    prepare: NonNull<Handle>,
    eventfd: Rc<File>,
    backend_fd: RawFd,
    driver: Rc<dyn Driver>,
    is_first: Cell<bool>,
    /// How many of them are open.
    open: Cell<usize>,
    cleanup: Cell<sys::napi_async_cleanup_hook_handle>,
}

/// Declares functions of libuv, by their names after `uv_`, and finds them in the process.
macro_rules! functions {
    ($($name:ident: $type:ty,)*) => {
        struct Functions {
            $($name: $type,)*
        }

        impl Functions {
            fn find() -> Option<Self> {
                let process = Library::this();
                $(
                    let name = concat!("uv_", stringify!($name));
                    // SAFETY: `get` asks for the type of what has this name, which it is since
                    // libuv 1.19.
                    let $name = *unsafe { process.get::<$type>(name) }.ok()?;
                )*
                Some(Self { $($name,)* })
            }
        }
    };
}

functions! {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    handle_get_data: unsafe extern "C" fn(*const Handle) -> *mut c_void,
    handle_set_data: unsafe extern "C" fn(*mut Handle, *mut c_void),
    backend_fd: unsafe extern "C" fn(*const sys::uv_loop_s) -> c_int,
    poll_init: unsafe extern "C" fn(*mut sys::uv_loop_s, *mut Handle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(*mut Handle, c_int, OnPoll) -> c_int,
    prepare_init: unsafe extern "C" fn(*mut sys::uv_loop_s, *mut Handle) -> c_int,
    prepare_start: unsafe extern "C" fn(*mut Handle, OnHandle) -> c_int,
    unref: OnHandle,
    close: unsafe extern "C" fn(*mut Handle, OnHandle),
}

static FUNCTIONS: LazyLock<Option<Functions>> = LazyLock::new(Functions::find);

impl Functions {
    fn get() -> napi::Result<&'static Self> {
        let missing =
            || Error::from_reason("This runtime has no libuv: ringThreads takes 1 or more here.");
        FUNCTIONS.as_ref().ok_or_else(missing)
    }

    fn layout(&self, kind: c_int) -> Layout {
        // SAFETY: it asks for one of libuv's types, and returns a constant.
        let size = unsafe { (self.handle_size)(kind) };
        Layout::from_size_align(size, HANDLE_ALIGN).expect("a handle is small")
    }

    fn allocate(&self, kind: c_int) -> NonNull<Handle> {
        let layout = self.layout(kind);
        // SAFETY: `alloc_zeroed` asks for a size above 0, which each type has.
        let memory = unsafe { alloc_zeroed(layout) };
        NonNull::new(memory.cast()).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// # Safety
    ///
    /// The handle comes from `allocate`, and neither libuv nor other code has it any more.
    unsafe fn free(&self, handle: NonNull<Handle>, kind: c_int) {
        // SAFETY: `dealloc` asks for memory of this layout that is not used, as does this.
        unsafe { dealloc(handle.as_ptr().cast(), self.layout(kind)) };
    }
}

impl Watch {
    /// Calls `driver` when `eventfd` has been written to, and whenever Node's loop is about to
    /// wait. It must be closed when the environment ends.
    pub(super) fn open(env: Env, eventfd: OwnedFd, driver: Rc<dyn Driver>) -> napi::Result<Self> {
        let uv = Functions::get()?;
        let node_loop = env.get_uv_event_loop()?;
        let poll = uv.allocate(POLL);
        // SAFETY: it asks for the thread's loop, memory of a poll handle, and an open descriptor.
        let error = unsafe { (uv.poll_init)(node_loop, poll.as_ptr(), eventfd.as_raw_fd()) };
        if error != 0 {
            // SAFETY: libuv has not taken it.
            unsafe { uv.free(poll, POLL) };
            let error = io::Error::from_raw_os_error(-error);
            return Err(Error::from_reason(format!(
                "Node's event loop does not take an eventfd: {error}"
            )));
        }
        let prepare = uv.allocate(PREPARE);
        // SAFETY: it asks for the thread's loop and memory of a prepare handle. It does not fail.
        unsafe { (uv.prepare_init)(node_loop, prepare.as_ptr()) };
        let handles = Box::new(Handles {
            poll,
            prepare,
            eventfd: Rc::new(eventfd.into()),
            // SAFETY: it asks for a loop.
            backend_fd: unsafe { (uv.backend_fd)(node_loop) },
            driver,
            is_first: Cell::new(true),
            open: Cell::new(2),
            cleanup: Cell::new(ptr::null_mut()),
        });
        let handles = NonNull::from(Box::leak(handles));
        for handle in [poll, prepare] {
            // SAFETY: both ask for a handle that is initialised.
            unsafe { (uv.handle_set_data)(handle.as_ptr(), handles.as_ptr().cast()) };
            // SAFETY: as above.
            unsafe { (uv.unref)(handle.as_ptr()) };
        }
        // SAFETY: it asks for an initialised handle, and does not fail for one that can be polled.
        unsafe { (uv.poll_start)(poll.as_ptr(), READABLE, on_poll) };
        // SAFETY: it asks for an initialised handle, and does not fail.
        unsafe { (uv.prepare_start)(prepare.as_ptr(), on_prepare) };
        let watch = Self(handles);
        let mut cleanup = ptr::null_mut();
        let data = handles.as_ptr().cast();
        // SAFETY: it asks for the thread's environment. The data stays until the hook is removed.
        let status = unsafe {
            sys::napi_add_async_cleanup_hook(env.raw(), Some(on_env_end), data, &raw mut cleanup)
        };
        if let Err(error) = check_status!(status) {
            watch.close();
            return Err(error);
        }
        watch.handles().cleanup.set(cleanup);
        Ok(watch)
    }

    /// Has Node's loop call the driver in its next turn.
    pub(super) fn notify(&self) {
        let mut eventfd = &*self.handles().eventfd;
        // It fails if the counter is full, and then the eventfd is readable.
        let _ = eventfd.write(&1_u64.to_ne_bytes());
    }

    /// Stops calling the driver, and drops it soon.
    pub(super) fn close(self) {
        let uv = Functions::get().expect("it is open");
        let handles = self.handles();
        for handle in [handles.poll, handles.prepare] {
            // SAFETY: it asks for an open handle, on its loop's thread.
            unsafe { (uv.close)(handle.as_ptr(), on_closed) };
        }
    }

    fn handles(&self) -> &Handles {
        // SAFETY: it asks for a valid pointer: `open` has made it, and it is freed after `close`.
        unsafe { self.0.as_ref() }
    }
}

impl Handles {
    /// # Safety
    ///
    /// `handle` is one of an open `Handles`, as its callbacks have it.
    unsafe fn of<'a>(handle: *mut Handle) -> &'a Self {
        let uv = Functions::get().expect("they are open");
        // SAFETY: it asks for an initialised handle.
        let data = unsafe { (uv.handle_get_data)(handle) };
        // SAFETY: it asks for a valid pointer: `open` has set it, and `on_closed` frees it last.
        unsafe { &*data.cast::<Self>() }
    }
}

unsafe extern "C" fn on_poll(handle: *mut Handle, _status: c_int, _events: c_int) {
    // SAFETY: libuv calls with the handle that was started.
    let handles = unsafe { Handles::of(handle) };
    if handles.is_first.replace(false) {
        // So the eventfd need not be read, which saves a system call each time. libuv has no option
        // for this, but does not touch a registration that it need not change. If the eventfd is
        // still level-triggered, it is read below.
        trigger_by_edge(handles.backend_fd, handles.eventfd.as_fd());
    }
    // The driver may run code that turns Node's loop itself, and so have the handles closed.
    let (driver, eventfd) = (Rc::clone(&handles.driver), Rc::clone(&handles.eventfd));
    if !driver.on_readable() {
        // It fails if there is nothing to read, since it does not wait.
        let _ = (&*eventfd).read(&mut [0; size_of::<u64>()]);
    }
}

unsafe extern "C" fn on_prepare(handle: *mut Handle) {
    // SAFETY: libuv calls with the handle that was started.
    let driver = Rc::clone(&unsafe { Handles::of(handle) }.driver);
    driver.before_wait();
}

unsafe extern "C" fn on_closed(handle: *mut Handle) {
    // SAFETY: libuv calls with the handle that was closed.
    let handles = unsafe { Handles::of(handle) };
    let open = handles.open.get() - 1;
    handles.open.set(open);
    if open > 0 {
        return;
    }
    // SAFETY: `open` has leaked it, and its last handle is closed, so nothing else has it.
    let handles = unsafe { Box::from_raw(ptr::from_ref(handles).cast_mut()) };
    let uv = Functions::get().expect("they were open");
    // SAFETY: libuv has closed it.
    unsafe { uv.free(handles.poll, POLL) };
    // SAFETY: as above.
    unsafe { uv.free(handles.prepare, PREPARE) };
    let cleanup = handles.cleanup.get();
    if !cleanup.is_null() {
        // SAFETY: it asks for a hook that is not removed.
        unsafe { sys::napi_remove_async_cleanup_hook(cleanup) };
    }
}

unsafe extern "C" fn on_env_end(_: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the hook was added with this, and is removed when it is freed.
    unsafe { &*data.cast::<Handles>() }.driver.on_env_end();
}
