//! What has happened, as JavaScript gets it.

use napi_derive::napi;

use crate::seats::Notice;

/// What has happened.
#[napi(object, object_from_js = false)]
pub struct NativeNotice {
    /// `failed`, `ended`, `adopted`, `retired`, `healthAsked`, `overdue` or `lost`.
    pub kind: &'static str,
    /// Of `failed`: what ended a ring thread before its time.
    pub failure: Option<String>,
    /// Of all but the first two and `healthAsked`: of which table, counted from 0.
    pub generation: Option<u32>,
    /// Of the last two.
    pub seat: Option<u32>,
    /// Of `lost`: the index of what was called.
    pub function: Option<u16>,
}

impl NativeNotice {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            failure: None,
            generation: None,
            seat: None,
            function: None,
        }
    }
}

impl From<Notice> for NativeNotice {
    fn from(notice: Notice) -> Self {
        let number = |seat: usize| u32::try_from(seat).ok();
        match notice {
            Notice::Failed(failure) => Self {
                failure: Some(failure),
                ..Self::new("failed")
            },
            Notice::Ended => Self::new("ended"),
            Notice::HealthAsked => Self::new("healthAsked"),
            Notice::Adopted { generation } => Self {
                generation: Some(generation),
                ..Self::new("adopted")
            },
            Notice::Retired { generation } => Self {
                generation: Some(generation),
                ..Self::new("retired")
            },
            Notice::Overdue { generation, seat } => Self {
                generation: Some(generation),
                seat: number(seat),
                ..Self::new("overdue")
            },
            Notice::Lost {
                generation,
                seat,
                function,
            } => Self {
                generation: Some(generation),
                seat: number(seat),
                function: Some(function),
                ..Self::new("lost")
            },
        }
    }
}
