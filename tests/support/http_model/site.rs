//! The cross-site rule.

use super::head::{Field, values};
use ringcall::http::{Origins, Reader};

pub(crate) struct Page {
    pub(crate) is_foreign: bool,
    pub(crate) is_preflight: bool,
    pub(crate) reader: Reader,
}

pub(crate) fn page(fields: &[Field], allowed: &Origins) -> Page {
    let lines = |name| -> Vec<String> {
        let values = values(fields, name);
        // A byte for a char, so that none is lost.
        let text = |value: &&[u8]| value.iter().map(|&byte| char::from(byte)).collect();
        values.iter().map(text).collect()
    };
    let origins = lines("origin");
    let is_own = match (lines("sec-fetch-site").as_slice(), origins.as_slice()) {
        ([], []) => true,
        ([], [origin]) => match origin.split_once("://") {
            None | Some(("", _)) => false,
            Some((_, authority)) => lines("host")
                .iter()
                .any(|host| plain(host) == plain(authority)),
        },
        ([site], _) => site == "same-origin" || site == "none",
        _ => false,
    };
    let reader = match (allowed, origins.as_slice()) {
        (Origins::Any, [_, ..]) => Reader::Any,
        (Origins::Listed(listed), [origin]) => {
            let mut names = listed.iter().map(|one| one.to_ascii_lowercase());
            let index = names.position(|name| name == origin.to_ascii_lowercase());
            index.map_or(Reader::Unsaid, |at| {
                Reader::Listed(at.try_into().expect("few"))
            })
        }
        _ => Reader::Unsaid,
    };
    let is_named = reader != Reader::Unsaid;
    Page {
        is_foreign: !is_own && !is_named && !matches!(allowed, Origins::Any),
        is_preflight: is_named && !lines("access-control-request-method").is_empty(),
        reader,
    }
}

/// A host and port in normal form.
fn plain(authority: &str) -> String {
    let text = authority.to_ascii_lowercase();
    for port in [":80", ":443", ":"] {
        if let Some(host) = text.strip_suffix(port) {
            return host.to_owned();
        }
    }
    text
}
