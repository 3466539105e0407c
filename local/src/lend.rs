//! Functions that run outside of this process, one by one as on Lambda, on its parts.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the AWS clients of a function want to know; the connection table's stand-in takes any.
const AWS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "local")];

/// Writes the variables of such functions into a file that only its owner reads.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(file: &Path, variables: &HashMap<&str, String>) -> Result<()> {
    let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
    let variables: BTreeMap<_, _> = variables.chain(AWS).filter(|(_, value)| !value.is_empty()).collect();
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    serde_json::to_writer(open.with_context(|| file.display().to_string())?, &variables).context("the variables")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_its_owner_reads_the_file_and_what_is_not_set_is_not_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("variables.json");
        let set = |text: &str| text.to_owned();
        write(&file, &HashMap::from([("SOUK_A", set("1")), ("SOUK_B", set(""))])).expect("a file");
        let read: BTreeMap<String, String> =
            serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("JSON");
        assert_eq!(read["SOUK_A"], "1");
        assert!(read.contains_key("AWS_REGION") && !read.contains_key("SOUK_B"));
        assert_eq!(file.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }
}
