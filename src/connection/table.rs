//! The functions that requests may name, and the sink of their calls: one ring's share of a table.
//!
//! The event loop has the table that new requests meet. A request whose body is still arriving
//! keeps the table that its head has met.
//!
//! Invariant: a call goes to the sink of the table that has planned it. The sink is dropped with
//! the last user of its table, and so learns that this ring makes no more calls.

use std::fmt;
use std::sync::Arc;

use crate::bridge::CallSink;
use crate::routes::Routes;

/// The functions that requests may name, and the sink of their calls.
pub struct Table {
    /// The functions by name; none if there is a plain one.
    pub routes: Option<Arc<Routes>>,
    /// Where the calls go.
    pub sink: Box<dyn CallSink>,
}

impl Table {
    /// A table whose calls go to `sink`.
    pub fn new(routes: Option<Arc<Routes>>, sink: impl CallSink) -> Self {
        Self {
            routes,
            sink: Box::new(sink),
        }
    }

    pub(super) fn routes(&self) -> &Routes {
        self.routes.as_ref().expect("there are functions by name")
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
