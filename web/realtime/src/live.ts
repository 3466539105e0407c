import { Feed, isPassing } from "./feed.js";
import { Link } from "./link.js";
import { type Handlers, Listener } from "./listener.js";
import type { AnyNews, NewsOf, Topic } from "./messages.js";
import { about, expiryOf, pause, type Timing, untilRenewal, usual } from "./timing.js";

/**
 * `connecting`: a connection is being opened; `open`: news come; `waiting`: the next attempt comes after a pause; `closed`: nothing more
 * comes.
 */
export type State = "connecting" | "open" | "waiting" | "closed";

/** How to connect. */
export interface Options {
  /** Where the WebSocket is: `wss://…/live`, or `ws://127.0.0.1:8081/` on your machine. */
  url: string;
  /**
   * The access token of now; nothing for a guest. Asked for with each connection, and before the last one expires: whoever keeps the tokens
   * may refresh them here. Give nothing when there is no good one any more: with one that has expired the server refuses the connection.
   */
  accessToken?: () => Token | Promise<Token>;
  /** Called with each new state. */
  onState?: (state: State) => void;
  /** For tests. */
  timing?: Partial<Timing>;
}

type Token = string | null | undefined;

/** A topic that is listened to. */
export interface Subscription {
  readonly topic: Topic;
  /** No handler is called any more. */
  close(): void;
}

/**
 * Souk's news, live. Keeps one connection open for all subscriptions, comes back by itself, and goes on where it was: each news is
 * delivered once and in the order of its topic, or the application is asked to load.
 */
export class SoukLive {
  readonly #options: Options;
  readonly #timing: Timing;
  readonly #feeds = new Map<string, Feed>();
  #state: State = "connecting";
  /** Where questions go. */
  #link: Link | undefined;
  /** The last one, until the new one has sent what came meanwhile. */
  #former: Link | undefined;
  /** The next one, until it is open. */
  #attempt: Link | undefined;
  #isConnecting = false;
  /** Whether the token may be another one than the attempt began with. */
  #isStale = false;
  #failures = 0;
  #openedAt = 0;
  /** What the server was shown last. */
  #token: Token;
  #pause: number | undefined;
  #life: number | undefined;
  #renewal: number | undefined;

