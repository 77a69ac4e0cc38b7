//! The values that stand in the file, each read from its text: ids, emoji,
//! times, shares, zones. What isn't one is told with the mend.

use std::net::SocketAddr;

use chrono::{NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

use super::fault::Wrong;
use crate::domain::id::{ChannelId, GroupId, UserId};
use crate::domain::policy::{Party, ReportTime};

/// Reads a person or a user group.
pub(super) fn party(name: &str) -> Result<Party, Wrong> {
    if is_id(name, "UW") {
        return Ok(Party::Person(UserId::new(name)));
    }
    if is_id(name, "S") {
        return Ok(Party::Group(GroupId::new(name)));
    }
    let bare = name.trim().trim_matches(|c| "<@!>".contains(c));
    // Slack writes a group as <!subteam^S0123ABCD|@name>.
    let bare = bare.strip_prefix("subteam^").unwrap_or(bare);
    let bare = bare.split('|').next().unwrap_or(bare).to_uppercase();
    let written_so =
        bare.bytes().any(|byte| byte.is_ascii_digit()) && (is_id(&bare, "UW") || is_id(&bare, "S"));
    if written_so {
        return Err(Wrong::new(
            format!("`{name}` is an id in another spelling"),
            format!("write `{bare}`"),
        ));
    }
    let what = if is_id(name, "CG") {
        format!("`{name}` is a channel, and a channel can't act")
    } else if name.starts_with('@') {
        format!("`{name}` is a handle, which its owner may change")
    } else {
        format!("{} names nobody", quoted(name))
    };
    Err(Wrong::new(
        what,
        "copy the id from the profile in Slack, such as `U0123ABCD` for a person or `S0123ABCD` for a user group",
    ))
}

/// Reads one person, where a group won't do.
pub(super) fn person(name: &str) -> Result<UserId, Wrong> {
    match party(name)? {
        Party::Person(id) => Ok(id),
        Party::Group(_) => Err(Wrong::new(
            format!("`{name}` is a group, and one person has to stand here"),
            "name one person, such as `U0123ABCD`",
        )),
    }
}

/// Reads a channel's id.
pub(super) fn channel(id: &str) -> Result<ChannelId, Wrong> {
    if is_id(id, "CG") {
        Ok(ChannelId::new(id))
    } else {
        Err(Wrong::new(
            format!("{} is no channel id", quoted(id)),
            "copy it from the end of the channel's details in Slack, such as `C0123ABCD`",
        ))
    }
}

/// Whether `id` looks like one of Slack's: a letter of `kinds`, then letters
/// and digits.
fn is_id(id: &str, kinds: &str) -> bool {
    let mut chars = id.chars();
    chars.next().is_some_and(|first| kinds.contains(first))
        && id.len() >= 5
        && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Reads an emoji's name, with or without its colons. Slack names the same
/// gesture in another skin by a suffix, which no policy needs to list.
pub(super) fn emoji(name: &str) -> Result<String, Wrong> {
    let bare = name.trim().trim_matches(':').to_lowercase();
    let is_name = |name: &str| {
        let fine = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'');
        !name.is_empty() && name.chars().all(fine)
    };
    if is_name(&bare) {
        return Ok(bare);
    }
    let joined = bare.split_whitespace().collect::<Vec<_>>().join("_");
    let (what, mend) = if is_name(&joined) {
        (
            format!("`{name}` has spaces, and no emoji's name has"),
            format!("write `{joined}`, if that is its name in Slack"),
        )
    } else {
        (
            format!("{} is no emoji's name", quoted(name)),
            "write the name that Slack shows, such as `white_check_mark`".to_owned(),
        )
    };
    Err(Wrong::new(what, mend))
}

/// Judges the pattern of an incident channel's name.
pub(super) fn pattern(pattern: &str) -> Result<(), Wrong> {
    let bare: String = pattern.trim().trim_start_matches('#').to_owned();
    let meant = bare.split_whitespace().collect::<Vec<_>>().join("-");
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '*' | '.');
    if meant == pattern && !meant.is_empty() && meant.chars().all(fine) {
        return Ok(());
    }
    let mend = if !meant.is_empty() && meant.chars().all(fine) {
        format!("write `{meant}`")
    } else {
        "write a channel's name, with `*` for anything, such as `inc-*`".to_owned()
    };
    Err(Wrong::new(
        format!("no channel can be named like {}", quoted(pattern)),
        mend,
    ))
}

