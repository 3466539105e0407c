import type { AnyNews, ErrorItem } from "./messages.js";
import { pause, type Timing } from "./timing.js";

/** Why the application has to load: it has nothing yet, or it missed something. */
export type ReloadReason = "first" | "gap";

/** What the server refused. */
export class SoukError extends Error {
  /** The topic that was refused. */
  readonly topic: string;
  /** As over HTTP; `errors[0].code` is the word for programs. */
  readonly errors: ErrorItem[];

  constructor(topic: string, errors: ErrorItem[]) {
    super(`${topic}: ${errors.map((error) => `${error.code}: ${error.message}`).join(", ")}`);
    this.name = "SoukError";
    this.topic = topic;
    this.errors = errors;
  }
}

/** What an application does with a topic. */
export interface Handlers<N> {
  /** Something happened. Called once for each news, in order, and not while `onReload` loads. */
  onNews(news: N): void;
  /**
   * Load the state that the topic is about, over HTTP: nothing is known yet (`first`), or what was missed is no longer to be had (`gap`).
   * News wait until the promise is fulfilled, so none of them is overwritten by an older state; they may be older than what was
   * loaded, which `version` tells. When the promise is rejected, it is called again after a pause.
   */
  onReload(reason: ReloadReason): void | Promise<void>;
  /**
   * The server refused the topic. It is asked for again with the next connection and the next access token, until the subscription is
   * closed. Without this handler the error is reported like one that nobody caught.
   */
  onError?(error: SoukError): void;
}

/** One subscription of the application. */
export class Listener {
  #handlers: Handlers<AnyNews> | undefined;
  readonly #timing: Timing;
  /** What came while the application loads. */
  #waiting: AnyNews[] | undefined = [];
  #isLoading = false;
  #next: ReloadReason | undefined;

  constructor(handlers: Handlers<AnyNews>, timing: Timing) {
    this.#handlers = handlers;
    this.#timing = timing;
  }

  /** Whether the application was asked to load at least once. */
  hasBegun = false;

  take(news: AnyNews): void {
    if (this.#waiting) this.#waiting.push(news);
    else this.#call((handlers) => handlers.onNews(news));
  }

  refuse(error: SoukError): void {
    this.#call((handlers) => (handlers.onError ? handlers.onError(error) : reportError(error)));
  }

  /** Has the application load; one load after the other, so that none overtakes a newer one. */
  async reload(reason: ReloadReason): Promise<void> {
    this.hasBegun = true;
    this.#next = reason;
    // What came up to now is part of what is loaded from now on.
    this.#waiting = [];
    if (this.#isLoading) return;
    this.#isLoading = true;
    for (let failures = 0; this.#next && this.#handlers; ) {
      reason = this.#next;
      this.#next = undefined;
      this.#waiting = [];
      try {
        await this.#handlers.onReload(reason);
      } catch (error) {
        reportError(error);
        this.#next ??= reason;
        await new Promise((resolve) => setTimeout(resolve, pause(failures++, this.#timing)));
      }
    }
    this.#isLoading = false;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting.forEach((news) => this.take(news));
  }

  close(): void {
    this.#handlers = undefined;
  }

  #call(handle: (handlers: Handlers<AnyNews>) => void): void {
    try {
      if (this.#handlers) handle(this.#handlers);
    } catch (error) {
      reportError(error);
    }
  }
}
