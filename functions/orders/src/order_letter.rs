//! What the mails to buyers say.

use souk_domain::{MailId, Money, Order, OrderNews, OrderToMail, OutgoingMail, Payment, Shipment};
use std::fmt::Write;

/// The mail of what happened to an order, or `None` when that is nothing to its buyer.
pub(crate) fn write(id: MailId, to: &OrderToMail, news: &[OrderNews<'_>], shop: &str) -> Option<OutgoingMail> {
    let OrderToMail { order, email, name } = to;
    let subject = subject(news.first()?, order);
    let paragraphs: Vec<String> = news.iter().map(|news| paragraph(news, order)).collect();
    let text = format!("Hello {name},\n\n{}\n\nYour order {}: {shop}\n", paragraphs.join("\n\n"), order.number);
    Some(OutgoingMail { id, to: email.clone(), subject, text })
}

fn subject(news: &OrderNews<'_>, order: &Order) -> String {
    let number = &order.number;
    match news {
        OrderNews::Confirmed => format!("Your order {number}"),
        OrderNews::Shipped(_) => format!("A parcel of your order {number} is on its way"),
        OrderNews::ReturnApproved => format!("Your return to order {number}"),
        OrderNews::ReturnRejected(_) => format!("Your return to order {number} was not accepted"),
        OrderNews::Cancelled => format!("Your order {number} was cancelled"),
        OrderNews::Refunded => format!("Your money of order {number} is on its way back"),
    }
}

fn paragraph(news: &OrderNews<'_>, order: &Order) -> String {
    match news {
        OrderNews::Confirmed => confirmation(order),
        OrderNews::Shipped(shipment) => parcel(shipment, order),
        OrderNews::ReturnApproved => "we take back what you wanted to return. Please send it to us.".to_owned(),
        OrderNews::ReturnRejected(None) => "we cannot take back what you wanted to return.".to_owned(),
        OrderNews::ReturnRejected(Some(why)) => format!("we cannot take back what you wanted to return: {why}"),
        // Money that had come follows, and is a mail of its own.
        OrderNews::Cancelled => "your order was cancelled. Nothing of it will be sent.".to_owned(),
        OrderNews::Refunded => {
            // Of all payments: it may be one that came twice, or too late to count.
            let all = |amount: fn(&Payment) -> &Money| Money::sum(order.payments.iter().map(amount));
            match (all(|payment| &payment.refunded), all(|payment| &payment.captured)) {
                (Ok(refunded), Ok(paid)) => format!("we gave back {refunded} of the {paid} that you paid."),
                _ => "we gave back money that you paid.".to_owned(),
            }
        }
    }
}

fn confirmation(order: &Order) -> String {
    let mut text = String::from("thank you for your order:\n\n");
    for line in &order.lines {
        say(&mut text, format_args!("{} × {}: {}", i64::from(line.quantity), line.name, line.line_total));
    }
    let totals = &order.totals;
    if totals.discount.amount_minor() > 0 {
        say(&mut text, format_args!("Discount: −{}", totals.discount));
    }
    if let Some(shipping) = &order.shipping {
        say(&mut text, format_args!("Shipping: {}: {}", shipping.name, totals.shipping));
    }
    if totals.tax.amount_minor() > 0 && !order.tax.is_included {
        say(&mut text, format_args!("Tax: {}", totals.tax));
    }
    say(&mut text, format_args!("Total: {}", totals.grand_total));
    if totals.tax.amount_minor() > 0 && order.tax.is_included {
        say(&mut text, format_args!("Tax in it: {}", totals.tax));
    }
    if let Some(address) = &order.shipping_address {
        say(&mut text, format_args!("\nIt goes to:\n{}\n{}", address.recipient, address.line1));
        for line in address.line2.iter() {
            say(&mut text, format_args!("{line}"));
        }
        let code = address.postal_code.as_ref().map(|code| format!("{code} ")).unwrap_or_default();
        say(&mut text, format_args!("{code}{}, {}", address.city, address.country));
    }
    text.trim_end().to_owned()
}

fn parcel(shipment: &Shipment, order: &Order) -> String {
    let mut text = format!("a parcel left for you with {}, number {}:\n\n", shipment.carrier, shipment.tracking_number);
    for piece in &shipment.lines {
        let line = order.lines.iter().find(|line| line.product_id == piece.product_id);
        if let Some(line) = line {
            say(&mut text, format_args!("{} × {}", i64::from(piece.quantity), line.name));
        }
    }
    text.trim_end().to_owned()
}

/// Writes a line.
fn say(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Nothing fails that is written to a text.
    let _ = writeln!(text, "{line}");
}
