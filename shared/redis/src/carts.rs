use crate::RedisLink;
use crate::cache::read as read_copy;
use crate::link::eval;
use async_trait::async_trait;
use redis::Script;
use souk_domain::ports::{CartCopies, Carts};
use souk_domain::{
    Cart, CartChange, CartId, CartLine, Claim, CustomerId, Error, Money, OrderId, ProductId, Quantity, Result,
    Violation,
};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

/// How long a cart is kept after its last use: a guest's, one that has waited for its first line all the time, a customer's.
const GUESTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const EMPTY: Duration = Duration::from_secs(24 * 60 * 60);
const CUSTOMERS: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a cart that became an order says so: as long as an Idempotency-Key is kept.
const ORDERED: Duration = Duration::from_secs(24 * 60 * 60);

// A cart is one hash: `owner` (empty for a guest), `version`, `sequence` and, once it became one, `order`; every other field is
// a product's id and holds `sequence:quantity:price:currency`.

/// Prolongs a cart's life and says what is in it, with what the cache has of its products. One GET for each copy: the embedded
/// server knows no MGET in scripts. Called by its hash: a prolongation may be lost with the server.
///
/// KEYS: the cart. ARGV: the caller or nothing, lives of guests' and customers' carts in milliseconds.
static READ: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local fields = redis.call('HGETALL', KEYS[1])
local owner, order
for i = 1, #fields, 2 do
    if fields[i] == 'owner' then owner = fields[i + 1] end
    if fields[i] == 'order' then order = true end
end
if not owner or (owner ~= '' and owner ~= ARGV[1]) then
    return {{}, {}}
end
-- One that was never used goes soon: anybody can open carts.
if not order and (owner ~= '' or #fields > 6) then
    redis.call('PEXPIRE', KEYS[1], owner == '' and ARGV[2] or ARGV[3])
    redis.call('PEXPIRE', 'souk:cart-of:' .. owner, ARGV[3])
end
local copies = {}
for i = 1, #fields, 2 do
    local id = fields[i]
    if #id == 36 then
        copies[#copies + 1] = redis.call('GET', 'souk:cache:product:' .. id) or ''
        copies[#copies + 1] = redis.call('GET', 'souk:cache:stock:' .. id) or ''
    end
end
return {fields, copies}",
    )
});

/// Finds or makes a cart, and merges a guest's into it. Lines that find no place stay where they were.
///
/// KEYS: the new cart, then for a customer the key that names theirs. ARGV: the owner or nothing, the new cart's id, a guest's
/// cart or nothing, most lines, most pieces, the cart's life in milliseconds. Answers the cart's id.
const OPEN: &str = r"
local id, key = ARGV[2], KEYS[1]
if KEYS[2] then
    local known = redis.call('GET', KEYS[2])
    if known and redis.call('HGET', 'souk:cart:' .. known, 'owner') == ARGV[1]
        and redis.call('HEXISTS', 'souk:cart:' .. known, 'order') == 0 then
        id, key = known, 'souk:cart:' .. known
    end
end
if key == KEYS[1] then
    redis.call('HSET', key, 'owner', ARGV[1], 'version', '1', 'sequence', '0')
end
redis.call('PEXPIRE', key, ARGV[6])
if KEYS[2] then
    redis.call('SET', KEYS[2], id, 'PX', ARGV[6])
