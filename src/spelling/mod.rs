//! One value in its many spellings: words, numbers, amounts of money, dates, telephone and account
//! numbers as people write them. Exact: what only looks alike is another value.

pub mod accounts;
pub mod entities;
pub mod fold;
pub mod links;
pub mod moments;
pub mod money;
pub mod numbers;
pub mod phrases;
mod places;
pub mod quoted;
pub mod spans;
mod spelled;
