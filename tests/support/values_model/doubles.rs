//! The numbers of JSON values as doubles.

use super::Value;

impl Value {
    pub(super) fn double(&self) -> Option<f64> {
        match self {
            Self::Number(token) => token.parse().ok(),
            _ => None,
        }
    }

    /// True if all numbers in it are finite.
    pub(super) fn is_finite(&self) -> bool {
        match self {
            Self::Number(_) => self.double().is_some_and(f64::is_finite),
            Self::Array(values) => values.iter().all(Self::is_finite),
            Self::Object(members) => members.iter().all(|(_, value)| value.is_finite()),
            _ => true,
        }
    }

    /// The same with the shortest token of each number's double, as JavaScript gets no other.
    pub(super) fn in_doubles(&self) -> Self {
        match self {
            Self::Number(_) => {
                let double = self.double().expect("it is a number");
                Self::Number(double.to_string())
            }
            Self::Array(values) => Self::Array(values.iter().map(Self::in_doubles).collect()),
            Self::Object(members) => {
                let members = members.iter();
                let in_doubles = members.map(|(key, value)| (key.clone(), value.in_doubles()));
                Self::Object(in_doubles.collect())
            }
            other => other.clone(),
        }
    }
}
