use crate::api::{Api, Call, Refusal, Reply, Wish};
use crate::settings::Settings;
use crate::wire::{Intent, Part, Refund};
use crate::{currency, notice};
use async_trait::async_trait;
use http::StatusCode;
use secrecy::SecretString;
use souk_domain::ports::PaymentProvider;
use souk_domain::{
    CaptureMode, Charge, DateTime, Error, OperationId, PaymentId, ProviderAnswer, ProviderPayment, ProviderState,
    Result, now,
};
use std::time::Duration;

const INTENTS: &str = "/v1/payment_intents";
const INTENT: &str = "/v1/payment_intents/{id}";
const SEARCH: &str = "/v1/payment_intents/search";
const CAPTURE: &str = "/v1/payment_intents/{id}/capture";
const CANCEL: &str = "/v1/payment_intents/{id}/cancel";
const REFUNDS: &str = "/v1/refunds";
/// How long Stripe remembers a key at least (24 hours), less what clocks may differ.
const KEY_LIFE: Duration = Duration::from_secs(23 * 3600);
/// Refunds in one part of their list: the most that Stripe gives.
const PART: &str = "100";

/// Stripe, or the sandbox that speaks as Stripe does.
#[derive(Debug)]
pub struct StripeProvider {
    name: &'static str,
    api: Api,
    webhook_secret: SecretString,
}

impl StripeProvider {
    /// Remembers the provider; the first wish connects.
    ///
    /// # Errors
    /// `Internal`, see [`provider`](crate::provider).
    pub fn new(url: &SecretString) -> Result<Self> {
        let settings = Settings::parse(url)?;
        let api = Api::new(&settings)?;
        Ok(Self { name: settings.name, api, webhook_secret: settings.webhook_secret })
    }
}

#[async_trait]
impl PaymentProvider for StripeProvider {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Fails with `KeyReused` when the payment was asked for before with other words, such as another amount.
    async fn charge(&self, charge: &Charge) -> Result<ProviderAnswer> {
        if !currency::has_stripes_minor_unit(charge.amount.currency()) {
            return Ok(ProviderAnswer::Refused { code: "unsupported_currency".to_owned(), payment: None });
        }
        let wish = self.api.begin();
        if may_be_forgotten(charge.payment_id)
            && let Some(intent) = found(&wish, charge.payment_id).await?
        {
            return with_refunds(&wish, intent).await.map(ProviderAnswer::Taken);
        }
        let reply: Reply<Intent> = wish.call(call_for(charge)).await?;
        let intent = match reply.verdict {
            Ok(intent) => intent,
            Err(refusal) => match declined(refusal) {
                Ok(intent) => intent,
                Err(code) => return Ok(ProviderAnswer::Refused { code, payment: None }),
            },
        };
        answer(&wish, intent, reply.is_old).await
    }

    async fn payment(&self, id: PaymentId, reference: Option<&str>) -> Result<Option<ProviderPayment>> {
        let wish = self.api.begin();
        let intent = match reference {
            Some(reference) => shown(&wish, reference).await?,
            None => found(&wish, id).await?,
        };
        let Some(intent) = intent else { return Ok(None) };
        let payment = with_refunds(&wish, intent).await?;
        match payment.payment_id == id {
            true => Ok(Some(payment)),
            false => Err(Error::Internal("the reference is another payment's".to_owned())),
        }
    }

