//! The program: everything will be in the library.

fn main() {}
