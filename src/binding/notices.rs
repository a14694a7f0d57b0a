//! Notices, as JavaScript gets them.

use napi_derive::napi;

use crate::seats::Notice;

/// A notice.
#[napi(object, object_from_js = false)]
pub struct NativeNotice {
    /// `failed`, `ended`, `adopted`, `retired`, `healthAsked`, `overdue` or `lost`.
    pub kind: &'static str,
    /// Of `failed`: why a ring thread has ended.
    pub failure: Option<String>,
    /// Of which table, counted from 0; absent for the first two and `healthAsked`.
    pub generation: Option<u32>,
    /// In which seat, for the last two.
    pub seat: Option<u32>,
    /// Of `lost`: the index of the function that was called.
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
