// Compiled, not run: what a topic tells is known from its name, and what is wrong does not compile.
import { SoukLive } from "../dist/index.js";

declare const live: SoukLive;
declare const id: string;
const onReload = () => {};

live.subscribe(`product/${id}`, { onReload, onNews: (news) => news.data.available.toFixed() });
live.subscribe("catalog", { onReload, onNews: ({ type, data }) => type === "InventoryUpdated" && data.sku });
live.subscribe(`order/${id}`, { onReload, onNews: ({ data }) => data.steps.includes("shipped") });
live.subscribe(`customer/${id}`, { onReload: async (reason) => void (reason === "gap"), onNews: ({ data }) => data.total.amountMinor });
live.subscribe("admin", { onReload, onNews: (news) => (news.type === "OrderStatusChanged" ? news.data.lines[0] : news.data.sku) });
new SoukLive({ url: "ws://127.0.0.1:8081/", accessToken: async () => null, onState: (state) => state === "open", timing: { gap: 500 } });

// @ts-expect-error: there is no such topic.
live.subscribe("basket", { onReload, onNews: () => {} });
// @ts-expect-error: stock has no steps.
live.subscribe("catalog", { onReload, onNews: ({ data }) => data.steps });
// @ts-expect-error: whoever does not load misses what was before.
live.subscribe("catalog", { onNews: () => {} });
// @ts-expect-error: there is no such state.
new SoukLive({ url: "", onState: (state) => state === "broken" });
