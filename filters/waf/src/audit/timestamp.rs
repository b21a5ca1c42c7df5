//! `time_stamp` as ModSecurity writes it, in UTC: `Tue Nov 14 22:13:20 2023`.

use time::OffsetDateTime;

/// Seconds since the epoch as a date; empty past the year 9999.
pub(super) fn time_stamp(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().map(OffsetDateTime::from_unix_timestamp);
    let Some(Ok(moment)) = moment else { return String::new() };
    let (weekday, month) = (moment.weekday().to_string(), moment.month().to_string());
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let (hour, minute, second) = moment.to_hms();
    let (day, year) = (moment.day(), moment.year());
    format!(
        "{} {} {day:>2} {hour:02}:{minute:02}:{second:02} {year}",
        short(&weekday),
        short(&month)
    )
}

#[cfg(test)]
mod tests {
    use super::time_stamp;

    #[test]
    fn a_moment_is_written_as_c_does() {
        assert_eq!(time_stamp(1_700_000_000), "Tue Nov 14 22:13:20 2023");
        assert_eq!(time_stamp(0), "Thu Jan  1 00:00:00 1970");
        assert_eq!(time_stamp(u64::MAX), "");
    }
}