/// Reads a time zone.
pub(super) fn zone(name: &str) -> Result<Tz, Wrong> {
    name.parse().map_err(|_| {
        let known = nearest_zone(name).unwrap_or("Europe/Berlin");
        Wrong::new(
            format!("{} is no time zone", quoted(name)),
            format!("write one such as `{known}`"),
        )
    })
}

/// The zone that somebody may have meant: of the same city, else spelled alike.
fn nearest_zone(name: &str) -> Option<&'static str> {
    let asked = name.trim().replace(' ', "_").to_lowercase();
    let of_city = chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .find(|zone| {
            let zone = zone.to_lowercase();
            zone == asked || zone.rsplit('/').next() == Some(asked.as_str())
        });
    of_city.or_else(|| {
        let all = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        nearest(name, all)
    })
}

/// Nobody plans an emergency's paperwork beyond a year.
const LONGEST: TimeDelta = TimeDelta::days(365);

/// Reads how long somebody may take: whole hours or days.
pub(super) fn duration(words: &str) -> Result<TimeDelta, Wrong> {
    const EXAMPLE: &str = "write whole hours or days, such as `24 h` or `7 days`";
    let bare = words.trim().to_lowercase();
    let begin = bare
        .find(|c: char| !(c.is_ascii_digit() || "+-.,".contains(c)))
        .unwrap_or(bare.len());
    let (figure, unit) = bare.split_at(begin);
    let (figure, unit) = (figure.trim(), unit.trim());
    if ["business", "working", "work", "week day", "weekday", "bank"]
        .iter()
        .any(|word| unit.starts_with(word))
    {
        let whole = figure.parse::<i64>().ok().filter(|n| (1..=260).contains(n));
        // Five working days of a week stand for seven.
        let days = whole.map_or(7, |n| n / 5 * 7 + n % 5);
        return Err(Wrong::new(
            format!(
                "`{words}` depends on a calendar of holidays, and a deadline runs by the wall clock"
            ),
            format!(
                "write days of 24 hours, such as `{}`",
                in_words(TimeDelta::days(days))
            ),
        ));
    }
    if figure.is_empty() {
        return Err(Wrong::new(
            format!("{} is no length of time", quoted(words)),
            EXAMPLE,
        ));
    }
    if figure.starts_with('-') {
        return Err(Wrong::new(
            format!("`{words}` would be over before it began"),
            EXAMPLE,
        ));
    }
    let hours = match unit {
        "h" | "hr" | "hrs" | "hour" | "hours" => 1,
        "d" | "day" | "days" => 24,
        "" => {
            return Err(Wrong::new(
                format!("`{words}` doesn't say of what"),
                format!("write `{figure} h` or `{figure} days`"),
            ));
        }
        "w" | "week" | "weeks" => {
            let days = figure.parse::<i64>().ok().and_then(|n| n.checked_mul(7));
            return Err(Wrong::new(
                format!("`{words}` is in weeks, and times here are in hours or days"),
                days.map_or_else(|| EXAMPLE.to_owned(), |days| format!("write `{days} days`")),
            ));
        }
        _ => {
            return Err(Wrong::new(
                format!("`{words}` is neither in hours nor in days"),
                EXAMPLE,
            ));
        }
    };
    let Ok(n) = figure.parse::<u32>() else {
        return Err(Wrong::new(
            format!("`{words}` is no whole number of hours or days"),
            EXAMPLE,
        ));
    };
    let time = TimeDelta::hours(i64::from(n) * hours);
    if time.is_zero() {
        Err(Wrong::new(
            format!("`{words}` leaves nobody any time"),
            "write one hour at least: `1 h`",
        ))
    } else if time > LONGEST {
        Err(Wrong::new(
            format!("`{words}` is longer than a year"),
            "write 365 days at most",
        ))
    } else {
        Ok(time)
    }
}

