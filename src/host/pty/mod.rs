//! One pseudo-terminal with the tool in it.
