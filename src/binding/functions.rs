//! The table of functions, as JavaScript declares it, and the documents that describe them.

use std::sync::Arc;

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use crate::http::Document;
use crate::routes::{Placed, Routes};
use crate::values::{Argument, Signature, Type};

/// The functions of a server, in the order in which calls number them.
#[napi(object, object_to_js = false)]
pub struct NativeTable {
    /// True: there is one function, at the root.
    pub is_root: bool,
    /// At least one function.
    pub functions: Vec<NativeFunction>,
    /// Documents, at paths that no function has.
    pub documents: Vec<NativeDocument>,
}

/// A function by name, checked by `lib/functions.js`.
#[napi(object, object_to_js = false)]
pub struct NativeFunction {
    /// Its name in the path.
    pub name: String,
    /// Its arguments; absent if they are not declared.
    pub arguments: Option<Vec<NativeArgument>>,
    /// The number of required arguments if they are not declared.
    pub fewest: u32,
}

/// A declared argument.
#[napi(object, object_to_js = false)]
pub struct NativeArgument {
    /// Its name in an object.
    pub name: String,
    /// A type of `values`; `json` if a schema checks it.
    #[napi(js_name = "type")]
    pub kind: String,
    /// True: it may be left out.
    pub is_optional: bool,
    /// The header field, in lower case, if its type is `header`.
    pub field: Option<String>,
}

/// A document, made by `lib/documents.js`.
#[napi(object, object_to_js = false)]
pub struct NativeDocument {
    /// Its path.
    pub path: String,
    /// Its media type.
    pub media_type: String,
    /// Its entity tag, strong and in quotes.
    pub etag: String,
    /// Header fields besides the usual ones, checked.
    pub fields: Vec<NativeField>,
    /// Its text, which is copied.
    pub body: Uint8Array,
}

/// A header field.
#[napi(object, object_to_js = false)]
pub struct NativeField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

pub(super) fn routes(table: NativeTable) -> Routes {
    let functions = table.functions.into_iter().map(|function| {
        let name = &function.name;
        match function.arguments {
            Some(arguments) => {
                Signature::declared(name, arguments.into_iter().map(argument).collect())
            }
            None => Signature::undeclared(name, function.fewest as usize),
        }
    });
    let documents = table.documents.iter().map(placed);
    Routes::new(functions.collect(), table.is_root).with_documents(documents.collect())
}

fn placed(document: &NativeDocument) -> Placed {
    let fields = document.fields.iter();
    let fields: Vec<_> = fields.map(|field| (&*field.name, &*field.value)).collect();
    Placed {
        path: document.path.as_str().into(),
        document: Arc::new(Document::new(
            &document.media_type,
            &document.etag,
            &fields,
            (*document.body).into(),
        )),
    }
}

fn argument(argument: NativeArgument) -> Argument {
    Argument {
        name: argument.name.into(),
        kind: Type::named(&argument.kind).expect("lib/ knows the types"),
        is_optional: argument.is_optional,
        field: argument.field.map(Into::into),
    }
}
