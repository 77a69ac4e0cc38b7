//! The words of production: what people do to it, what it consists of, and what
//! people approve besides that has nothing to do with it.
//!
//! Lists and nothing else; which of them makes a request is decided in
//! `question`, which makes an order in `answer`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::phrases::among;
use super::words::{CODE, LINK};

/// How surely a verb is about production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Everyday; production must be named beside it: `remove`, `send`.
    Everyday,
    /// About production unless something of everyday life is named: `disable`.
    Likely,
    /// About production whatever else is named: `deploy`.
    Sure,
}

/// In which form a verb stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `deploy`, which may be a noun too.
    Base,
    /// `deploying`.
    Ongoing,
    /// `deployed`.
    Past,
}

/// A change to production, as a verb says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// The verb's stem, with its particle: `deploy`, `rollback`, `turn`.
    pub(super) stem: &'static str,
    /// How surely it is one.
    pub(super) weight: Weight,
    /// In which form it stands.
    pub(super) form: Form,
}

/// Verbs of [`Weight::Sure`].
const SURE: &str = "deploy redeploy undeploy rollback rollout revert restart \
                    reboot failover failback hotfix cordon uncordon drain reindex \
                    repoint reroute redirect blackhole reimage reprovision";

/// Verbs of [`Weight::Likely`].
const LIKELY: &str = "patch scale upscale downscale purge flush truncate bounce \
                      route isolate quarantine whitelist allowlist blacklist \
                      denylist block unblock throttle rotate revoke evict terminate \
                      detach attach reattach unmount remount mount resize vacuum \
                      backfill requeue invalidate disable enable kill toggle flip \
                      cutover downgrade upgrade restore reset rebuild recreate \
                      respawn recycle switch migrate promote demote wipe swap bypass \
                      unlock null decommission hotpatch repair replay reload power \
                      provision quiesce kick sever disconnect shutdown nuke rerun \
                      resync rehash evacuate fence bin neuter unplug compact defrag \
                      rejoin lock";

/// Verbs of [`Weight::Everyday`].
const EVERYDAY: &str = "push ship release apply run execute change update set add \
                        remove delete drop move stop start open close merge clear pull \
                        cancel pause resume increase raise lower reduce bump expand \
                        grow extend shrink replace renew install uninstall cut put \
                        take send fix mitigate point shift double halve limit skip \
                        force hit rename edit modify adjust tweak tune create launch \
                        trigger retry spin bring load copy publish issue sync turn \
                        shut roll fail lift clean free trim shard split alter insert \
                        void refund abort suspend cap make use try let go proceed \
                        swing direct divert dump shed freeze unfreeze ban whack \
                        tear cherry land stage activate deactivate";

/// Verbs that mean production together with a particle soon after them.
const WITH_PARTICLE: &[(&str, &str, &str, Weight)] = &[
    ("roll", "back", "rollback", Weight::Sure),
    ("roll", "out forward over", "rollout", Weight::Sure),
    ("fail", "over back", "failover", Weight::Sure),
    ("turn", "on off up down", "turn", Weight::Likely),
    ("shut", "down off", "shut", Weight::Likely),
    ("take", "down offline out", "take", Weight::Likely),
    ("bring", "down up back online", "bring", Weight::Likely),
    ("cut", "over off", "cutover", Weight::Likely),
    ("spin", "up down", "spin", Weight::Likely),
    ("back", "out", "rollback", Weight::Sure),
    ("pull", "plug", "shut", Weight::Likely),
];

/// How far behind its verb a particle may stand: `turn the new login flow off`.
const REACH: usize = 7;

/// The past and the ongoing forms that don't follow the rule.
const IRREGULAR: &[(&str, &str, Form)] = &[
    ("ran", "run", Form::Past),
    ("took", "take", Form::Past),
    ("taken", "take", Form::Past),
    ("sent", "send", Form::Past),
    ("rebuilt", "rebuild", Form::Past),
    ("went", "go", Form::Past),
    ("gone", "go", Form::Past),
    ("goes", "go", Form::Past),
    ("grew", "grow", Form::Past),
    ("grown", "grow", Form::Past),
    ("brought", "bring", Form::Past),
    ("made", "make", Form::Past),
    ("spun", "spin", Form::Past),
];

/// Every verb with its weight; built once, because each word is looked up.
static VERBS: LazyLock<HashMap<&'static str, Weight>> = LazyLock::new(|| {
    let of = |verbs: &'static str, weight| {
        verbs
            .split_ascii_whitespace()
            .map(move |verb| (verb, weight))
    };
    of(EVERYDAY, Weight::Everyday)
        .chain(of(LIKELY, Weight::Likely))
        .chain(of(SURE, Weight::Sure))
        .collect()
});

