//! Tests that need a SQL Server are ignored, by name, when no URL of one is set.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(sqlserver)");
    println!("cargo:rerun-if-env-changed=SOUK_TEST_SQLSERVER_URL");
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("SOUK_TEST_SQLSERVER_URL").is_some() {
        println!("cargo:rustc-cfg=sqlserver");
    }
}
