//! Functions by name, and the documents that describe them: makes a plan of a request's head.
//!
//! Made at the start, or at a reload, and never changed. `connection` asks for a [`Plan`] of each
//! head, and once more for the arguments when the plan was to read a body. `values` reads
//! arguments. Which function is meant, whether it may be called, and what its body must be is
//! decided here.
//!
//! Invariant: a name is looked up as bytes among the declared names, and nowhere else. A document
//! is looked up only if the request is no call.

mod plan;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::http::{
    Code, Document, Entry, Media, Methods, OTHER_SCHEME, Problem, Refusal, Request, Status,
    decode_unreserved,
};
use crate::values::{self, Arguments, Fault, Headers, Signature};
pub use plan::{Invocation, Plan, Reading, Serving};

const UNKNOWN_FUNCTION: Refusal = Refusal::new(
    Status::NOT_FOUND,
    "No function has this name; to call one, POST to its name.",
);
const NOT_JSON_MEDIA: Refusal = Refusal::new(
    Status::UNSUPPORTED_MEDIA_TYPE,
    "The body must be JSON, with Content-Type: application/json, as curl --json sends.",
);
const ENCODED: Refusal = Refusal::new(
    Status::UNSUPPORTED_MEDIA_TYPE,
    "The body must not be encoded: leave Content-Encoding out.",
);

/// The functions of one server.
#[derive(Debug)]
pub struct Routes {
    functions: Box<[Signature]>,
    /// The indices of the functions, by the length of their names and, within a length, in the
    /// order of the names; empty if there is one, at the root.
    by_name: Box<[Box<[u16]>]>,
    is_root: bool,
    documents: Box<[Placed]>,
}

/// A document, and its path.
#[derive(Debug)]
pub struct Placed {
    /// The path of a request, with those characters decoded that need not be encoded.
    pub path: Box<str>,
    /// The document.
    pub document: Arc<Document>,
}

impl Routes {
    /// The functions, of which there are at most as many as 16 bits can number. If one `is_root`,
    /// it is the only one.
    #[must_use]
    pub fn new(functions: Vec<Signature>, is_root: bool) -> Self {
        let count = u16::try_from(functions.len()).expect("lib/ bounds them");
        let name_of = |index: u16| functions[usize::from(index)].name();
        let mut by_name: Vec<Vec<u16>> = Vec::new();
        for index in (0..count).filter(|_| !is_root) {
            let length = name_of(index).len();
            if by_name.len() <= length {
                by_name.resize(length + 1, Vec::new());
            }
            by_name[length].push(index);
        }
        for of_length in &mut by_name {
            of_length.sort_by_key(|index| name_of(*index));
        }
        Self {
            functions: functions.into(),
            by_name: by_name.into_iter().map(Vec::into).collect(),
            is_root,
            documents: Box::default(),
        }
    }

    /// Adds documents, at paths that no function has.
    #[must_use]
    pub fn with_documents(self, documents: Vec<Placed>) -> Self {
        Self {
            documents: documents.into(),
            ..self
        }
    }

