use crate::Violation;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[derive(utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = uuid::Uuid)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id. UUIDv7: ids made later sort later, to the millisecond.
            #[allow(clippy::new_without_default, reason = "a default id would be a new one each time")]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            /// When the id was made, to the millisecond: a UUIDv7 says so. One of another kind says 1970.
            pub fn made_at(self) -> crate::DateTime {
                let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
                crate::from_micros(seconds as i64 * 1_000_000 + i64::from(nanos / 1000))
            }

            /// The id as a store keeps it.
            pub fn uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = Violation;
            fn try_from(text: String) -> Result<Self, Violation> {
                text.parse()
            }
        }

        impl std::str::FromStr for $name {
            type Err = Violation;
            fn from_str(text: &str) -> Result<Self, Violation> {
                text.parse().map(Self).map_err(|_| Violation::new("invalid_id", "an id is a UUID"))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// Names a category.
    CategoryId
);
id!(
    /// Names a product and its stock.
    ProductId
);
id!(
    /// Names a customer or a member of staff: whoever can log in.
    CustomerId
);
id!(
    /// Names an order.
    OrderId
);
id!(
    /// Names a row of the stock ledger.
    MovementId
);
id!(
    /// Names a domain event. A consumer that has seen it before may skip it.
    EventId
);
id!(
    /// Names an attempt to pay an order: our name for it, which the provider takes as its key.
    PaymentId
);
id!(
    /// Names one thing that a payment provider was asked to do, and is the key under which it does it once.
    OperationId
);
id!(
    /// Names a parcel.
    ShipmentId
);
id!(
    /// Names a wish to send goods back.
    ReturnId
);
id!(
    /// Names a mail that somebody's wish caused.
    MailId
);
id!(
    /// Names a session: one log-in and what came of it.
    SessionId
);
id!(
    /// Names a place outside of the shop that is told of what happens.
    WebhookId
);
id!(
    /// Names one event on its way to one webhook.
    DeliveryId
);
id!(
    /// Names a cart. Whoever knows a guest's may use it, so new ones are random.
    CartId
);

impl CartId {
    /// A new id that cannot be guessed: 122 random bits.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4())
    }
}