/// Writes a length of time as the file has it.
pub fn in_words(time: TimeDelta) -> String {
    let (hours, days) = (time.num_hours(), time.num_days());
    if days >= 2 && hours == days * 24 {
        format!("{days} days")
    } else {
        format!("{hours} h")
    }
}

/// Reads a share, such as `0.10`, in thousandths.
pub(super) fn share(figure: &str) -> Result<u16, Wrong> {
    const EXAMPLE: &str = "write a share of 1, such as `0.10` for 10 %";
    let is_percent = figure.trim().ends_with('%');
    let bare = figure.trim().trim_end_matches('%').trim().replace('_', "");
    let Some(share) = bare.parse::<f64>().ok().filter(|share| share.is_finite()) else {
        return Err(Wrong::new(
            format!("{} is no share", quoted(figure)),
            EXAMPLE,
        ));
    };
    if share < 0.0 {
        return Err(Wrong::new(
            format!("`{figure}` is less than nothing"),
            EXAMPLE,
        ));
    }
    let of_hundred = |percent: f64| {
        if (0.0..=100.0).contains(&percent) {
            format!("write `{}` for {percent} %", percent / 100.0)
        } else {
            EXAMPLE.to_owned()
        }
    };
    if is_percent {
        return Err(Wrong::new(
            format!("`{figure}` is in per cent, and a share of 1 is wanted"),
            of_hundred(share),
        ));
    }
    if share > 1.0 {
        return Err(Wrong::new(
            format!("`{figure}` is more than 100 %"),
            of_hundred(share),
        ));
    }
    let thousandths = (share * 1000.0).round();
    if (share * 1000.0 - thousandths).abs() > 1e-6 {
        return Err(Wrong::new(
            format!("`{figure}` is finer than a tenth of a per cent"),
            format!("write `{}`", thousandths / 1000.0),
        ));
    }
    // Between 0 and 1000 by what was checked above.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1000"
    )]
    Ok(thousandths as u16)
}

/// Reads the address to listen on.
pub(super) fn address(words: &str) -> Result<SocketAddr, Wrong> {
    words.parse().map_err(|_| {
        let port = words
            .rsplit(':')
            .next()
            .and_then(|port| port.trim().parse::<u16>().ok());
        Wrong::new(
            format!("{} is no address to listen on", quoted(words)),
            format!(
                "write an IP address and a port, such as `127.0.0.1:{}`",
                port.unwrap_or(8417)
            ),
        )
    })
}

/// Reads where Slack's Web API is.
pub(super) fn api_url(words: &str) -> Result<String, Wrong> {
    let is_url = url::Url::parse(words)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_url {
        Ok(words.to_owned())
    } else {
        Err(Wrong::new(
            format!("{} is no web address", quoted(words)),
            "write one such as `https://slack.com/api`, or leave the key out",
        ))
    }
}

/// The days as they are written out.
const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "Monday"),
    (Weekday::Tue, "Tuesday"),
    (Weekday::Wed, "Wednesday"),
    (Weekday::Thu, "Thursday"),
    (Weekday::Fri, "Friday"),
    (Weekday::Sat, "Saturday"),
    (Weekday::Sun, "Sunday"),
];

