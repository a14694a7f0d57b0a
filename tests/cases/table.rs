//! Reads the table of cases: `__test__/cases/README.md` has its format.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringcall::http::Document;
use ringcall::routes::{Placed, Routes};
use ringcall::values::{self, Signature, Type};
use serde_json::{Map, Value};

/// Chunk sizes of a chunked body, repeated in turn.
const CHUNK_SIZES: [usize; 3] = [1, 16, 4096];

/// A server as plain data.
pub(crate) struct Server {
    pub(crate) routes: Arc<Routes>,
    pub(crate) head_bytes_max: usize,
    pub(crate) body_bytes_max: u64,
    pub(crate) origins: Vec<String>,
    pub(crate) health: Option<String>,
    pub(crate) table: Vec<Function>,
}

pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) is_declared: bool,
    pub(crate) arguments: Vec<Argument>,
    fewest: usize,
}

pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) kind: String,
    is_optional: bool,
    field: Option<String>,
}

/// One file of cases.
pub(crate) struct Topic {
    pub(crate) server: String,
    cases: Vec<Value>,
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) pointers: Option<Vec<String>>,
    pub(crate) at: Option<u64>,
    pub(crate) says: Option<String>,
    pub(crate) marker: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) fields: Map<String, Value>,
    pub(crate) is_by_name: bool,
    all: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("__test__/cases")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn servers() -> BTreeMap<String, Server> {
    let all = read(&folder().join("functions.json"));
    let all = all.as_object().unwrap().iter();
    all.map(|(name, server)| (name.clone(), Server::of(server)))
        .collect()
}

pub(crate) fn topics() -> Vec<Topic> {
    let mut paths: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| !path.ends_with("functions.json"))
        .collect();
    paths.sort();
    let topic = |path: &PathBuf| {
        let all = read(path);
        Topic {
            server: all["server"].as_str().unwrap().to_owned(),
            cases: all["cases"].as_array().unwrap().clone(),
        }
    };
    paths.iter().map(topic).collect()
}

/// The documents of `lib/documents.js`, without their texts.
fn documents() -> Vec<Placed> {
    let placed = |(path, media_type): (&str, &str)| Placed {
        path: path.into(),
        document: Arc::new(Document::new(media_type, "\"x\"", &[], b"x"[..].into())),
    };
    [
        ("/", "text/html; charset=utf-8"),
        ("/openapi.json", "application/json"),
    ]
    .map(placed)
    .into()
}

impl Server {
    fn of(server: &Value) -> Self {
        let options = &server["options"];
        let origins = options["origins"].as_array().into_iter().flatten();
        let functions = server["functions"].as_array().unwrap().iter();
        let table: Vec<_> = functions.map(Function::of).collect();
        let signatures = table.iter().map(Function::signature).collect();
        let is_root = server["isRoot"].as_bool().unwrap();
        let routes = Routes::new(signatures, is_root).with_documents(documents());
        Self {
            routes: Arc::new(routes),
            head_bytes_max: options["maxHeaderSize"]
                .as_u64()
                .map_or(16 * 1024, |size| size.try_into().unwrap()),
            body_bytes_max: options["maxBodySize"].as_u64().unwrap_or(1 << 20),
            origins: origins.map(|origin| string(origin).unwrap()).collect(),
            health: string(&options["health"]),
            table,
        }
    }
}

impl Function {
    fn of(function: &Value) -> Self {
        let argument = |argument: &Value| Argument {
            name: string(&argument["name"]).unwrap(),
            kind: string(&argument["type"]).unwrap(),
            is_optional: argument["isOptional"].as_bool().unwrap(),
            field: string(&argument["field"]),
        };
        let arguments = function["arguments"].as_array().unwrap().iter();
        Self {
            name: string(&function["name"]).unwrap(),
            is_declared: function["isDeclared"].as_bool().unwrap(),
            arguments: arguments.map(argument).collect(),
            fewest: function["fewest"].as_u64().unwrap().try_into().unwrap(),
        }
    }

    fn signature(&self) -> Signature {
        if !self.is_declared {
            return Signature::undeclared(&self.name, self.fewest);
        }
        let argument = |argument: &Argument| values::Argument {
            name: argument.name.as_str().into(),
            kind: Type::named(&argument.kind).unwrap(),
            is_optional: argument.is_optional,
            field: argument.field.as_deref().map(Into::into),
        };
        Signature::declared(&self.name, self.arguments.iter().map(argument).collect())
    }
}

