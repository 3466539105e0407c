//! Where Stripe's smallest unit of a currency is ISO 4217's minor unit, and where it is not.
//! From <https://docs.stripe.com/currencies#minor-units>.

use iso_currency::Currency;
use souk_domain::CurrencyCode;

/// Amounts are whole units.
const ZERO_DECIMALS: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Amounts are thousandths. The last digit must be 0, which Stripe checks.
const THREE_DECIMALS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// True if an amount in minor units means the same at Stripe. ISK, UGX and MGA are among those where it does not.
pub(crate) fn has_stripes_minor_unit(currency: &CurrencyCode) -> bool {
    let code = currency.as_str();
    let stripes = match code {
        _ if ZERO_DECIMALS.contains(&code) => 0,
        _ if THREE_DECIMALS.contains(&code) => 3,
        _ => 2,
    };
    // Gold, test codes and the like have no minor unit at all.
    Currency::from_code(code).and_then(|currency| currency.exponent()) == Some(stripes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_exact(code: &str) -> bool {
        has_stripes_minor_unit(&CurrencyCode::parse(code).expect("a currency"))
    }

    #[test]
    fn most_currencies_have_the_same_minor_unit_at_stripe() {
        for code in ["GBP", "EUR", "USD", "HUF", "TWD", "JPY", "KRW", "KWD"] {
            assert!(is_exact(code), "{code}");
        }
    }

    #[test]
    fn a_currency_that_stripe_counts_otherwise_is_told() {
        for code in ["ISK", "UGX", "MGA", "IQD", "LYD", "CLF", "XAU"] {
            assert!(!is_exact(code), "{code}");
        }
    }
}