/// Reads when the weekly report is posted.
pub(super) fn report_time(words: &str) -> Result<ReportTime, Wrong> {
    const EXAMPLE: &str = "write a weekday and a time, such as `Monday 09:00`";
    let mut parts = words.split([' ', ',']).filter(|part| !part.is_empty());
    let day = parts.next().unwrap_or_default();
    let rest: String = parts.collect::<Vec<_>>().join(" ");
    let asked = day.to_lowercase();
    let known = DAYS.iter().find(|(_, name)| {
        let name = name.to_lowercase();
        name == asked || asked.len() == 3 && name.starts_with(&asked)
    });
    let Some((weekday, name)) = known else {
        let mend = nearest(day, DAYS.iter().map(|(_, name)| *name)).map_or_else(
            || EXAMPLE.to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        return Err(Wrong::new(
            format!("{} begins with no weekday", quoted(words)),
            mend,
        ));
    };
    let Ok(time) = NaiveTime::parse_from_str(&rest, "%H:%M") else {
        let on_the_clock = rest.to_uppercase().replace([' ', '.'], "");
        let meant = ["%I:%M%p", "%I%p"]
            .iter()
            .find_map(|form| NaiveTime::parse_from_str(&on_the_clock, form).ok())
            .or_else(|| {
                let padded = on_the_clock.strip_suffix("AM").map(|h| format!("{h}:00AM"));
                let padded = padded
                    .or_else(|| on_the_clock.strip_suffix("PM").map(|h| format!("{h}:00PM")))?;
                NaiveTime::parse_from_str(&padded, "%I:%M%p").ok()
            });
        return Err(Wrong::new(
            format!("{} has no time of 24 hours behind the day", quoted(words)),
            meant.map_or_else(
                || format!("write one, such as `{name} 09:00`"),
                |time| format!("write `{name} {}`", time.format("%H:%M")),
            ),
        ));
    };
    Ok(ReportTime {
        weekday: *weekday,
        time,
    })
}

/// Writes when the weekly report is posted as the file has it.
pub fn report_time_in_words(at: ReportTime) -> String {
    let day = DAYS.iter().find(|(day, _)| *day == at.weekday);
    let day = day.map_or("", |(_, name)| name);
    format!("{day} {}", at.time.format("%H:%M"))
}

/// Reads the name of a repository of GitHub's.
pub(super) fn repository(words: &str) -> Result<String, Wrong> {
    let meant = path_of(words, "github.com");
    let is_one = |path: &str| {
        path.split('/').count() == 2
            && path.split('/').all(|part| {
                let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                !part.is_empty() && part.chars().all(fine) && part != "." && part != ".."
            })
    };
    if is_one(words) {
        return Ok(words.to_owned());
    }
    Err(Wrong::new(
        format!("{} is no repository", quoted(words)),
        if is_one(&meant) {
            format!("write `{meant}`")
        } else {
            "write its owner and its name, such as `acme/web`".to_owned()
        },
    ))
}

/// Reads the path of a project of GitLab's, or its number.
pub(super) fn project(words: &str) -> Result<String, Wrong> {
    let is_one = |path: &str| {
        let is_number = !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_digit());
        let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        let is_path = path.contains('/')
            && path.split('/').all(|part| {
                !part.is_empty() && part.chars().all(fine) && part != "." && part != ".."
            });
        is_number || is_path
    };
    if is_one(words) {
        return Ok(words.to_owned());
    }
    let meant = path_of(words, "gitlab");
    Err(Wrong::new(
        format!("{} is no project", quoted(words)),
        if is_one(&meant) {
            format!("write `{meant}`")
        } else {
            "write its path, such as `acme/billing`, or its number".to_owned()
        },
    ))
}

/// What may be meant by the address of a page or a clone.
fn path_of(words: &str, host: &str) -> String {
    let bare = words.trim();
    let bare = bare.split("://").last().unwrap_or(bare);
    let bare = bare.strip_prefix("git@").unwrap_or(bare);
    let bare = match bare.split_once(['/', ':']) {
        Some((first, rest)) if first.contains('.') || first.contains(host) => rest,
        Some(_) | None => bare,
    };
    let bare = bare.trim_matches('/');
    bare.strip_suffix(".git").unwrap_or(bare).to_owned()
}

/// Reads where a source's API is. A token goes there, so it may travel in the
/// clear on this machine only.
pub(super) fn source_url(words: &str, example: &str) -> Result<String, Wrong> {
    let url = url::Url::parse(words).ok().filter(url::Url::has_host);
    let wrong = |what: &str| {
        Wrong::new(
            format!("{} {what}", quoted(words)),
            format!("write one such as `{example}`, or leave the key out"),
        )
    };
    let Some(url) = url else {
        return Err(wrong("is no web address"));
    };
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(words.trim_end_matches('/').to_owned()),
        "http" if is_here => Ok(words.trim_end_matches('/').to_owned()),
        _ => Err(wrong("would let a token travel in the clear")),
    }
}