/// Returns the change that the word at `at` begins to say, if it is a verb of one.
pub(super) fn change(words: &[&str], at: usize) -> Option<Change> {
    let word = words.get(at)?;
    let (stem, form) = verb(word)?;
    let near = words.iter().skip(at + 1).take(REACH);
    let with_particle = WITH_PARTICLE.iter().find(|(verb, particles, ..)| {
        *verb == stem && near.clone().any(|word| among(word, particles))
    });
    if let Some((.., meant, weight)) = with_particle {
        return Some(Change {
            stem: meant,
            weight: *weight,
            form,
        });
    }
    // `back` and such are verbs only with their particle.
    let weight = *VERBS.get(stem)?;
    Some(Change { stem, weight, form })
}

/// Returns the verb of which a word is a form, and which form.
fn verb(word: &str) -> Option<(&'static str, Form)> {
    if let Some(stem) = known(word) {
        return Some((stem, Form::Base));
    }
    if let Some((_, stem, form)) = IRREGULAR.iter().find(|(past, ..)| *past == word) {
        return Some((stem, *form));
    }
    let (ending, form) = if let Some(ending) = word.strip_suffix("ing") {
        (ending, Form::Ongoing)
    } else {
        (word.strip_suffix("ed")?, Form::Past)
    };
    let last = ending.chars().next_back()?;
    let single = ending
        .strip_suffix(last)
        .filter(|single| single.ends_with(last));
    let with_y = ending.strip_suffix('i').map(|stem| format!("{stem}y"));
    known(ending)
        .or_else(|| known(&format!("{ending}e")))
        .or_else(|| known(single?))
        .or_else(|| known(&with_y?))
        .map(|stem| (stem, form))
}

fn known(stem: &str) -> Option<&'static str> {
    VERBS
        .get_key_value(stem)
        .map(|(stem, _)| *stem)
        .or_else(|| {
            WITH_PARTICLE
                .iter()
                .find(|(verb, ..)| *verb == stem)
                .map(|(verb, ..)| *verb)
        })
}

/// What production consists of.
const PRODUCTION: &str = "prod production db dbs database service svc server cluster pod \
                          node host vm instance cache redis kafka postgres mysql mongo \
                          elastic elasticsearch rabbit rabbitmq memcached cassandra \
                          dynamo queue topic partition waf firewall rule dns cdn \
                          cloudflare fastly akamai lb elb alb nginx haproxy envoy istio \
                          balancer config configmap flag toggle killswitch migration \
                          index schema hotfix fix patch build version traffic replica \
                          primary secret key cert certificate token api gateway gw ip \
                          ips iam vpn ingress egress deployment deploy release rollback \
                          pipeline region az cron job worker consumer lambda container \
                          image script sql query table row port endpoint cidr subnet vpc \
                          acl session login checkout backup snapshot volume disk pvc \
                          memory cpu maxmemory quota timeout threshold helm terraform \
                          k8s kubernetes canary shard backend frontend proxy binary \
                          artifact hosts app webhook connection pool lock tables record \
                          cronjob daemon agent credential password autoscaler hpa \
                          replicas nodes main commit change exporter zone tls ssl \
                          s3 bucket sg route edge switch breaker limiter throttle bot \
                          spam mitigation workaround kernel bgp link sqs stream logs log \
                          dumps process pid site maintenance payments auth reads writes \
                          nat instances feature vol tb gb vip lag heap thread threads \
                          rds iops ec2 eks gke asg pgbouncer sidekiq celery jenkins argo \
                          spark airflow snowflake clickhouse vault consul nomad etcd \
                          zookeeper solr varnish squid apache tomcat jvm nfs san router \
                          tunnel mesh sidecar scheduler rps resolver broker fleet \
                          exploit scanner attacker proxysql oauth sso saml ldap smtp mx \
                          postfix domain api-gateway scoring batch etl dr";

/// What people also approve, permit and send.
const OF_EVERYDAY_LIFE: &str = "invoice pr prs mr holiday vacation pto leave friday lunch \
                                dinner pizza food coffee design mockup mock figma copy wording \
                                text blog post tweet statement announcement statuspage comms \
                                communication email emails newsletter budget expense purchase \
                                po spend cost contract hire headcount candidate invite meeting \
                                standup retro agenda slide deck doc document docs \
                                documentation postmortem ticket jira runbook calendar access \
                                laptop swag hotel flight trip travel timesheet training \
                                interview shift handover survey credit review roadmap okr spec \
                                proposal rfc report summary logo banner wiki notes note \
                                license vendor overtime bonus sick zoom recording \
                                incident title color colour font quote receipt conference team \
                                nap bed channel thread message poll emoji draft timeline rota \
                                roster oncall reimbursement gift party beer drinks weekend \
                                monday tuesday wednesday thursday saturday sunday nda press \
                                screenshot board meme joke faq form call status adr diagram \
                                architecture case sev severity sev0 sev1 sev2 sev3 sev4 sev5 p0 p1 \
                                p2 p3 p4 ic commander staff contractor role dashboard graph alert \
                                pager cab taxi dpa paperwork support planning bridge retrospective \
                                article video estimate story epic branch desk camera mic headset seat redesign milestone notification comment conversation section handbook advisory number discussion backlog spreadsheet presentation \
                                checklist guide certification sow msa salary raise promotion";

static NAMES_OF_PRODUCTION: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| PRODUCTION.split_ascii_whitespace().collect());