impl Topic {
    /// All cases but those about Node's parser alone.
    pub(crate) fn cases(&self) -> impl Iterator<Item = Case> {
        let is_ours = |case: &&Value| {
            let engines = case["engines"].as_array();
            engines.is_none_or(|engines| engines.contains(&Value::from("io_uring")))
        };
        self.cases.iter().filter(is_ours).map(Case::of)
    }
}

impl Case {
    fn of(case: &Value) -> Self {
        let pointers = case["pointers"].as_array().map(|pointers| {
            let mut pointers: Vec<_> = pointers.iter().map(text).collect();
            pointers.sort_unstable();
            pointers
        });
        let request = &case["request"];
        let body = request.get("body").map(bytes).unwrap_or_default();
        let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
        Self {
            name: string(&case["name"]).unwrap(),
            bytes: request_of(request),
            status: case["status"].as_u64().unwrap().try_into().unwrap(),
            code: string(&case["code"]),
            pointers,
            at: case["at"].as_u64(),
            says: string(&case["says"]),
            marker: string(&case["marker"]),
            body: case.get("body").map(text),
            fields: case["fields"].as_object().cloned().unwrap_or_default(),
            is_by_name: start == Some(&b'{'),
            all: case.clone(),
        }
    }

    /// The function that is called, schemas aside.
    pub(crate) fn called(&self) -> Option<String> {
        let is_for_schemas = self.all["schema"] == Value::Bool(true);
        let path = || string(&self.all["request"]["path"]).map(|path| path[1..].to_owned());
        string(&self.all["function"]).or_else(|| is_for_schemas.then(path).flatten())
    }

    /// Its arguments, unless a schema may transform them.
    pub(crate) fn arguments(&self) -> Option<&Vec<Value>> {
        self.all["arguments"]
            .as_array()
            .filter(|_| self.all["schema"] != Value::Bool(true))
    }

    pub(crate) fn is_bodiless(&self) -> bool {
        matches!(self.status, 204 | 304) || self.all["request"]["method"] == "HEAD"
    }
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A text of the table: bytes, some of them repeated.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    if let Some(text) = value.as_str() {
        return text.into();
    }
    let times = || usize::try_from(value["times"].as_u64().unwrap()).unwrap();
    if let Some(base64) = value["base64"].as_str() {
        from_base64(base64)
    } else if let Some(repeat) = value["repeat"].as_str() {
        repeat.repeat(times()).into()
    } else if let Some(count) = value["count"].as_str() {
        let one = |number: usize| count.replace('#', &number.to_string()).into_bytes();
        (0..times()).flat_map(one).collect()
    } else {
        let parts = value["parts"].as_array().unwrap().iter();
        parts.flat_map(bytes).collect()
    }
}

pub(crate) fn text(value: &Value) -> String {
    String::from_utf8(bytes(value)).unwrap()
}

pub(crate) fn from_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let sextet = ALPHABET.iter().position(|letter| *letter == byte).unwrap();
        bits = bits << 6 | u32::try_from(sextet).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count).to_le_bytes()[0]);
        }
    }
    out
}

fn request_of(request: &Value) -> Vec<u8> {
    let is_chunked = request["chunked"] == Value::Bool(true);
    let content = request.get("body").map(bytes);
    let mut fields = vec![("Host".to_owned(), vec![b"localhost".to_vec()])];
    if let Some(content) = &content {
        let mut add = |name: &str, value: &str| fields.push((name.into(), vec![value.into()]));
        add("Content-Type", "application/json");
        if is_chunked {
            add("Transfer-Encoding", "chunked");
        } else {
            add("Content-Length", &content.len().to_string());
        }
    }
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let values = match value {
            Value::Null => Vec::new(),
            Value::Array(values) => values.iter().map(bytes).collect(),
            value => vec![bytes(value)],
        };
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = values,
            None => fields.push((name.clone(), values)),
        }
    }
    let method = request["method"].as_str().unwrap_or("POST");
    let version = request["version"].as_str().unwrap_or("HTTP/1.1");
    let mut out = format!("{method} {} {version}\r\n", text(&request["path"])).into_bytes();
    for (name, values) in fields {
        for value in values {
            out.extend_from_slice(format!("{name}: ").as_bytes());
            out.extend_from_slice(&value);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
    let content = content.unwrap_or_default();
    if is_chunked {
        push_chunks(&mut out, &content);
    } else {
        out.extend_from_slice(&content);
    }
    out
}

fn push_chunks(out: &mut Vec<u8>, mut content: &[u8]) {
    for size in CHUNK_SIZES.into_iter().cycle() {
        let (chunk, rest) = content.split_at(size.min(content.len()));
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        if chunk.is_empty() {
            break;
        }
        content = rest;
    }
}