end
local from = 'souk:cart:' .. ARGV[3]
if KEYS[2] and ARGV[3] ~= '' and redis.call('HGET', from, 'owner') == '' and redis.call('HEXISTS', from, 'order') == 0 then
    local fields = redis.call('HGETALL', from)
    local lines, left = {}, 0
    for i = 1, #fields, 2 do
        if #fields[i] == 36 then
            local place = string.match(fields[i + 1], '^(%d+):')
            lines[#lines + 1] = {tonumber(place), fields[i], fields[i + 1]}
        end
    end
    table.sort(lines, function(a, b) return a[1] < b[1] end)
    for _, line in ipairs(lines) do
        local quantity, rest = string.match(line[3], '^%d+:(%d+):(.*)$')
        local known = redis.call('HGET', key, line[2])
        if known then
            local place, pieces, price = string.match(known, '^(%d+):(%d+):(.*)$')
            local sum = math.min(tonumber(pieces) + tonumber(quantity), tonumber(ARGV[5]))
            redis.call('HSET', key, line[2], string.format('%s:%d:%s', place, sum, price))
            redis.call('HDEL', from, line[2])
        elseif redis.call('HLEN', key) - 3 < tonumber(ARGV[4]) then
            local place = redis.call('HINCRBY', key, 'sequence', 1)
            redis.call('HSET', key, line[2], string.format('%d:%s:%s', place, quantity, rest))
            redis.call('HDEL', from, line[2])
        else
            left = left + 1
        end
    end
    if #lines > left then
        redis.call('HINCRBY', key, 'version', 1)
    end
    if left == 0 then
        redis.call('DEL', from)
    elseif #lines > left then
        redis.call('HINCRBY', from, 'version', 1)
    end
end
return id";

/// KEYS: the cart, and the claim where there is one. ARGV: the caller or nothing, what to do, product, quantity,
/// `price:currency`, most lines, most pieces, lives of guests' and customers' carts, fingerprint and life of the claim. Lives in
/// milliseconds.
const CHANGE: &str = r"
local owner = redis.call('HGET', KEYS[1], 'owner')
if not owner or (owner ~= '' and owner ~= ARGV[1]) then
    return 'unknown_cart'
end
if KEYS[2] then
    local known = redis.call('GET', KEYS[2])
    if known then
        return known == ARGV[10] and 'replayed' or 'key_reused'
    end
end
if redis.call('HEXISTS', KEYS[1], 'order') == 1 then
    return 'cart_ordered'
end
local line = redis.call('HGET', KEYS[1], ARGV[3])
local place, pieces, price = string.match(line or '', '^(%d+):(%d+):(.*)$')
local is_changed = true
if ARGV[2] == 'remove' then
    is_changed = line
    redis.call('HDEL', KEYS[1], ARGV[3])
elseif line then
    local sum = tonumber(ARGV[4]) + (ARGV[2] == 'add' and tonumber(pieces) or 0)
    if sum > tonumber(ARGV[7]) then
        return 'invalid_quantity'
    end
    is_changed = sum ~= tonumber(pieces)
    redis.call('HSET', KEYS[1], ARGV[3], string.format('%s:%d:%s', place, sum, price))
elseif ARGV[2] == 'set' then
    return 'unknown_line'
elseif redis.call('HLEN', KEYS[1]) - 3 >= tonumber(ARGV[6]) then
    return 'cart_full'
else
    local last = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
    redis.call('HSET', KEYS[1], ARGV[3], string.format('%d:%s:%s', last, ARGV[4], ARGV[5]))
end
if is_changed then
    redis.call('HINCRBY', KEYS[1], 'version', 1)
end
redis.call('PEXPIRE', KEYS[1], owner == '' and ARGV[8] or ARGV[9])
redis.call('PEXPIRE', 'souk:cart-of:' .. owner, ARGV[9])
if KEYS[2] then
    redis.call('SET', KEYS[2], ARGV[10], 'PX', ARGV[11])
end
return 'done'";

/// KEYS: the cart. ARGV: the order, how long to say so in milliseconds.
const CLOSE: &str = r"
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and redis.call('HEXISTS', KEYS[1], 'order') == 0 then
    local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'owner', owner, 'version', string.format('%d', version), 'order', ARGV[1])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1";

/// KEYS: the key that names a customer's cart. ARGV: the cart that it is not to name.
const LEAVE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
return 1";

fn name(id: CartId) -> String {
    format!("souk:cart:{id}")
}

