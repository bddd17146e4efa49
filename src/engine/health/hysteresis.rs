//! A grade that one odd check does not move.

/// How many checks in a row move the grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hysteresis {
    /// Bad ones, from healthy to degraded.
    pub degraded_after: u32,
    /// Bad ones, to down; counted from the first of them.
    pub down_after: u32,
    /// Good ones, back to healthy.
    pub healthy_after: u32,
}

impl Default for Hysteresis {
    fn default() -> Hysteresis {
        Hysteresis {
            degraded_after: 2,
            down_after: 4,
            healthy_after: 2,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    #[default]
    Healthy,
    /// Still given work; a sign for whoever watches.
    Degraded,
    Down,
}

impl Grade {
    pub const fn as_str(self) -> &'static str {
        match self {
            Grade::Healthy => "healthy",
            Grade::Degraded => "degraded",
            Grade::Down => "down",
        }
    }
}

/// The last checks that agreed with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Good(u32),
    Bad(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Graded {
    pub(super) grade: Grade,
    run: Run,
}

impl Graded {
    pub(super) fn new() -> Graded {
        Graded {
            grade: Grade::Healthy,
            run: Run::Good(0),
        }
    }

    /// The grade before, when this check has changed it.
    pub(super) fn check(&mut self, good: bool, limits: Hysteresis) -> Option<Grade> {
        let before = self.grade;
        self.run = match (self.run, good) {
            (Run::Good(count), true) => Run::Good(count.saturating_add(1)),
            (Run::Bad(count), false) => Run::Bad(count.saturating_add(1)),
            (Run::Bad(_), true) => Run::Good(1),
            (Run::Good(_), false) => Run::Bad(1),
        };
        self.grade = match self.run {
            Run::Bad(count) if count >= limits.down_after => Grade::Down,
            Run::Bad(count) if count >= limits.degraded_after => before.max(Grade::Degraded),
            Run::Good(count) if count >= limits.healthy_after => Grade::Healthy,
            Run::Bad(_) | Run::Good(_) => before,
        };
        (self.grade != before).then_some(before)
    }
}
