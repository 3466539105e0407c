//! What one password hash takes: tens of milliseconds keep guessing slow and log-ins quick.

use super::median;
use anyhow::Result;
use souk_customers::{Fit, Password};
use std::time::Instant;

const HASHES: usize = 20;

pub(super) async fn measure() -> Result<()> {
    let hash = Password::nobody_knows()?.hash().await?;
    let mut millis = Vec::new();
    for _ in 0..HASHES {
        let started = Instant::now();
        let fit = Password::nobody_knows()?.fits(Some(hash.clone())).await?;
        anyhow::ensure!(fit == Fit::No, "a random password fits");
        millis.push(started.elapsed().as_secs_f64() * 1e3);
    }
    println!("passwords   {:.0} ms to check one (tens wanted)", median(millis));
    Ok(())
}
