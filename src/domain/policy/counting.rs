//! What counts as one change to production: one rule per source, so that nothing
//! counts twice.

use std::collections::BTreeMap;

use super::fits;
use crate::domain::deployment::{Happening, SourceName};

/// Which tellings of a source are of production, and which of them count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// By source, what has to happen for a change to count.
    pub happenings: BTreeMap<SourceName, Happening>,
    /// The names of production environments. `*` stands for anything, and what
    /// begins with `!` takes out what the others let in.
    pub production: Vec<String>,
    /// The names of workflows and jobs that deploy to production, written alike.
    pub jobs: Vec<String>,
    /// The branches that go to production, for the sources that don't say which
    /// branch is their default.
    pub branches: Vec<String>,
    /// Whether standard changes are among the changes that are counted.
    pub standard: bool,
}

impl Default for Counting {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            happenings: Self::USUAL
                .iter()
                .map(|(name, happening)| (SourceName::new(name), *happening))
                .collect(),
            production: names(&["production", "prod"]),
            jobs: names(&[
                "*deploy*",
                "*release*",
                "!*staging*",
                "!*preview*",
                "!*sandbox*",
            ]),
            branches: names(&["main", "master"]),
            standard: true,
        }
    }
}

impl Counting {
    /// The sources that the program reads, and what counts where nobody said
    /// otherwise: the nearest to production that the source tells of.
    pub const USUAL: &[(&str, Happening)] = &[
        ("github", Happening::Deployment),
        ("gitlab", Happening::Deployment),
        ("bitbucket", Happening::Merge),
        ("jenkins", Happening::Run),
        ("circleci", Happening::Run),
    ];

    /// Returns by what a source tells of changes, of which one may count.
    pub fn told_by(source: &SourceName) -> &'static [Happening] {
        use Happening::{Deployment, Listed, Merge, Push, Run};
        match source.as_str() {
            "github" => &[Deployment, Merge, Run, Push],
            "gitlab" | "bitbucket" => &[Deployment, Merge],
            "jenkins" | "circleci" => &[Run],
            _ => &[Deployment, Merge, Run, Push, Listed],
        }
    }

    /// Returns what has to happen for a change of this source to count.
    pub fn happening(&self, source: &SourceName) -> Happening {
        let named = self.happenings.get(source).copied();
        named.unwrap_or(Happening::Deployment)
    }

    /// Whether a telling of this source counts by itself.
    pub fn counts(&self, source: &SourceName, happening: Happening) -> bool {
        match happening {
            Happening::Listed => true,
            Happening::Review => false,
            Happening::Deployment | Happening::Merge | Happening::Run | Happening::Push => {
                self.happening(source) == happening
            }
        }
    }

    /// Whether an environment of this name is production.
    pub fn is_production(&self, environment: &str) -> bool {
        is_among(&self.production, environment)
    }

    /// Whether a workflow or job of this name deploys to production.
    pub fn deploys(&self, job: &str) -> bool {
        is_among(&self.jobs, job)
    }

    /// Whether a branch of this name goes to production, where the source doesn't
    /// say which one is its default.
    pub fn goes_to_production(&self, branch: &str) -> bool {
        is_among(&self.branches, branch)
    }
}

/// Whether a name fits one of the patterns, and none of those with a `!`.
fn is_among(patterns: &[String], name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let mut is_in = false;
    for pattern in patterns {
        let pattern = pattern.to_lowercase();
        match pattern.strip_prefix('!') {
            Some(out) if fits(out, &name) => return false,
            Some(_) => {}
            None => is_in |= fits(&pattern, &name),
        }
    }
    is_in
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_one_rule() {
        let mut counting = Counting::default();
        let github = SourceName::new("GitHub");
        assert!(counting.counts(&github, Happening::Deployment));
        assert!(!counting.counts(&github, Happening::Merge));
        counting.happenings.insert(github.clone(), Happening::Merge);
        assert!(!counting.counts(&github, Happening::Deployment));
        assert!(counting.counts(&github, Happening::Merge));
        assert!(counting.counts(&github, Happening::Listed));
        assert!(counting.counts(&SourceName::new("jenkins"), Happening::Run));
        assert!(counting.counts(&SourceName::new("spinnaker"), Happening::Deployment));
    }

    #[test]
    fn the_usual_one_is_told_by_its_source() {
        for (name, usual) in Counting::USUAL {
            let source = SourceName::new(name);
            assert!(Counting::told_by(&source).contains(usual), "{name}");
        }
    }

    #[test]
    fn what_is_taken_out_stays_out_wherever_it_stands() {
        let mut counting = Counting::default();
        assert!(counting.deploys("Deploy") && counting.deploys("build-test-deploy"));
        assert!(!counting.deploys("deploy-STAGING") && !counting.deploys("test"));
        counting.production = vec!["!prod-preview".to_owned(), "prod*".to_owned()];
        assert!(counting.is_production("Production/eu") && counting.is_production("prod"));
        assert!(!counting.is_production("prod-preview") && !counting.is_production("staging"));
        counting.production.clear();
        assert!(!counting.is_production("production"));
    }
}
