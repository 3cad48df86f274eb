//! Quantities as people write them: strings with a unit, read into exact integers.

mod clock_rate;
mod compare;
mod duration;
mod range;
mod ranges;
mod rate;
mod ratio;
mod size;
mod unit;

pub use clock_rate::ClockRate;
pub use compare::{Comparison, Condition, Gauge, Operator};
pub use duration::Nanos;
pub use range::DurationRange;
pub use ranges::{Chances, Counts, Sizes};
pub use rate::Rate;
pub use ratio::Ratio;
pub use size::Size;
pub use unit::UnitError;
