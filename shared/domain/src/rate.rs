use std::time::Duration;

/// How much of something is allowed: so many at once, all of them again after `per`, evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// What is counted, in `kebab-case`.
    pub name: &'static str,
    /// Most at once.
    pub burst: u32,
    /// From none left to all of them.
    pub per: Duration,
    /// Whether callers are told what is left. Not where that would tell a stranger what somebody else did.
    pub is_told: bool,
}

impl Rate {
    /// Log-ins, and whatever else a password is guessed with, against one account.
    pub const LOG_IN_ACCOUNT: Self = Self { is_told: false, ..Self::new("log-in-account", 10, 10 * 60) };
    /// Log-ins from one network address, which a company or a café shares.
    pub const LOG_IN_ADDRESS: Self = Self::new("log-in-address", 100, 10 * 60);
    /// Registrations from one network address.
    pub const REGISTRATIONS: Self = Self::new("registrations", 20, 60 * 60);
    /// Mails with a link that strangers may cause to one mailbox.
    pub const MAILS: Self = Self { is_told: false, ..Self::new("mails", 5, 60 * 60) };
    /// Reset mails asked for from one network address.
    pub const RESETS: Self = Self::new("resets", 20, 60 * 60);
    /// Looks at where an order is, for one address of mail: numbers of orders count up, so who knows the address could try them all.
    pub const TRACKING: Self = Self { is_told: false, ..Self::new("tracking", 10, 10 * 60) };
    /// Looks at where an order is, from one network address.
    pub const TRACKING_ADDRESS: Self = Self::new("tracking-address", 100, 10 * 60);
    /// Whatever changes the shop, by one person, or one network address for guests.
    pub const WRITES: Self = Self::new("writes", 600, 60);
    /// Every rate.
    pub const ALL: [Self; 8] = [
        Self::LOG_IN_ACCOUNT,
        Self::LOG_IN_ADDRESS,
        Self::REGISTRATIONS,
        Self::MAILS,
        Self::RESETS,
        Self::TRACKING,
        Self::TRACKING_ADDRESS,
        Self::WRITES,
    ];

    const fn new(name: &'static str, burst: u32, seconds: u64) -> Self {
        Self { name, burst, per: Duration::from_secs(seconds), is_told: true }
    }

    /// A rate that allows so many times as much.
    pub fn times(self, factor: u32) -> Self {
        Self { burst: self.burst.saturating_mul(factor), ..self }
    }

    /// The time that one use takes to come back.
    pub fn interval(self) -> Duration {
        self.per / self.burst
    }
}

/// One count: of a rate, for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Meter {
    /// How much is allowed.
    pub rate: Rate,
    /// To whom: an id, a network address, a hash; never an address of mail in clear.
    pub whom: String,
}

/// What a meter says after somebody asked for one more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Most at once.
    pub limit: u32,
    /// Left now.
    pub remaining: u32,
    /// Until all are there again.
    pub reset: Duration,
    /// How long to wait when this use is refused; `None` when it is allowed.
    pub retry_after: Option<Duration>,
}
