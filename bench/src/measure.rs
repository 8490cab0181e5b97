//! What a measurement is: samples with their median and their bounds, wall time, processor time, memory.
use std::time::Instant;

/// What goes wrong ends the measurement.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The same figure, measured in every round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        let place = self.0.partition_point(|other| *other < value);
        self.0.insert(place, value);
    }

    pub(crate) fn median(&self) -> f64 {
        let (half, odd) = (self.0.len() / 2, self.0.len() % 2 == 1);
        match (self.0.get(half), half.checked_sub(1).and_then(|before| self.0.get(before))) {
            (Some(upper), Some(lower)) if !odd => f64::midpoint(*lower, *upper),
            (Some(middle), _) => *middle,
            (None, _) => f64::NAN,
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// `median (min – max)`, with so many digits after the point.
    pub(crate) fn shown(&self, digits: usize) -> String {
        let [median, min, max] = [self.median(), self.min(), self.max()].map(|value| number(value, digits));
        format!("{median} ({min} – {max})")
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut samples = Self::default();
        values.into_iter().for_each(|value| samples.push(value));
        samples
    }
}

/// A number with thousands apart.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let plain = format!("{value:.digits$}");
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut shown = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left % 3 == 0 && !shown.ends_with('-') {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown + fraction
}

/// How long something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) wall_ms: f64,
    /// All threads of this process. Says what a busy machine hides.
    pub(crate) cpu_ms: f64,
}

/// Does it and says how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let (wall, cpu) = (Instant::now(), cpu_ms());
    let done = work();
    (done, Took { wall_ms: wall.elapsed().as_secs_f64() * 1e3, cpu_ms: cpu_ms() - cpu })
}

fn cpu_ms() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec as f64 * 1e3 + spent.tv_nsec as f64 / 1e6
}

/// A field of this process's status in bytes, such as `VmRSS`.
pub(crate) fn memory(field: &str) -> f64 {
    memory_of(std::process::id(), field)
}

/// A field of `/proc/PID/status` in bytes.
pub(crate) fn memory_of(pid: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) * 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        let odd = Samples::from_iter([5.0, 1.0, 2.0]);
        assert_eq!((odd.min(), odd.median(), odd.max()), (1.0, 2.0, 5.0));
        assert_eq!(Samples::from_iter([4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert!(Samples::default().median().is_nan());
    }

    #[test]
    fn thousands_stand_apart() {
        let shown = [999.0, 1_000.0, 1_234_567.0, -123_456.0].map(|value| number(value, 0));
        assert_eq!(shown, ["999", "1,000", "1,234,567", "-123,456"]);
        assert_eq!(number(1_234.567, 2), "1,234.57");
    }
}
