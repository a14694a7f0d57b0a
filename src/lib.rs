//! A JavaScript function callable over HTTP.

pub mod http;
