//! What is to be done about one request.

use std::sync::Arc;

use crate::http::{Action, Document, Methods, Problem, Refusal};
use crate::values::{Arguments, Fault, Headers};

/// What is to be done about one request.
#[derive(Debug)]
pub enum Plan {
    /// Call a function.
    Run(Invocation),
    /// Keep the body, and ask again when it has arrived.
    Read(Reading),
    /// Refuse it; with the function it is for, if that is known.
    Refuse(Option<u16>, Box<Problem>),
    /// Answer with a document.
    Serve(Serving),
    /// Ask for the server's health.
    AskHealth,
    /// Answer a CORS preflight: a page may send a request with one of these methods.
    Preflight(Methods),
}

/// A call that is ready to be made.
#[derive(Debug)]
pub struct Invocation {
    /// The index of the function.
    pub function: u16,
    /// Its arguments.
    pub arguments: Arguments,
}

/// A document that is to be sent.
#[derive(Debug)]
pub struct Serving {
    /// The document that is asked for.
    pub document: Arc<Document>,
    /// True: the client has it already, and gets a 304.
    pub is_known: bool,
}

/// A request whose body is wanted.
#[derive(Debug)]
pub struct Reading {
    pub(super) function: u16,
    /// What is wrong with the request unless its body is empty.
    pub(super) on_body: Option<Box<Problem>>,
    /// The rest of its path behind the name.
    pub(super) path: Box<[u8]>,
    pub(super) headers: Headers,
}

impl Plan {
    pub(super) fn refuse(refusal: Refusal) -> Self {
        Self::Refuse(None, Box::new(refusal.into()))
    }

    /// What to do instead of a call.
    pub(super) fn instead(action: Action) -> Self {
        match action {
            Action::Refuse(refusal) => Self::refuse(refusal),
            Action::Preflight(methods) => Self::Preflight(methods),
            Action::AskHealth => Self::AskHealth,
            Action::Call(_) => unreachable!("a plain function's"),
        }
    }

    pub(super) fn of(function: u16, arguments: Result<Arguments, Fault>) -> Self {
        match arguments {
            Ok(arguments) => Self::Run(Invocation {
                function,
                arguments,
            }),
            Err(fault) => Self::Refuse(Some(function), Box::new(fault.into())),
        }
    }
}

impl Reading {
    /// False: it matters only whether there is a body.
    #[must_use]
    pub fn keeps_body(&self) -> bool {
        self.on_body.is_none()
    }
}
