export { type Handlers, type ReloadReason, SoukError } from "./listener.js";
export { type Options, SoukLive, type State, type Subscription } from "./live.js";
export type {
  AnyNews,
  ErrorItem,
  Fulfilment,
  InventoryUpdated,
  Money,
  News,
  NewsOf,
  OrderLine,
  OrderState,
  OrderStatus,
  OrderStatusChanged,
  OrderStep,
  StockLevel,
  Topic,
} from "./messages.js";
export type { Timing } from "./timing.js";