fn name_of(owner: CustomerId) -> String {
    format!("souk:cart-of:{owner}")
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

fn text(caller: Option<CustomerId>) -> String {
    caller.map(|id| id.to_string()).unwrap_or_default()
}

fn unreadable() -> Error {
    Error::Internal("a cart in Redis cannot be read".to_owned())
}

/// A line and its place among the others.
fn line(product_id: ProductId, value: &str) -> Option<(u64, CartLine)> {
    let [place, quantity, minor, currency] = value.split(':').collect::<Vec<_>>()[..] else { return None };
    let price_when_added = Money::new(minor.parse().ok()?, currency.parse().ok()?).ok()?;
    let quantity = Quantity::try_from(quantity.parse::<i64>().ok()?).ok()?;
    Some((place.parse().ok()?, CartLine { product_id, quantity, price_when_added }))
}

fn read(id: CartId, fields: &[String], copies: Vec<String>) -> Option<(Cart, CartCopies)> {
    let mut about: HashMap<&str, &str> = HashMap::new();
    let (mut lines, mut known) = (Vec::new(), CartCopies::new());
    let mut copies = copies.into_iter();
    for pair in fields.chunks_exact(2) {
        match pair[0].parse::<ProductId>() {
            Ok(product) => {
                lines.push(line(product, &pair[1])?);
                let mut copy = || read_copy(copies.next());
                known.insert(product, (copy(), copy()));
            }
            Err(_) => drop(about.insert(&pair[0], &pair[1])),
        }
    }
    lines.sort_by_key(|(place, _)| *place);
    let owner = *about.get("owner")?;
    let cart = Cart {
        id,
        owner: (!owner.is_empty()).then(|| owner.parse()).transpose().ok()?,
        version: about.get("version")?.parse().ok()?,
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        order_id: about.get("order").map(|id| id.parse()).transpose().ok()?,
    };
    Some((cart, known))
}

#[async_trait]
impl Carts for RedisLink {
    async fn open_cart(&self, owner: Option<CustomerId>, from: Option<CartId>) -> Result<Cart> {
        let new = CartId::random();
        let keys = [Some(name(new)), owner.map(name_of)];
        let mut open = eval(OPEN, &keys.into_iter().flatten().collect::<Vec<_>>());
        open.arg(text(owner)).arg(new.to_string());
        open.arg(from.map(|id| id.to_string()).unwrap_or_default()).arg(Cart::MAX_LINES).arg(Quantity::MAX);
        open.arg(millis(if owner.is_some() { CUSTOMERS } else { EMPTY }));
        let id: String = self.query("open_cart", open).await?;
        let id = id.parse().map_err(|_| unreadable())?;
        Ok(self.cart(id, owner).await?.0)
    }

    async fn cart(&self, id: CartId, caller: Option<CustomerId>) -> Result<(Cart, CartCopies)> {
        let mut invocation = READ.prepare_invoke();
        invocation.key(name(id)).arg(text(caller)).arg(millis(GUESTS)).arg(millis(CUSTOMERS));
        let (fields, copies): (Vec<String>, Vec<String>) =
            self.call("cart", |mut connection| async move { invocation.invoke_async(&mut connection).await }).await?;
        if fields.is_empty() {
            return Err(Error::NotFound("cart"));
        }
        read(id, &fields, copies).ok_or_else(unreadable)
    }

    async fn change_cart(
        &self,
        id: CartId,
        caller: Option<CustomerId>,
        change: CartChange,
        claim: Option<&Claim>,
    ) -> Result<bool> {
        let (word, quantity, price) = match &change {
            CartChange::Add(line) => {
                let price = &line.price_when_added;
                ("add", i64::from(line.quantity), format!("{}:{}", price.amount_minor(), price.currency()))
            }
            CartChange::Set { quantity, .. } => ("set", i64::from(*quantity), String::new()),
            CartChange::Remove(_) => ("remove", 0, String::new()),
        };
        let claimed = claim.map(|claim| format!("{}:claim:{}:{}", name(id), claim.scope, claim.key));
        let mut command = eval(CHANGE, &[Some(name(id)), claimed].into_iter().flatten().collect::<Vec<_>>());
        command.arg(text(caller)).arg(word).arg(change.product_id().to_string()).arg(quantity).arg(price);
        command.arg(Cart::MAX_LINES).arg(Quantity::MAX).arg(millis(GUESTS)).arg(millis(CUSTOMERS));
        let fingerprint = claim.map(|claim| souk_domain::TokenHash(claim.fingerprint).to_hex());
        command.arg(fingerprint.unwrap_or_default()).arg(Claim::KEPT.num_milliseconds());
        let word: String = self.query("change_cart", command).await?;
        match word.as_str() {
            "done" => Ok(false),
            "replayed" => Ok(true),
            "unknown_cart" => Err(Error::NotFound("cart")),
            "unknown_line" => Err(Error::NotFound("line")),
            "key_reused" => Err(Error::KeyReused),
            "cart_ordered" => Err(Error::CART_ORDERED),
            "cart_full" => Err(Error::CART_FULL),
            "invalid_quantity" => {
                Err(Violation::new("invalid_quantity", format!("a line has up to {} pieces", Quantity::MAX)).into())
            }
            _ => Err(unreadable()),
        }
    }

    async fn close_cart(&self, id: CartId, order: OrderId) -> Result<()> {
        let mut close = eval(CLOSE, &[name(id)]);
        close.arg(order.to_string()).arg(millis(ORDERED));
        self.query("close_cart", close).await
    }

    async fn leave_cart(&self, id: CartId, owner: CustomerId) -> Result<()> {
        let mut leave = eval(LEAVE, &[name_of(owner)]);
        leave.arg(id.to_string());
        self.query("leave_cart", leave).await
    }
}

#[cfg(test)]
mod tests {
    use crate::cache::name as copy_name;
    use souk_domain::ProductId;
    use souk_domain::ports::CacheKey;

    #[test]
    fn the_script_knows_copies_by_the_names_of_the_cache() {
        let id = ProductId::new();
        assert_eq!(copy_name(&CacheKey::Product(id)), format!("souk:cache:product:{id}"));
        assert_eq!(copy_name(&CacheKey::Stock(id)), format!("souk:cache:stock:{id}"));
    }
}
