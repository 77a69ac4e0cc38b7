//! Which demand of which framework a field answers.

use crate::domain::policy::Framework;

/// Returns the provision that all of a framework's citations are of.
pub const fn provision(framework: Framework) -> &'static str {
    match framework {
        Framework::Soc2 => "CC8.1",
        Framework::PciDss => "6.5.1",
        Framework::Nist => "CM-3",
        Framework::Dora => "RTS Art. 17",
        Framework::Nis2 => "6.4.3",
        Framework::Iso27001 => "A.8.32",
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

    /// Returns the demand of a framework: of CC8.1 the point of focus.
    pub const fn of(&self, framework: Framework) -> Option<&'static str> {
        match framework {
            Framework::Soc2 => self.soc2,
            Framework::PciDss => self.pci_dss,
            Framework::Nist => self.nist,
            Framework::Dora => self.dora,
            Framework::Nis2 => self.nis2,
            Framework::Iso27001 => self.iso_27001,
        }
    }

    /// Returns the guide's demand.
    pub const fn guide_says(&self) -> Option<&'static str> {
        self.guide
    }
}