    async fn payment_by_reference(&self, reference: &str) -> Result<Option<ProviderPayment>> {
        let wish = self.api.begin();
        match shown(&wish, reference).await? {
            Some(intent) if intent.names().is_ok() => with_refunds(&wish, intent).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn capture(&self, reference: &str, amount_minor: i64, key: OperationId) -> Result<ProviderAnswer> {
        let wish = self.api.begin();
        let call = Call::post(CAPTURE, &[("amount_to_capture", &amount_minor.to_string())], key).of(reference)?;
        let is_done = |payment: &ProviderPayment| payment.captured_minor == amount_minor;
        take(&wish, call, reference, is_done).await
    }

    async fn void(&self, reference: &str, key: OperationId) -> Result<ProviderAnswer> {
        let wish = self.api.begin();
        let call = Call::post(CANCEL, &[], key).of(reference)?;
        take(&wish, call, reference, |payment| payment.state == ProviderState::Voided).await
    }

    /// Looks for a refund under this key first: Stripe forgets keys after a day, and a second refund is money lost.
    async fn refund(&self, reference: &str, amount_minor: i64, key: OperationId) -> Result<ProviderAnswer> {
        let wish = self.api.begin();
        let intent = match intent(&wish, reference).await? {
            Ok(intent) => intent,
            Err(refusal) => return Ok(ProviderAnswer::Refused { code: refusal.complaint.word(), payment: None }),
        };
        let earlier = refunds(&wish, &intent).await?;
        if earlier.iter().any(|refund| refund.is_of(key)) {
            return intent.into_payment(earlier).map(ProviderAnswer::Taken);
        }
        let (order_id, payment_id) = intent.names()?;
        let parameters = [
            ("payment_intent", reference),
            ("amount", &amount_minor.to_string()),
            // Notices of a refund show the refund's metadata only.
            ("metadata[order_id]", &order_id.to_string()),
            ("metadata[payment_id]", &payment_id.to_string()),
            ("metadata[operation_id]", &key.to_string()),
        ];
        let reply: Reply<Refund> = wish.call(Call::post(REFUNDS, &parameters, key)).await?;
        match reply.verdict {
            Err(refusal) => {
                // Somebody may have given money back at the provider meanwhile.
                let payment = Some(Box::new(with_refunds(&wish, intent).await?));
                Ok(ProviderAnswer::Refused { code: refusal.complaint.word(), payment })
            }
            Ok(refund) => {
                let mut all = refunds(&wish, &intent).await?;
                // A list may lag behind what was answered.
                if !all.iter().any(|listed| listed.id == refund.id) {
                    all.insert(0, refund);
                }
                intent.into_payment(all).map(ProviderAnswer::Taken)
            }
        }
    }

    fn notice(&self, signature: &str, body: &[u8], now: DateTime) -> Result<Option<String>> {
        notice::read(&self.webhook_secret, signature, body, now)
    }
}

/// True if Stripe may have forgotten the key of a charge, so that it would take it a second time. A payment's name tells when it was
/// made (UUIDv7), and it was not asked for before that.
fn may_be_forgotten(id: PaymentId) -> bool {
    let made = id.uuid().get_timestamp().and_then(|made| i64::try_from(made.to_unix().0).ok());
    made.is_none_or(|made| now().timestamp().saturating_sub(made).unsigned_abs() > KEY_LIFE.as_secs())
}

/// Creates and confirms in one call, so there is no payment that waits for its confirmation.
fn call_for(charge: &Charge) -> Call {
    let amount = charge.amount.amount_minor().to_string();
    let currency = charge.amount.currency().as_str().to_ascii_lowercase();
    let (order_id, payment_id) = (charge.order_id.to_string(), charge.payment_id.to_string());
    let capture_method = match charge.capture {
        CaptureMode::Automatic => "automatic",
        CaptureMode::Manual => "manual",
    };
    let parameters = [
        ("amount", amount.as_str()),
        ("currency", &currency),
        ("confirm", "true"),
        ("capture_method", capture_method),
        ("payment_method", charge.method.as_str()),
        ("payment_method_types[]", "card"),
        ("return_url", &charge.return_url),
        ("description", &charge.description),
        ("metadata[order_id]", &order_id),
        ("metadata[payment_id]", &payment_id),
    ];
    Call::post(INTENTS, &parameters, charge.payment_id)
}

/// A card that was declined leaves a payment that says so; any other refusal leaves nothing but its word.
fn declined(refusal: Refusal) -> std::result::Result<Intent, String> {
    let word = refusal.complaint.word();
    match refusal.complaint.payment_intent {
        Some(intent) if refusal.status == StatusCode::PAYMENT_REQUIRED => Ok(*intent),
        _ => Err(word),
    }
}

/// Sends a wish about a payment. If it is refused, the payment may show that it `is_done` all the same: by an earlier attempt whose
/// key is forgotten, or by somebody at the provider.
async fn take(
    wish: &Wish<'_>,
    call: Call,
    reference: &str,
    is_done: impl Fn(&ProviderPayment) -> bool,
) -> Result<ProviderAnswer> {
    let reply: Reply<Intent> = wish.call(call).await?;
    let refusal = match reply.verdict {
        Ok(intent) => return answer(wish, intent, reply.is_old).await,
        Err(refusal) => refusal,
    };
    let payment = match intent(wish, reference).await? {
        Ok(intent) => Some(with_refunds(wish, intent).await?),
        Err(_) => None,
    };
    // The bank thought better of what it held.
    let is_declined = |payment: &ProviderPayment| {
        refusal.status == StatusCode::PAYMENT_REQUIRED && matches!(payment.state, ProviderState::Declined { .. })
    };
    match payment {
        Some(payment) if is_done(&payment) || is_declined(&payment) => Ok(ProviderAnswer::Taken(payment)),
        payment => Ok(ProviderAnswer::Refused { code: refusal.complaint.word(), payment: payment.map(Box::new) }),
    }
}

/// What is said for the first time is how things are: there was no time for a refund. An old answer is looked up.
async fn answer(wish: &Wish<'_>, answered: Intent, is_old: bool) -> Result<ProviderAnswer> {
    let payment = match is_old {
        false => answered.into_payment(Vec::new())?,
        true => match intent(wish, &answered.id).await? {
            Ok(intent) => with_refunds(wish, intent).await?,
            Err(_) => return Err(Error::Internal("the payment provider forgot a payment".to_owned())),
        },
    };
    Ok(ProviderAnswer::Taken(payment))
}

/// The payment now, with its charge, which tells of disputes; or the provider's word that there is none.
async fn intent(wish: &Wish<'_>, reference: &str) -> Result<std::result::Result<Intent, Refusal>> {
    Ok(wish.call(Call::get(INTENT, &[("expand[]", "latest_charge")]).of(reference)?).await?.verdict)
}

/// The payment now; `None` when there is none.
async fn shown(wish: &Wish<'_>, reference: &str) -> Result<Option<Intent>> {
    match intent(wish, reference).await? {
        Ok(intent) => Ok(Some(intent)),
        Err(refusal) if refusal.status == StatusCode::NOT_FOUND => Ok(None),
        Err(refusal) => Err(silent("show a payment", &refusal)),
    }
}

/// The payment that we call `id`. There may be two when one was asked for again after its key was forgotten: the one with money.
async fn found(wish: &Wish<'_>, id: PaymentId) -> Result<Option<Intent>> {
    let query = format!("metadata['payment_id']:'{id}'");
    let reply: Reply<Part<Intent>> = wish.call(Call::get(SEARCH, &[("query", &query), ("limit", PART)])).await?;
    match reply.verdict {
        Ok(found) => Ok(found.data.into_iter().max_by_key(Intent::money)),
        Err(refusal) => Err(silent("search", &refusal)),
    }
}

async fn with_refunds(wish: &Wish<'_>, intent: Intent) -> Result<ProviderPayment> {
    let refunds = refunds(wish, &intent).await?;
    intent.into_payment(refunds)
}

/// Every refund of a payment, newest first. Nobody is asked when nothing was captured.
async fn refunds(wish: &Wish<'_>, intent: &Intent) -> Result<Vec<Refund>> {
    let mut refunds: Vec<Refund> = Vec::new();
    let mut is_complete = !intent.is_captured();
    while !is_complete {
        let last = refunds.last().map(|refund| refund.id.clone());
        let mut parameters = vec![("payment_intent", intent.id.as_str()), ("limit", PART)];
        parameters.extend(last.as_deref().map(|id| ("starting_after", id)));
        let reply: Reply<Part<Refund>> = wish.call(Call::get(REFUNDS, &parameters)).await?;
        let part = reply.verdict.map_err(|refusal| silent("list refunds", &refusal))?;
        is_complete = !part.has_more || part.data.is_empty();
        refunds.extend(part.data);
    }
    Ok(refunds)
}

/// A question that is refused is a defect, of a key that lacks rights or of this adapter.
fn silent(what: &str, refusal: &Refusal) -> Error {
    Error::Internal(format!("the payment provider does not {what}: {}", refusal.complaint.word()))
}
