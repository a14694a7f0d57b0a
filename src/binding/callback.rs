//! Calls JavaScript from Node's event loop, as Node itself does.

use std::ptr;

use napi::bindgen_prelude::{FunctionRef, JsValue};
use napi::{Env, sys};

/// Calls a function, then runs the ticks and microtasks that it has queued. What it throws is an
/// uncaught exception.
pub(super) fn call(env: Env, function: &FunctionRef<(), ()>) {
    let mut scope = ptr::null_mut();
    // SAFETY: it asks for the thread's environment, in which no JavaScript runs.
    let opened = unsafe { sys::napi_open_handle_scope(env.raw(), &raw mut scope) };
    if opened != sys::Status::napi_ok {
        return;
    }
    call_in_scope(env, function);
    // SAFETY: it asks for the scope that was opened last.
    unsafe { sys::napi_close_handle_scope(env.raw(), scope) };
}

fn call_in_scope(env: Env, function: &FunctionRef<(), ()>) {
    let Ok(function) = function.borrow_back(&env) else {
        return;
    };
    let mut global = ptr::null_mut();
    // SAFETY: it asks for the thread's environment and an open scope.
    unsafe { sys::napi_get_global(env.raw(), &raw mut global) };
    // SAFETY: it asks for values of an open scope. Without an async context of its own, the call
    // has none.
    let status = unsafe {
        sys::napi_make_callback(
            env.raw(),
            ptr::null_mut(),
            global,
            function.raw(),
            0,
            ptr::null(),
            ptr::null_mut(),
        )
    };
    if status != sys::Status::napi_pending_exception {
        return;
    }
    let mut thrown = ptr::null_mut();
    // SAFETY: it asks for the thread's environment and an open scope.
    unsafe { sys::napi_get_and_clear_last_exception(env.raw(), &raw mut thrown) };
    // SAFETY: it asks for a value of an open scope.
    unsafe { sys::napi_fatal_exception(env.raw(), thrown) };
}
