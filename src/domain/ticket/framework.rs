//! The frameworks that ask something of an emergency change, and which demand
//! of theirs a field answers.

use std::fmt;

named! {
    /// A framework. A policy that names one asks for its fields, too.
    pub enum Framework {
        /// SOC 2, trust services criterion CC8.1. Its fields are always asked for.
        Soc2 = "soc2",
        /// PCI DSS 4.0.1, requirement 6.5.1.
        PciDss = "pci_dss",
        /// NIST SP 800-53 revision 5, CM-3 and what belongs to it.
        Nist = "nist",
        /// DORA's technical standard on ICT risk management, article 17.
        Dora = "dora",
        /// NIS2's implementing regulation 2024/2690, point 6.4.
        Nis2 = "nis2",
        /// ISO/IEC 27001:2022, control A.8.32.
        Iso27001 = "iso_27001",
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Soc2 => "SOC 2",
            Self::PciDss => "PCI DSS",
            Self::Nist => "NIST 800-53",
            Self::Dora => "DORA",
            Self::Nis2 => "NIS2",
            Self::Iso27001 => "ISO 27001",
        })
    }
}

impl Framework {
    /// Returns what all of a field's citations of this framework are of.
    pub const fn provision(self) -> &'static str {
        match self {
            Self::Soc2 => "CC8.1",
            Self::PciDss => "6.5.1",
            Self::Nist => "CM-3",
            Self::Dora => "RTS Art. 17",
            Self::Nis2 => "6.4.3",
            Self::Iso27001 => "A.8.32",
        }
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
