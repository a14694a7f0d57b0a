//! A thread that takes calls, as a class for JavaScript: its seat among the [`Seats`].
//!
//! `lib/calls/batches.js` is its only caller, on that thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{ArrayBuffer, Either, Function, Uint8ArraySlice};
use napi::{CleanupEnvHook, Env, Error, JsString};
use napi_derive::napi;

use super::arrays::Arrays;
use super::embedding::Embedding;
use super::generations;
use super::wake::Dispatch;
use crate::bridge::Outcome;
use crate::seats::memory::CLAIMS_MAX;
use crate::seats::{Seats, Wake, results};

/// A worker takes seat number `seat` of the table that has this number. `dispatch` is called when
/// calls wait. `null`: there is no such table any more, or another thread has the seat.
#[napi]
pub fn take_seat(
    env: Env,
    table: u32,
    seat: u32,
    arrays: Arrays,
    dispatch: Function<'_, (), ()>,
) -> napi::Result<Option<NativeSeat>> {
    if arrays.ids.len() > CLAIMS_MAX || arrays.result_ids.len() > CLAIMS_MAX {
        return Err(Error::from_reason(
            "the arrays are longer than claims count",
        ));
    }
    let Some(seats) = generations::find(table) else {
        return Ok(None);
    };
    let woken_by = WokenBy::Dispatch(Dispatch::new(&dispatch)?);
    Ok(NativeSeat::take(env, seats, seat as usize, arrays, woken_by).ok())
}

/// The seat of this thread among those that take calls.
#[napi]
pub struct NativeSeat {
    seated: Rc<Seated>,
    seats: Arc<Seats>,
    seat: usize,
    /// What drives the server's event loop, if this thread does.
    embedding: Option<Rc<Embedding>>,
    /// Their memory is used until the seat is left.
    _arrays: Arrays,
    cleanup: RefCell<Option<CleanupEnvHook<Rc<Seated>>>>,
}

/// What has a thread ask for calls that wait.
pub(super) enum WokenBy {
    /// Other threads, through this.
    Dispatch(Arc<Dispatch>),
    /// The server's event loop, which this thread drives itself.
    Embedding(Rc<Embedding>),
}

impl WokenBy {
    fn wake(&self) -> Arc<dyn Wake> {
        match self {
            Self::Dispatch(dispatch) => Arc::<Dispatch>::clone(dispatch),
            Self::Embedding(embedding) => embedding.wake(),
        }
    }

    /// Stops the wake-ups.
    fn end(self) {
        match self {
            Self::Dispatch(dispatch) => dispatch.end(),
            Self::Embedding(embedding) => embedding.dispatch_no_more(),
        }
    }
}

/// The seat that the clean-up hook leaves.
struct Seated {
    seats: Arc<Seats>,
    seat: usize,
    /// It is taken out when the seat is left, since napi never frees the data of a removed hook.
    woken_by: Cell<Option<WokenBy>>,
}

impl Seated {
    /// The thread ends. The calls of a worker go on without it. If it is the thread that has
    /// started the server, its connections end, and their calls must not be answered otherwise
    /// before.
    fn on_env_end(&self) {
        if self.seats.are_workers() {
            self.leave();
        } else {
            self.end_waking();
        }
    }

    fn end_waking(&self) {
        if let Some(woken_by) = self.woken_by.take() {
            woken_by.end();
        }
    }

    fn leave(&self) {
        self.end_waking();
        self.seats.leave_seat(self.seat);
    }
}

impl NativeSeat {
    pub(super) fn take(
        env: Env,
        seats: Arc<Seats>,
        seat: usize,
        arrays: Arrays,
        woken_by: WokenBy,
    ) -> napi::Result<Self> {
        let wake = woken_by.wake();
        let embedding = match &woken_by {
            WokenBy::Dispatch(_) => None,
            WokenBy::Embedding(embedding) => Some(Rc::clone(embedding)),
        };
        let seated = Rc::new(Seated {
            seats: Arc::clone(&seats),
            seat,
            woken_by: Cell::new(Some(woken_by)),
        });
        if !seats.take_seat(seat, arrays.memory(), wake) {
            return Err(Error::from_reason("the seat is taken, or there is none"));
        }
        let hook = env.add_env_cleanup_hook(Rc::clone(&seated), |seated| seated.on_env_end());
        let cleanup = hook.inspect_err(|_| seated.leave())?;
        Ok(Self {
            seated,
            seats,
            seat,
            embedding,
            _arrays: arrays,
            cleanup: RefCell::new(Some(cleanup)),
        })
    }
}

