#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style;
