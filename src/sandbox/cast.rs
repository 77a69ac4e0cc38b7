//! Who is there when the curtain rises: the people, groups and channels of the story.
//! Every id is fixed, so that tests and stories may name them; more can be added through the control routes.

use chrono::{DateTime, Utc};
use chrono_tz::{America, Europe, Tz};

use super::workspace::{Channel, Group, Kind, Person, Workspace};

/// The workspace "Northwind".
pub(super) const TEAM: &str = "T0BREAK01";
pub(super) const TEAM_NAME: &str = "Northwind";
pub(super) const TEAM_DOMAIN: &str = "northwind";
/// The organisation that shares `#inc-partner` with us.
pub(super) const PARTNER_TEAM: &str = "T0PARTNER1";
/// The app under test, its bot and its bot's user.
pub(super) const APP: &str = "A0BREAKGLS";
pub(super) const BOT: &str = "B0BREAKGLS";
pub(super) const BOT_USER: &str = "U0BREAKGLS";

fn person(
    id: &str,
    handle: &str,
    real_name: &str,
    title: &str,
    zone: Tz,
    at: DateTime<Utc>,
) -> Person {
    Person {
        id: id.to_owned(),
        team: TEAM.to_owned(),
        handle: handle.to_owned(),
        real_name: real_name.to_owned(),
        title: title.to_owned(),
        email: Some(format!("{handle}@northwind.example")),
        zone,
        deleted: false,
        is_restricted: false,
        is_stranger: false,
        is_admin: false,
        bot_id: None,
        app_id: None,
        updated: at,
    }
}

fn people(at: DateTime<Utc>, bot_name: &str) -> Vec<Person> {
    let berlin = Europe::Berlin;
    let named = |id, handle, name, title| person(id, handle, name, title, berlin, at);
    vec![
        named("U0DANA0001", "dana", "Dana Okafor", "On-call engineer"),
        Person {
            is_admin: true,
            ..named(
                "U0MORGAN01",
                "morgan",
                "Morgan Reyes",
                "Engineering manager",
            )
        },
        named("U0RILEY001", "riley", "Riley Chen", "Incident commander"),
        named("U0SAM00001", "sam", "Sam Patel", "Compliance lead"),
        Person {
            is_restricted: true,
            ..named("U0GUS00001", "gus", "Gus Berg", "Guest")
        },
        person(
            "U0PRIYA001",
            "priya",
            "Priya Nair",
            "Engineering manager",
            America::New_York,
            at,
        ),
        Person {
            deleted: true,
            ..named("U0OLGA0001", "olga", "Olga Ivanova", "")
        },
        Person {
            team: PARTNER_TEAM.to_owned(),
            is_stranger: true,
            email: Some("xavier@partner.example".to_owned()),
            ..named("U0XAVIER01", "xavier", "Xavier Roy", "")
        },
        Person {
            bot_id: Some("B0CIBOT001".to_owned()),
            app_id: Some("A0CIBOT001".to_owned()),
            email: None,
            ..named("U0CIBOT001", "ci", "CI", "")
        },
        Person {
            bot_id: Some(BOT.to_owned()),
            app_id: Some(APP.to_owned()),
            email: None,
            ..named(BOT_USER, "breakglass", bot_name, "")
        },
    ]
}

fn groups() -> Vec<Group> {
    let group = |id: &str, handle: &str, name: &str, members: &[&str]| Group {
        id: id.to_owned(),
        handle: handle.to_owned(),
        name: name.to_owned(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        disabled: false,
    };
    vec![
        group(
            "S0ENGMGRS1",
            "eng-managers",
            "Engineering managers",
            &["U0MORGAN01", "U0PRIYA001"],
        ),
        group(
            "S0COMMAND1",
            "incident-commanders",
            "Incident commanders",
            &["U0RILEY001"],
        ),
        group("S0SECURIT1", "security", "Security", &["U0SAM00001"]),
    ]
}

/// Everybody of our own who can still sign in, the guest and the other bot included.
pub(super) const STAFF: [&str; 7] = [
    "U0DANA0001",
    "U0MORGAN01",
    "U0RILEY001",
    "U0SAM00001",
    "U0GUS00001",
    "U0PRIYA001",
    "U0CIBOT001",
];

fn channels(at: DateTime<Utc>) -> Vec<Channel> {
    let channel = |id: &str, name: &str, members: &[&str]| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: Kind::Public,
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        archived: false,
        shared: false,
        topic: String::new(),
        created: at,
        messages: std::collections::BTreeMap::new(),
    };
    let with = |more: &[&'static str]| [STAFF.as_slice(), more].concat();
    vec![
        channel("C0INCAUTH1", "inc-auth-outage", &with(&[BOT_USER])),
        channel("C0ENGINEER", "engineering", &with(&[BOT_USER])),
        channel("C0GENERAL1", "general", &STAFF),
        Channel {
            kind: Kind::Private,
            ..channel("G0PRIVATE1", "inc-secret", &["U0DANA0001", "U0MORGAN01"])
        },
        Channel {
            archived: true,
            ..channel("C0ARCHIVED", "inc-old", &with(&[BOT_USER]))
        },
        Channel {
            shared: true,
            ..channel(
                "C0SHARED01",
                "inc-partner",
                &with(&["U0XAVIER01", BOT_USER]),
            )
        },
    ]
}

/// The workspace at its beginning.
pub(super) fn workspace(at: DateTime<Utc>, bot_name: &str) -> Workspace {
    Workspace {
        people: people(at, bot_name)
            .into_iter()
            .map(|person| (person.id.clone(), person))
            .collect(),
        groups: groups()
            .into_iter()
            .map(|group| (group.id.clone(), group))
            .collect(),
        channels: channels(at)
            .into_iter()
            .map(|channel| (channel.id.clone(), channel))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_in_a_channel_or_group_exists() {
        let cast = workspace(DateTime::default(), "Breakglass");
        let members = cast
            .channels
            .values()
            .flat_map(|channel| channel.members.iter().cloned());
        let grouped = cast
            .groups
            .values()
            .flat_map(|group| group.members.iter().cloned());
        for id in members.chain(grouped) {
            assert!(cast.people.contains_key(&id), "{id}");
        }
    }

    #[test]
    fn the_guest_the_leaver_and_the_stranger_show_as_what_they_are() {
        let cast = workspace(DateTime::default(), "Breakglass");
        let shown = |handle: &str| {
            cast.person(handle)
                .unwrap()
                .to_json(DateTime::default(), true)
        };
        assert_eq!(shown("gus")["is_restricted"], true);
        assert_eq!(shown("olga")["deleted"], true);
        assert_eq!(shown("xavier")["is_stranger"], true);
        assert!(shown("xavier")["profile"].get("email").is_none());
        assert_eq!(shown("priya")["tz"], "America/New_York");
        assert_eq!(shown("ci")["is_bot"], true);
    }
}
