//! What somebody types behind `/emergency`, or to the bot, or as a time.

use breakglass::domain::id::UserId;
use breakglass::slack::inbound::grammar::{Request, Slash, as_request, parse, parse_mention};
use breakglass::slack::inbound::when::When;

pub(super) const SEEDS: &[&[u8]] = &[
    b"Deploy WAF rule to block SQL injection <@U0MORGAN01|morgan>",
    b"<@U0BREAK001> restart the gateway &amp; flush <#C0INC|inc-auth>, deployed 20 min ago",
    b"deployed CHG-1042 02:19 yesterday",
    b"status chg-1042",
    b"list overdue",
    b"rate limit raised on api <!subteam^S0LEADS|@leads>",
    b"evidence last october sample 25",
    b"drill fail over <!here> *now*",
    "deploye CHG\u{2011}1042 \u{200b}\u{2066}\u{1f6a8}".as_bytes(),
    b"<https://example.com/a?b=c|a link> &lt;@U0DANA0001&gt;",
];

pub(super) const WORDS: &[&str] = &[
    "<@",
    "<@U1>",
    "<@U0BREAK001>",
    "<!subteam^S1>",
    "<#C1|",
    "<http://a|",
    ">",
    "|",
    "&lt;",
    "&amp;",
    "CHG-1042",
    "chg 7",
    "deployed",
    "20 min ago",
    "yesterday",
    "29 Feb",
    "24:61",
    "99999999999999999999",
    "\u{200d}",
    "\u{2066}",
    "\u{feff}",
    "\u{e9}",
    "\u{1f469}\u{200d}\u{1f692}",
    "\u{2011}",
    "\n",
    "\u{0}",
    "```",
    "*",
    "@here",
];

/// Every word that isn't a name said who is asked or when it was deployed is what
/// is to be done.
pub(super) fn body(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let bot = UserId::new("U0BREAK001");
    let slash = parse(&text);
    if slash != parse(&text) {
        return Err("one line has two meanings".to_owned());
    }
    if let Slash::Request(request) = &slash
        && *request != as_request(&text)
    {
        return Err("a request is another one when its first word isn't looked at".to_owned());
    }
    for slash in [Some(slash), parse_mention(&text, &bot)]
        .into_iter()
        .flatten()
    {
        if let Slash::Request(request) | Slash::Drill(request) | Slash::Unsure { request, .. } =
            slash
        {
            sound(&request, &text)?;
        }
    }
    let now = chrono::DateTime::from_timestamp(1_773_450_840, 0).unwrap_or_default();
    for zone in [chrono_tz::Europe::Berlin, chrono_tz::Pacific::Apia] {
        if let Some(Ok(at)) = When::parse(&text).map(|when| when.instant(now, zone))
            && at > now + chrono::TimeDelta::days(367)
        {
            return Err(format!("{at} is when something happened"));
        }
    }
    Ok(())
}

fn sound(request: &Request, text: &str) -> Result<(), String> {
    let mut asked = request.asked.clone();
    asked.dedup();
    if asked.len() != request.asked.len() {
        return Err("somebody is asked twice running".to_owned());
    }
    if request.what.chars().count() > text.chars().count() + 8 * text.matches('<').count() {
        return Err("more is to be done than was said".to_owned());
    }
    Ok(())
}