#[napi]
impl NativeSeat {
    /// The function by which JavaScript fetches batches: `nextBatch(results, begun)` posts the
    /// first `results` results, takes the calls of the last batch back from number `begun` on, and
    /// puts the next batch into the arrays. It returns the batch's length: 0 if none waits
    /// (`dispatch` is called when one does), -1 if none will come any more.
    ///
    /// A function, since a method would cost 3,000 instructions more (napi 3.16), to look up its
    /// object.
    #[napi]
    pub fn next_batch<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<Function<'env, (u32, u32), i32>> {
        let (seats, seat) = (Arc::clone(&self.seats), self.seat);
        let embedding = self.embedding.clone();
        env.create_function_from_closure("nextBatch", move |call| {
            let (results, begun) = (call.get(0)?, call.get(1)?);
            Ok(match &embedding {
                None => seats.next_batch(seat, results, begun),
                Some(embedding) => embedding.keep_awake(|| {
                    seats.next_batch_around(seat, results, begun, |calls_wait| {
                        embedding.drive(calls_wait);
                    })
                }),
            })
        })
    }

    /// How many of its calls have no result yet.
    #[napi]
    pub fn in_hand(&self) -> u32 {
        u32::try_from(self.seats.in_hand(self.seat)).unwrap_or(u32::MAX)
    }

    /// Posts the first `results` results.
    #[napi]
    pub fn post(&self, results: u32) {
        let post = || self.seats.post(self.seat, results);
        match &self.embedding {
            None => post(),
            Some(embedding) => embedding.keep_awake(post),
        }
    }

    /// Gives up the calls that JavaScript has had for longer than `handlerTimeout`. Returns in how
    /// many milliseconds the next one's time is over; negative if JavaScript has none.
    #[napi]
    pub fn expire(&self) -> f64 {
        self.seats.expire(self.seat)
    }

    /// The batch's arguments that are neither cells nor buffers: a JSON array.
    #[napi]
    pub fn text<'env>(&self, env: &'env Env) -> napi::Result<JsString<'env>> {
        let text = self.seats.text(self.seat, |text| {
            if text.is_ascii() {
                env.create_string_latin1(text)
            } else {
                env.create_string(String::from_utf8_lossy(text))
            }
        });
        text.unwrap_or_else(|| env.create_string_latin1([]))
    }

    /// The buffers among the batch's arguments, in their order.
    #[napi]
    pub fn buffers<'env>(&self, env: &'env Env) -> napi::Result<Vec<ArrayBuffer<'env>>> {
        let buffers = self.seats.buffers(self.seat, |buffers| {
            buffers
                .map(|bytes| ArrayBuffer::copy_from(env, bytes))
                .collect()
        });
        buffers.unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Whether a client waits for the answer to call `id`. None does once its time is over.
    #[napi]
    pub fn is_awaited(&self, id: f64) -> bool {
        self.seats.is_awaited(self.seat, id)
    }

    /// The result of call `id`: a text of this kind for which the typed arrays have no room. Only
    /// an error has a status. Like the one below, it goes with the next results posted.
    #[napi]
    pub fn reply_text(&self, id: f64, kind: u8, text: String, status: u16) {
        self.reply(id, results::text(kind, text, status));
    }

    /// The result of call `id`: a status from 200 to 599, whole header lines in ASCII, each with
    /// its line end before it, and a body.
    #[napi]
    pub fn reply_response(
        &self,
        id: f64,
        status: u16,
        fields: String,
        body: Either<String, Uint8ArraySlice<'_>>,
    ) {
        let body = match body {
            Either::A(text) => text.into_bytes(),
            Either::B(bytes) => bytes.to_vec(),
        };
        self.reply(id, results::response(status, fields.into_bytes(), body));
    }

    fn reply(&self, id: f64, outcome: Outcome) {
        self.seats.reply(self.seat, id, outcome);
    }

    /// Leaves the seat: calls that have not begun go to others, and those without a result are
    /// lost.
    #[napi]
    pub fn leave(&self, env: Env) -> napi::Result<()> {
        self.seated.leave();
        match self.cleanup.borrow_mut().take() {
            Some(cleanup) => env.remove_env_cleanup_hook(cleanup),
            None => Ok(()),
        }
    }
}

impl Drop for NativeSeat {
    fn drop(&mut self) {
        self.seated.leave();
    }
}
