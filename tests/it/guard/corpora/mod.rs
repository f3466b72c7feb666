//! Tables of hostile input, each entered as far outside as it can be: addresses, bombs, texts and
//! paths. A line that gets through anywhere is a hole.

mod addresses;
mod spellings;
