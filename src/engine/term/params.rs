//! The parameters of a control sequence, each with its sub-parameters.

/// As many as the parser takes; a sequence with more is ignored.
pub(super) const MAX: usize = 32;

#[derive(Clone, Copy)]
pub(super) struct Params {
    values: [u16; MAX],
    /// Bit n: value n is a sub-parameter of the value before it (a colon stood between them).
    joined: u32,
    len: usize,
}

impl Params {
    pub fn new() -> Params {
        Params {
            values: [0; MAX],
            joined: 0,
            len: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.len - self.joined.count_ones() as usize
    }

    /// Values, sub-parameters included.
    pub fn len_with_sub(&self) -> usize {
        self.len
    }

    /// Appends a value; the caller keeps to `MAX`.
    #[inline]
    pub fn push(&mut self, value: u16, joined: bool) {
        self.values[self.len] = value;
        self.joined |= u32::from(joined) << self.len;
        self.len += 1;
    }

    /// The first value of parameter `index`, 0 when it is absent.
    #[inline]
    pub fn get(&self, index: usize) -> u16 {
        if self.joined == 0 {
            return if index < self.len { self.values[index] } else { 0 };
        }
        self.iter().nth(index).map_or(0, |p| p[0])
    }

    /// The values, when none has sub-parameters.
    #[inline]
    pub fn plain(&self) -> Option<&[u16]> {
        (self.joined == 0).then_some(&self.values[..self.len])
    }

    /// Each parameter with its sub-parameters; no slice is empty.
    pub fn iter(&self) -> impl Iterator<Item = &[u16]> {
        let mut start = 0;
        std::iter::from_fn(move || {
            if start == self.len {
                return None;
            }
            let mut end = start + 1;
            while end < self.len && self.joined & (1 << end) != 0 {
                end += 1;
            }
            let param = &self.values[start..end];
            start = end;
            Some(param)
        })
    }
}

impl From<&vte::Params> for Params {
    fn from(parsed: &vte::Params) -> Params {
        let mut params = Params::new();
        for param in parsed {
            for (i, value) in param.iter().enumerate() {
                params.push(*value, i > 0);
            }
        }
        params
    }
}