  /** Connects at once. */
  constructor(options: Options) {
    new URL(options.url);
    this.#options = options;
    this.#timing = { ...usual, ...options.timing };
    globalThis.addEventListener("online", this.#online);
    void this.#connect();
  }

  /** How it is now. */
  get state(): State {
    return this.#state;
  }

  /** Listens to a topic. Several subscriptions of one topic are fine; each begins with `onReload("first")`. */
  subscribe<T extends Topic>(topic: T, handlers: Handlers<NewsOf<T>>): Subscription {
    if (this.#state === "closed") throw new Error("this SoukLive is closed");
    let feed = this.#feeds.get(topic);
    if (!feed) {
      feed = new Feed(topic, this.#timing, () => this.#tidy());
      feed.moveTo(this.#link);
      this.#feeds.set(topic, feed);
    }
    const owner = feed;
    // What the server tells of a topic is what its type says.
    const listener = new Listener(handlers as Handlers<AnyNews>, this.#timing);
    owner.add(listener);
    return { topic, close: () => owner.remove(listener) };
  }

  /** Asks for the access token again: call it when somebody has logged in or out. */
  async renew(): Promise<void> {
    const link = this.#link;
    clearTimeout(this.#renewal);
    // A connection that is being opened may have asked too early.
    this.#isStale = !link;
    if (!link) return;
    let token = this.#token;
    try {
      token = await this.#options.accessToken?.();
    } catch (error) {
      reportError(error);
    }
    if (link !== this.#link) return this.renew();
    if ((token ?? "") === (this.#token ?? "")) return this.#planRenewal();
    // Nobody becomes a guest again on the same connection.
    if (!token) return this.#startAgain(link);
    link.ask({ action: "authenticate", token }, (answer) => {
      if (link !== this.#link) return;
      if (answer.type === "Error" && isPassing(answer.errors)) return this.#planRenewal();
      // It is for somebody else, or not good: the next connection finds out.
      if (answer.type !== "Authenticated") return this.#startAgain(link);
      this.#token = token;
      this.#planRenewal();
      // What ended with the last token begins again from where it was.
      for (const feed of this.#feeds.values()) if (!/^(catalog|product)/.test(feed.topic)) feed.again();
    });
  }

  /** Ends the connection and all subscriptions. */
  close(): void {
    globalThis.removeEventListener("online", this.#online);
    for (const timer of [this.#pause, this.#life, this.#renewal]) clearTimeout(timer);
    for (const link of [this.#link, this.#former, this.#attempt]) link?.close();
    this.#link = this.#former = this.#attempt = undefined;
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
    this.#become("closed");
  }

  #online = (): void => {
    // The network may be another one, where the connection is dead.
    if (this.#link) this.#link.ping();
    else if (this.#state === "waiting") void this.#connect();
  };

  /** Opens a connection, the first one or one that replaces another. */
  async #connect(): Promise<void> {
    clearTimeout(this.#pause);
    if (!this.#link) this.#become("connecting");
    if (this.#isConnecting || this.#attempt) return;
    this.#isConnecting = true;
    let token: Token;
    try {
      token = await this.#options.accessToken?.();
    } catch (error) {
      reportError(error);
      this.#isConnecting = false;
      return this.#retry();
    }
    this.#isConnecting = false;
    if (this.#state === "closed") return;
    const url = new URL(this.#options.url);
    if (token) url.searchParams.set("access_token", token);
    this.#attempt = new Link(url.href, this.#timing, {
      opened: (link) => this.#opened(link, token),
      heard: (news) => this.#feeds.get(news.topic)?.take(news),
      lost: (link) => this.#lost(link),
    });
  }

  #opened(link: Link, token: Token): void {
    const former = this.#link;
    this.#former?.close();
    this.#former = this.#attempt = undefined;
    this.#link = link;
    this.#token = token;
    this.#openedAt = Date.now();
    clearTimeout(this.#life);
    this.#life = setTimeout(() => {
      this.#failures = 0;
      void this.#connect();
    }, about(this.#timing.life));
    for (const feed of this.#feeds.values()) feed.moveTo(link);
    this.#former = former;
    this.#tidy();
    if (this.#isStale) void this.renew();
    else this.#planRenewal();
    this.#become("open");
  }

  #lost(link: Link): void {
    if (link === this.#former) {
      this.#former = undefined;
      return;
    }
    if (link === this.#attempt) this.#attempt = undefined;
    else this.#drop();
    this.#retry();
  }

  /** Who listens is another: nothing more is heard by the old connection. */
  #startAgain(link: Link): void {
    link.close();
    this.#attempt?.close();
    this.#attempt = undefined;
    this.#isStale = this.#isConnecting;
    this.#drop();
    void this.#connect();
  }

  /** Goes on without a connection. */
  #drop(): void {
    clearTimeout(this.#life);
    clearTimeout(this.#renewal);
    this.#former?.close();
    this.#link = this.#former = undefined;
    if (Date.now() - this.#openedAt >= this.#timing.lasted) this.#failures = 0;
    for (const feed of this.#feeds.values()) feed.moveTo(undefined);
  }

  #retry(): void {
    const isTrying = this.#isConnecting || this.#attempt;
    if (!this.#link) this.#become(isTrying ? "connecting" : "waiting");
    if (isTrying || this.#state === "closed") return;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#connect(), pause(this.#failures++, this.#timing));
  }

  /** Forgets topics that nobody listens to, and the former connection once the new one has sent what it missed. */
  #tidy(): void {
    for (const [topic, feed] of this.#feeds) if (feed.isOver) this.#feeds.delete(topic);
    if (!this.#former || [...this.#feeds.values()].some((feed) => !feed.isResumed)) return;
    this.#former.close();
    this.#former = undefined;
  }

  #planRenewal(): void {
    clearTimeout(this.#renewal);
    const expiry = this.#token ? expiryOf(this.#token) : undefined;
    if (expiry === undefined) return;
    this.#renewal = setTimeout(() => void this.renew(), untilRenewal(expiry, Date.now(), this.#timing));
  }

  #become(state: State): void {
    if (state === this.#state || this.#state === "closed") return;
    this.#state = state;
    try {
      this.#options.onState?.(state);
    } catch (error) {
      reportError(error);
    }
  }
}