    /// How many functions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.functions.len()
    }

    /// False in practice: there is one at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// What to do about a valid request.
    ///
    /// Errors are reported in this order: 404; method, scheme and page; arguments. `connection`
    /// reports a body that is too long before the arguments.
    #[must_use]
    pub fn plan(&self, request: &Request) -> Plan {
        let found = self.find(request);
        let Some((function, path)) = found.filter(|_| request.is_admitted()) else {
            return self.plan_otherwise(*request, found.is_some());
        };
        if let Some(refusal) = request.on_expectation() {
            return Plan::refuse(refusal);
        }
        let signature = &self.functions[usize::from(function)];
        let mut headers = Headers::default();
        for (index, field) in signature.header_fields() {
            for value in request.values(field) {
                headers.add(index, value);
            }
        }
        let framing = request.head.body;
        if framing.is_empty() {
            return Plan::of(function, self.without_body(function, path, &headers));
        }
        let on_media = self.refuse_media(function, request.media());
        let on_body = on_media
            .map(Problem::from)
            .or_else(|| (!path.is_empty()).then(|| Fault::path_and_body(signature).into()));
        let on_body = on_body.map(Box::new);
        match on_body {
            // A chunked body may turn out to be empty.
            Some(problem) if framing.length().is_some() => Plan::Refuse(Some(function), problem),
            on_body => Plan::Read(Reading {
                function,
                on_body,
                path: path.into(),
                headers,
            }),
        }
    }

    /// What to do about a request that is no call, or that calls a function that does not exist or
    /// may not be called.
    #[cold]
    fn plan_otherwise(&self, request: Request, has_function: bool) -> Plan {
        if (!has_function || !request.is_call())
            && let Some(plan) = self.plan_read(&request, has_function)
        {
            return plan;
        }
        // A page whose origin is listed may read that there is no such function.
        if (has_function || !request.has_path() || request.is_preflight())
            && let Some(action) = request.admission()
        {
            return Plan::instead(action);
        }
        Plan::refuse(UNKNOWN_FUNCTION)
    }

    /// What to do about a request for a document or for the server's health; `None` if it is
    /// neither. A function at the root may be called at the same path.
    fn plan_read(&self, request: &Request, has_function: bool) -> Option<Plan> {
        if !request.has_path() {
            let is_of_other_scheme = request.is_read() && !self.documents.is_empty();
            return is_of_other_scheme.then(|| Plan::refuse(OTHER_SCHEME));
        }
        let document = self.document(request.path);
        if document.is_none() && !request.is_at_health() {
            return None;
        }
        if request.is_read() {
            // Any page may ask: pages of other sites cannot read the answer.
            return Some(match (request.on_expectation(), document) {
                (Some(refusal), _) => Plan::refuse(refusal),
                (None, None) => Plan::AskHealth,
                (None, Some(document)) => Plan::Serve(Serving {
                    document: Arc::clone(document),
                    is_known: document.is_known(request.values("if-none-match")),
                }),
            });
        }
        let methods = if has_function && self.is_root {
            Methods::ReadAndCall
        } else {
            Methods::Read
        };
        Some(Plan::instead(request.on_other_method(methods)))
    }

    fn document(&self, path: &[u8]) -> Option<&Arc<Document>> {
        let path = if path.contains(&b'%') {
            Cow::Owned(decode_unreserved(path))
        } else {
            Cow::Borrowed(path)
        };
        let mut placed = self.documents.iter();
        let found = placed.find(|placed| placed.path.as_bytes() == &*path);
        found.map(|placed| &placed.document)
    }

    /// What to do about a request whose whole body has arrived.
    #[must_use]
    pub fn plan_with_body(&self, reading: Reading, body: Cow<[u8]>) -> Plan {
        let Reading {
            function,
            on_body,
            path,
            headers,
        } = reading;
        if body.is_empty() {
            return Plan::of(function, self.without_body(function, &path, &headers));
        }
        if let Some(problem) = on_body {
            return Plan::Refuse(Some(function), problem);
        }
        let signature = &self.functions[usize::from(function)];
        let arguments = if signature.takes_raw_body() {
            values::from_bytes(signature, body.into_owned(), &headers)
        } else {
            values::from_body(signature, &body, &headers)
        };
        Plan::of(function, arguments)
    }

    fn without_body(
        &self,
        function: u16,
        path: &[u8],
        headers: &Headers,
    ) -> Result<Arguments, Fault> {
        let signature = &self.functions[usize::from(function)];
        if path.is_empty() {
            values::from_nothing(signature, headers)
        } else {
            values::from_path(signature, path, headers)
        }
    }

    fn refuse_media(&self, function: u16, media: Media) -> Option<Refusal> {
        let is_raw = self.functions[usize::from(function)].takes_raw_body();
        match media {
            Media::Encoded => Some(ENCODED),
            Media::Other if !is_raw => Some(NOT_JSON_MEDIA),
            Media::Other | Media::Json => None,
        }
    }

    /// The function that a request is for, and the rest of its path behind the name: empty, or a
    /// slash and more.
    fn find<'a>(&self, request: &Request<'a>) -> Option<(u16, &'a [u8])> {
        let path = request.path;
        if self.is_root {
            return Some((0, if path == b"/" { b"" } else { path }));
        }
        let path = path.strip_prefix(b"/")?;
        let end = path.iter().position(|byte| *byte == b'/');
        let (name, rest) = path.split_at(end.unwrap_or(path.len()));
        let function = if name.contains(&b'%') {
            self.named(&decode_unreserved(name))
        } else {
            self.named(name)
        };
        Some((function?, rest))
    }

    fn named(&self, name: &[u8]) -> Option<u16> {
        // Most often there is at most one name of this length.
        let of_length = self.by_name.get(name.len())?;
        let name_at = |index: &u16| self.functions[usize::from(*index)].name().as_bytes();
        let found = of_length.binary_search_by(|index| name_at(index).cmp(name));
        found.ok().map(|at| of_length[at])
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let entries = fault.entries.into_iter().map(|entry| Entry {
            pointer: entry.pointer,
            detail: entry.detail,
        });
        Self {
            status: Status::BAD_REQUEST,
            code: match fault.code {
                values::Code::NotJson => Code::NotJson,
                values::Code::Arguments => Code::Arguments,
            },
            detail: fault.detail,
            entries: entries.collect(),
        }
    }
}
