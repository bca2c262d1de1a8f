//! What is damaged comes back from wherever its bytes still are, and the trees that linked it link the new one.
