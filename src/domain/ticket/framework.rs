//! Which demand of which framework a field answers.

use crate::domain::policy::Framework;

/// Returns the provision that a framework's citations are of or go with.
pub const fn provision(framework: Framework) -> &'static str {
    match framework {
        Framework::Soc2 => "CC8.1, points of focus",
        Framework::PciDss => "v4.0.1, requirement 6.5.1",
        Framework::Nist => "rev. 5, CM-3",
        Framework::Dora => "RTS (EU) 2024/1774, Article 17",
        Framework::Nis2 => "Implementing Regulation (EU) 2024/2690, 6.4.3",
        Framework::Iso27001 => "A.8.32, with the list of ISO 27002 8.32",
    }
}

/// Which demands a field answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Citations {
    soc2: Option<&'static str>,
    guide: Option<&'static str>,
    pci_dss: Option<&'static str>,
    nist: Option<&'static str>,
    dora: Option<&'static str>,
    nis2: Option<&'static str>,
    iso_27001: Option<&'static str>,
}

impl Citations {
    pub(super) const fn none() -> Self {
        Self {
            soc2: None,
            guide: None,
            pci_dss: None,
            nist: None,
            dora: None,
            nis2: None,
            iso_27001: None,
        }
    }

    pub(super) const fn soc2(mut self, text: &'static str) -> Self {
        self.soc2 = Some(text);
        self
    }

    pub(super) const fn guide(mut self, text: &'static str) -> Self {
        self.guide = Some(text);
        self
    }

    pub(super) const fn pci(mut self, text: &'static str) -> Self {
        self.pci_dss = Some(text);
        self
    }

    pub(super) const fn nist(mut self, text: &'static str) -> Self {
        self.nist = Some(text);
        self
    }

    pub(super) const fn dora(mut self, text: &'static str) -> Self {
        self.dora = Some(text);
        self
    }

    pub(super) const fn nis2(mut self, text: &'static str) -> Self {
        self.nis2 = Some(text);
        self
    }

    pub(super) const fn iso(mut self, text: &'static str) -> Self {
        self.iso_27001 = Some(text);
        self
    }

    /// Returns the demands of a framework: of CC8.1 the points of focus.
    pub fn of(&self, framework: Framework) -> impl Iterator<Item = &'static str> + use<> {
        each(match framework {
            Framework::Soc2 => self.soc2,
            Framework::PciDss => self.pci_dss,
            Framework::Nist => self.nist,
            Framework::Dora => self.dora,
            Framework::Nis2 => self.nis2,
            Framework::Iso27001 => self.iso_27001,
        })
    }

    /// Returns the guide's demands, in its own words.
    pub fn guide_says(&self) -> impl Iterator<Item = &'static str> + use<> {
        each(self.guide)
    }
}

/// Several demands stand in one row, between semicolons; no demand has one.
fn each(cited: Option<&'static str>) -> impl Iterator<Item = &'static str> {
    cited.into_iter().flat_map(|cited| cited.split("; "))
}
