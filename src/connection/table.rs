//! The functions that requests may name, and who takes their calls: one ring's share of a table.
//!
//! The event loop has the table that new requests meet; a request whose body is still arriving
//! keeps the one that its head has met.
//!
//! Invariant: a call goes to the service of the table that has planned it. The service is dropped
//! with the last of those, so it knows that this ring calls no more.

use std::fmt;
use std::sync::Arc;

use crate::bridge::Service;
use crate::routes::Routes;

/// The functions that requests may name, and who takes their calls.
pub struct Table {
    /// The functions by name; nothing where there is a plain one.
    pub routes: Option<Arc<Routes>>,
    /// Who takes the calls.
    pub service: Box<dyn Service>,
}

impl Table {
    /// A table whose calls `service` takes.
    pub fn new(routes: Option<Arc<Routes>>, service: impl Service) -> Self {
        Self {
            routes,
            service: Box::new(service),
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