/// Reads a name with stars of an environment, a job or a branch.
pub(super) fn named_so(pattern: &str) -> Result<String, Wrong> {
    let bare = pattern.trim();
    let name = bare.strip_prefix('!').unwrap_or(bare);
    if name.trim().is_empty() || bare.contains(char::is_control) {
        return Err(Wrong::new(
            format!("{} names nothing", quoted(pattern)),
            "write a name, with `*` for anything and `!` before what is left out",
        ));
    }
    Ok(bare.to_owned())
}

/// A word without what people write one way or the other.
pub(super) fn plain(word: &str) -> String {
    word.to_lowercase().replace([' ', '-', '_'], "")
}

/// A value as it is quoted in a sentence.
fn quoted(value: &str) -> String {
    if value.trim().is_empty() {
        "an empty text".to_owned()
    } else {
        format!("`{value}`")
    }
}

/// Of the words that are known, the one that was meant, if any is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // As near as clap asks of a flag before it proposes one.
    const NEAR: f64 = 0.75;
    let word = plain(word);
    known
        .into_iter()
        .map(|one| (strsim::jaro(&word, &plain(one)), one))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_whole_hours_or_days() {
        for (words, hours) in [
            ("24 h", 24),
            ("24h", 24),
            (" 1 Hour ", 1),
            ("36 hours", 36),
            ("7 days", 168),
            ("1 d", 24),
            ("365 days", 8760),
        ] {
            let read = duration(words).unwrap();
            assert_eq!(read, TimeDelta::hours(hours), "{words}");
            assert_eq!(duration(&in_words(read)), Ok(read), "{words}");
        }
        for (words, said) in [
            (
                "5 business days",
                "write days of 24 hours, such as `7 days`",
            ),
            ("3 working days", "such as `3 days`"),
            ("10 workdays", "such as `14 days`"),
            ("2 weeks", "write `14 days`"),
            ("24", "write `24 h` or `24 days`"),
            ("90 min", "neither in hours nor in days"),
            ("1.5 h", "no whole number"),
            ("-24 h", "over before it began"),
            ("0 h", "leaves nobody any time"),
            ("366 days", "longer than a year"),
            ("99999999999 h", "no whole number"),
            ("soon", "no length of time"),
            ("", "no length of time"),
        ] {
            let wrong = duration(words).unwrap_err().to_string();
            assert!(wrong.contains(said), "{words}: {wrong}");
        }
    }

    #[test]
    fn the_report_has_a_weekday_and_a_time() {
        for (words, read) in [
            ("Monday 09:00", "Monday 09:00"),
            ("fri, 16:30", "Friday 16:30"),
            ("SUNDAY 0:05", "Sunday 00:05"),
        ] {
            let at = report_time(words).unwrap();
            assert_eq!(report_time_in_words(at), read);
            assert_eq!(report_time(read), Ok(at));
        }
        for (words, said) in [
            ("09:00", "such as `Monday 09:00`"),
            ("Mondy 09:00", "did you mean `Monday`?"),
            ("Monday", "such as `Monday 09:00`"),
            ("Monday 9 am", "write `Monday 09:00`"),
            ("Tuesday 4:30 p.m.", "write `Tuesday 16:30`"),
            ("Monday 25:00", "such as `Monday 09:00`"),
            ("", "such as `Monday 09:00`"),
        ] {
            let wrong = report_time(words).unwrap_err().to_string();
            assert!(wrong.contains(said), "{words}: {wrong}");
        }
    }

    #[test]
    fn a_repository_is_named_by_its_path() {
        assert_eq!(repository("acme/web.js"), Ok("acme/web.js".to_owned()));
        assert_eq!(project("pay/eu/billing"), Ok("pay/eu/billing".to_owned()));
        assert_eq!(project("15"), Ok("15".to_owned()));
        for (words, said) in [
            ("https://github.com/acme/web", "write `acme/web`"),
            ("git@github.com:acme/web.git", "write `acme/web`"),
            ("web", "such as `acme/web`"),
            ("acme/../web", "such as `acme/web`"),
            ("", "such as `acme/web`"),
        ] {
            let wrong = repository(words).unwrap_err().to_string();
            assert!(wrong.contains(said), "{words}: {wrong}");
        }
        for (words, said) in [
            (
                "https://gitlab.acme.example/pay/billing",
                "write `pay/billing`",
            ),
            ("billing", "or its number"),
            ("pay//billing", "or its number"),
        ] {
            let wrong = project(words).unwrap_err().to_string();
            assert!(wrong.contains(said), "{words}: {wrong}");
        }
    }

    #[test]
    fn a_token_travels_in_the_clear_on_this_machine_only() {
        let read = |words| source_url(words, "https://api.github.com");
        assert_eq!(
            read("https://ghe.acme.example/api/v3/"),
            Ok("https://ghe.acme.example/api/v3".to_owned())
        );
        assert!(read("http://127.0.0.1:9000").is_ok() && read("http://[::1]:1/x").is_ok());
        for words in [
            "http://ghe.acme.example",
            "ftp://127.0.0.1",
            "api.github.com",
            "",
        ] {
            assert!(read(words).is_err(), "{words}");
        }
    }

    #[test]
    fn a_share_is_kept_in_thousandths() {
        for (figure, share_) in [
            ("0.10", 100),
            ("0", 0),
            ("1", 1000),
            ("0.075", 75),
            ("1e-1", 100),
        ] {
            assert_eq!(share(figure), Ok(share_), "{figure}");
        }
        for (figure, said) in [
            ("10", "write `0.1` for 10 %"),
            ("10 %", "write `0.1` for 10 %"),
            ("-0.1", "less than nothing"),
            ("nan", "no share"),
            ("inf", "no share"),
            ("0.1234", "write `0.123`"),
            ("1000", "such as `0.10`"),
        ] {
            let wrong = share(figure).unwrap_err().to_string();
            assert!(wrong.contains(said), "{figure}: {wrong}");
        }
    }

    #[test]
    fn an_id_in_another_spelling_is_recognised() {
        for (name, said) in [
            ("<@U0MORGAN01>", "write `U0MORGAN01`"),
            ("u0morgan01", "write `U0MORGAN01`"),
            ("<!subteam^S0ENGMGRS1|@leads>", "write `S0ENGMGRS1`"),
            ("C0ENGINEER", "is a channel"),
            ("@morgan", "is a handle"),
            ("SECURITY team", "names nobody"),
            ("morgan", "names nobody"),
            ("", "names nobody"),
        ] {
            let wrong = party(name).unwrap_err().to_string();
            assert!(wrong.contains(said), "{name}: {wrong}");
        }
    }

    #[test]
    fn a_zone_is_found_by_its_city_and_by_its_spelling() {
        assert_eq!(nearest_zone("Berlin"), Some("Europe/Berlin"));
        assert_eq!(nearest_zone("new york"), Some("America/New_York"));
        assert_eq!(nearest_zone("Europe/Belrin"), Some("Europe/Berlin"));
        assert_eq!(nearest_zone("q"), None);
    }

    #[test]
    fn a_pattern_that_no_channel_can_have_is_told() {
        for fine in ["inc-*", "*", "sev1_war.room", "vorfälle-*", "INC-*"] {
            assert_eq!(pattern(fine), Ok(()), "{fine}");
        }
        for (odd, said) in [
            ("#inc-*", "write `inc-*`"),
            ("inc war", "write `inc-war`"),
            ("", "such as `inc-*`"),
            ("inc/*", "such as `inc-*`"),
        ] {
            let wrong = pattern(odd).unwrap_err().to_string();
            assert!(wrong.contains(said), "{odd}: {wrong}");
        }
    }
}
