use crate::harness::Shop;
use clap::Parser;
use souk_tools::replay::{Options, run};
use std::fmt::Write;
use std::path::Path;

const SKUS: usize = 120;
const INVOICES: usize = 300;

/// A catalog and invoices in the form of the retailer's files, made from a fixed rule: SKUs repeat within an invoice, some
/// customers are guests, quantities reach into the hundreds.
fn write_files(folder: &Path) -> (String, String) {
    let mut catalog = "sku,name,category,price_minor,currency,first_sold\n".to_owned();
    for n in 0..SKUS {
        let (category, price) = (n % 7, 35 + 13 * n);
        writeln!(catalog, "R{n},\"REPLAYED, PRODUCT {n}\",Category {category},{price},GBP,2010-12-01").unwrap();
    }
    let mut orders = "invoice,placed_at,customer,country,sku,quantity,unit_price_minor\n".to_owned();
    for invoice in 0..INVOICES {
        let customer = if invoice % 9 == 0 { String::new() } else { (17850 + invoice % 40).to_string() };
        for line in 0..1 + invoice % 12 {
            let (sku, quantity) = ((invoice * 7 + line * line) % SKUS, 1 + (invoice * 31 + line * 17) % 240);
            let price = 30 + line;
            writeln!(orders, "{invoice},2010-12-01T08:26:00Z,{customer},United Kingdom,R{sku},{quantity},{price}")
                .unwrap();
        }
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let (catalog_path, orders_path) = (path("products.csv"), path("orders.csv"));
    std::fs::write(&catalog_path, catalog).unwrap();
    std::fs::write(&orders_path, orders).unwrap();
    (catalog_path, orders_path)
}

#[tokio::test]
async fn replayed_invoices_are_accepted_and_the_books_agree_with_the_file() {
    let shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let (catalog, orders) = write_files(folder.path());
    let manager = shop.banner["users"].as_array().unwrap().iter().find(|user| user["role"] == "manager").unwrap();
    let (email, password) = (manager["email"].as_str().unwrap(), manager["password"].as_str().unwrap());
    let common = ["replay", "--quiet", "--accounts", "4", "--url", shop.url(), "--orders", &orders];
    let stocked = ["--catalog", &catalog, "--manager", email, "--password", password];
    let report = run(&Options::parse_from(common.iter().chain(&stocked))).await.unwrap();
    assert_eq!((report.accepted, report.refused.len()), (INVOICES as u64, 0), "{report}");
    assert_eq!(report.disagreements, Vec::<String>::new());

    // Everything is sold now, so the next customers are refused, and the books still agree.
    let limited = ["--limit", "20"];
    let report = run(&Options::parse_from(common.iter().chain(&limited))).await.unwrap();
    assert_eq!((report.accepted, report.refused.get("insufficient_stock")), (0, Some(&20)), "{report}");
    assert_eq!(report.disagreements, Vec::<String>::new());
}