static NAMES_OF_EVERYDAY_LIFE: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| OF_EVERYDAY_LIFE.split_ascii_whitespace().collect());

fn is_one_of(word: &str, list: &HashSet<&str>) -> bool {
    list.contains(word)
        || word
            .strip_suffix('s')
            .is_some_and(|single| list.contains(single))
}

/// Whether a word names a part of production: `redis`, `v2.31.0`, a piece of code.
pub(super) fn is_of_production(word: &str) -> bool {
    word == CODE || is_one_of(word, &NAMES_OF_PRODUCTION) || is_version(word)
}

/// `2.31.0`, `v2`, and addresses of machines, which look alike.
fn is_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    let mut parts = digits.split('.');
    let is_number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let first = parts.next().is_some_and(is_number);
    first && (digits.len() < word.len() || parts.next().is_some_and(is_number))
}

/// Whether a word names what people approve that is no change to production.
pub(super) fn is_of_everyday_life(word: &str) -> bool {
    is_one_of(word, &NAMES_OF_EVERYDAY_LIFE)
}

/// Whether a word says where nobody is hurt.
pub(super) fn is_rehearsal(word: &str) -> bool {
    among(
        word,
        "staging stage stg dev qa uat sandbox preprod local localhost \
         test demo preview perf loadtest laptop nonprod locally",
    )
}

/// `Tomorrow`, `on Monday`: what can wait is no emergency, and its answer no
/// authorization to act now.
pub(super) fn is_of_another_day(words: &[&str]) -> bool {
    let names_a_day = |word: &&str| {
        among(
            word,
            "monday tuesday wednesday thursday friday saturday sunday mondays \
             tuesdays wednesdays thursdays fridays weekends generally usually normally",
        )
    };
    words.contains(&"tomorrow")
        || words.iter().any(names_a_day)
        || words.windows(2).any(|pair| match pair {
            ["next", span] => among(span, "week sprint month quarter release time year"),
            ["this", span] => among(span, "sprint month quarter year"),
            pair => matches!(pair, ["in", "general"] | ["business" | "office", "hours"]),
        })
}

/// Whether a verb makes a deed of the noun after it: `do a deploy`.
pub(super) fn is_deed(word: &str) -> bool {
    among(
        word,
        "do make perform execute run trigger start begin doing making performing \
         executing running triggering starting",
    )
}

/// Whether something is said to happen only where nobody is hurt: `to staging`.
pub(super) fn is_only_a_rehearsal(words: &[&str]) -> bool {
    let goes_there = words.windows(2).any(|pair| match pair {
        [to, place] => among(to, "to on in the into from our") && is_rehearsal(place),
        _ => false,
    });
    goes_there && !words.iter().any(|word| is_live(word))
}

/// Whether a word says where customers are.
pub(super) fn is_live(word: &str) -> bool {
    matches!(word, "prod" | "production" | "live")
}

/// Whether a word says how something stands and makes a noun of the verb before
/// it: `deploy failed`, `rollback plan`.
pub(super) fn is_state(word: &str) -> bool {
    among(
        word,
        "is was done failed fails failing finished complete completed \
         in went has had looks looking plan notes ok succeeded \
         successful status started running stuck worked works yet good \
         fine broken window freeze process time times took takes log \
         logs pipeline train doing going ready happened happening \
         helped helping again did does will would should could looked \
         progress script job or are steps doc",
    )
}

/// Whether a word stands for an address.
pub(super) fn is_address(word: &str) -> bool {
    word == LINK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(&'static str, Form)> {
        let words: Vec<&str> = text.split(' ').collect();
        change(&words, 0).map(|change| (change.stem, change.form))
    }

    #[test]
    fn a_verb_is_known_in_its_forms() {
        assert_eq!(of("deploying"), Some(("deploy", Form::Ongoing)));
        assert_eq!(of("disabling"), Some(("disable", Form::Ongoing)));
        assert_eq!(of("flipping"), Some(("flip", Form::Ongoing)));
        assert_eq!(of("applied"), Some(("apply", Form::Past)));
        assert_eq!(of("roll the new api back"), Some(("rollback", Form::Base)));
        assert_eq!(of("rolling it out"), Some(("rollout", Form::Ongoing)));
        assert_eq!(of("failing over"), Some(("failover", Form::Ongoing)));
        assert_eq!(of("took it down"), Some(("take", Form::Past)));
        assert_eq!(of("thinking"), None);
        assert_eq!(of("king"), None);
    }

    #[test]
    fn versions_and_machines_are_production_and_numbers_are_not() {
        assert!(is_of_production("v2.31.0") && is_of_production("10.0.0.7"));
        assert!(is_of_production("workers") && is_of_production(CODE));
        assert!(!is_of_production("4") && !is_of_production("very") && !is_of_production("v"));
    }

    #[test]
    fn no_verb_is_listed_twice() {
        let all = [SURE, LIKELY, EVERYDAY].join(" ");
        assert_eq!(all.split_ascii_whitespace().count(), VERBS.len());
    }
}
