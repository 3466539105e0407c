// What is said and heard on the WebSocket, as docs/asyncapi.yaml describes it; a test holds the two together.

/** What can be listened to. Everybody hears of products and the catalog, people of themselves and their orders, staff of everything. */
export type Topic = "catalog" | `product/${string}` | `order/${string}` | `customer/${string}` | "admin";

/** Something that happened. */
export interface News<Type extends string, Data> {
  type: Type;
  topic: string;
  /** Its number in the topic. Numbers only grow, and not by one. */
  sequence: number;
  /** The number of the news before it in the topic. */
  previous: number;
  /** When it happened, UTC. */
  time: string;
  /** Of what it is about; it only grows. */
  version: number;
  /** Follows one wish through request, events and messages. */
  correlationId: string;
  data: Data;
}

/** The stock of a product has another level. */
export type InventoryUpdated = News<"InventoryUpdated", StockLevel>;

/** Something happened to an order. */
export type OrderStatusChanged = News<"OrderStatusChanged", OrderState>;

/** Any news. */
export type AnyNews = InventoryUpdated | OrderStatusChanged;

/** What a topic tells. */
export type NewsOf<T extends Topic> = T extends "catalog" | `product/${string}`
  ? InventoryUpdated
  : T extends `order/${string}` | `customer/${string}`
    ? OrderStatusChanged
    : AnyNews;

/** How much there is of a product. */
export interface StockLevel {
  productId: string;
  sku: string;
  /** Pieces in the house. */
  onHand: number;
  /** Pieces that orders hold. */
  reserved: number;
  /** What can be ordered now. */
  available: number;
}

/** How an order is now, and what happened to it. */
export interface OrderState {
  orderId: string;
  /** For people. */
  number: string;
  customerId: string;
  status: OrderStatus;
  fulfilment: Fulfilment;
  /** What happened, all at once. */
  steps: OrderStep[];
  /** Staff wrote a note for themselves, of which only staff is told. */
  isPrivate?: boolean;
  total: Money;
  paid: Money;
  refunded: Money;
  lines: OrderLine[];
}

/** So many of a product. */
export interface OrderLine {
  productId: string;
  quantity: number;
}

/** A sum in minor units: 1299 is GBP 12.99. */
export interface Money {
  amountMinor: number;
  currency: string;
}

/** Where an order is in its life. */
export type OrderStatus =
  | "pending_payment"
  | "paid"
  | "partially_shipped"
  | "shipped"
  | "delivered"
  | "cancelled"
  | "expired"
  | "partially_refunded"
  | "refunded"
  | "under_review";

/** Where the goods of an order are. */
export type Fulfilment = "unfulfilled" | "partially_shipped" | "shipped" | "delivered";

/** What can happen to an order. */
export type OrderStep =
  | "placed"
  | "payment_started"
  | "payment_challenged"
  | "payment_authorised"
  | "payment_captured"
  | "payment_failed"
  | "payment_voided"
  | "capture_requested"
  | "void_requested"
  | "refund_requested"
  | "refunded"
  | "refund_failed"
  | "shipped"
  | "delivered"
  | "cancelled"
  | "expired"
  | "return_requested"
  | "return_approved"
  | "return_rejected"
  | "return_received"
  | "review_requested"
  | "review_settled"
  | "note_added";

/** One thing that is wrong, as over HTTP. */
export interface ErrorItem {
  /** A stable word for programs. */
  code: string;
  /** For a person; may change. */
  message: string;
  field?: string | null;
  details?: object | null;
}

/** What is said; each question gets a `requestId` beside. */
export type Question =
  | { action: "subscribe"; topic: string; after?: number }
  | { action: "unsubscribe"; topic: string }
  | { action: "authenticate"; token: string }
  | { action: "ping" };

/** The answer to a subscription. */
export interface Subscribed {
  type: "Subscribed";
  topic: string;
  /** The number of the newest news of the topic. */
  sequence: number;
  /** What was missed is not known any more. */
  reload: boolean;
  /** What was missed, in order. */
  news?: AnyNews[];
  requestId?: string | number;
}

/** A question had no effect. */
export interface Refused {
  type: "Error";
  errors: ErrorItem[];
  requestId?: string | number;
}

/** What is answered, with the `requestId` of the question. */
export type Answer =
  | Subscribed
  | Refused
  | { type: "Unsubscribed"; topic: string; requestId?: string | number }
  | { type: "Authenticated"; expiresAt: string; requestId?: string | number }
  | { type: "Pong"; requestId?: string | number };
