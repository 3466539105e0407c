// Runs in the browser: does what the test asks for and tells what the client says.
import { SoukLive } from "/souk-live.js";

const subscriptions = new Map();
let live;
let token;
let goOn;

globalThis.actions = {
  connect({ url, token: first, timing }) {
    token = first;
    live = new SoukLive({ url, timing, accessToken: () => token, onState: (state) => tell({ state }) });
  },
  // `failures`: how many of its loads fail; `isSlow`: the next one waits for `goOn`.
  subscribe({ topic, name = topic, failures = 0, isSlow }) {
    const subscription = live.subscribe(topic, {
      onNews: (news) => tell({ name, news }),
      async onReload(reason) {
        tell({ name, reload: reason });
        if (failures-- > 0) throw new Error("a load that fails");
        if (isSlow) await new Promise((resolve) => (goOn = resolve));
      },
      onError: (error) => tell({ name, refused: error.errors }),
    });
    subscriptions.set(name, subscription);
  },
  goOn: () => goOn(),
  unsubscribe: ({ name }) => subscriptions.get(name).close(),
  // Somebody logs in or out, and may tell the client.
  log({ token: next, isTold }) {
    token = next;
    if (isTold) live.renew();
  },
  state: () => live.state,
  close: () => live.close(),
};
