import type { Link } from "./link.js";
import { type Listener, SoukError } from "./listener.js";
import type { Answer, AnyNews, ErrorItem, Question, Subscribed } from "./messages.js";
import { Sequencer } from "./sequencer.js";
import { pause, type Timing } from "./timing.js";

/** How often missing news are asked for in vain before the application loads. */
const TRIES = 3;

/** Whether a refusal is over after a while. */
export function isPassing(errors: ErrorItem[]): boolean {
  return errors.some(({ code }) => ["internal", "too_many_requests", "unavailable"].includes(code));
}

/** One topic: who listens, what has come, and what the server was asked. One question at a time, as answers come in no order. */
export class Feed {
  readonly topic: string;
  readonly #timing: Timing;
  readonly #changed: () => void;
  readonly #listeners = new Set<Listener>();
  #news = new Sequencer<AnyNews>();
  /** The connection of now. */
  #link: Link | undefined;
  #isAsking = false;
  /** Whether the server need not be asked again. */
  #isAsked = false;
  #isSubscribed = false;
  #timer: number | undefined;
  #tries = 0;

  /** `changed` is called after each answer, and when nobody listens any more. */
  constructor(topic: string, timing: Timing, changed: () => void) {
    this.topic = topic;
    this.#timing = timing;
    this.#changed = changed;
  }

  /** Whether nobody listens, and the server knows. */
  get isOver(): boolean {
    return this.#listeners.size === 0 && !this.#isAsking && !this.#isSubscribed;
  }

  /** Whether the connection of now has sent what was missed before it. */
  get isResumed(): boolean {
    return this.#isAsked && !this.#isAsking;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    // What it loads now has all that was told before.
    if (this.#isSubscribed) queueMicrotask(() => listener.reload("first"));
    else if (!this.#isAsking) this.again();
  }

  remove(listener: Listener): void {
    listener.close();
    if (this.#listeners.delete(listener)) this.#settle();
  }

  /** Goes on by another connection, or waits for one. */
  moveTo(link: Link | undefined): void {
    this.#link = link;
    this.#isAsking = this.#isAsked = this.#isSubscribed = false;
    this.#stopTimer();
    this.#news.forget();
    this.#settle();
  }

  /** Asks the server once more, from where it is. */
  again(): void {
    this.#isAsked = false;
    this.#settle();
  }

  take(news: AnyNews): void {
    this.#deliver(this.#news.take(news));
    this.#look();
  }

  close(): void {
    this.#link = undefined;
    this.#stopTimer();
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
  }

  /** Brings what is wanted and what the server was told together. */
  #settle(): void {
    const { topic } = this;
    const link = this.#link;
    if (this.#isAsking) return;
    if (this.#listeners.size === 0) {
      this.#stopTimer();
      if (!link || !this.#isSubscribed) return this.#changed();
      this.#isSubscribed = this.#isAsked = false;
      this.#news = new Sequencer();
      this.#ask(link, { action: "unsubscribe", topic }, () => {});
    } else if (link && !this.#isAsked) {
      this.#isAsked = true;
      const after = this.#news.last;
      this.#ask(link, { action: "subscribe", topic, ...(after !== undefined && { after }) }, (answer) => {
        if (answer.type === "Subscribed") this.#resume(answer, after);
        else if (answer.type === "Error") this.#refuse(answer.errors);
      });
    }
  }

  #ask(link: Link, question: Question, answered: (answer: Answer) => void): void {
    this.#isAsking = true;
    link.ask(question, (answer) => {
      if (link !== this.#link) return;
      this.#isAsking = false;
      answered(answer);
      this.#settle();
      this.#changed();
    });
  }

  #resume({ sequence, reload, news = [] }: Subscribed, after: number | undefined): void {
    this.#isSubscribed = true;
    // Numbers that went back are those of a shop that lost some.
    if (after === undefined || reload || sequence < after) {
      const ready = this.#news.start(sequence);
      this.#reload(() => true);
      this.#deliver(ready);
    } else {
      this.#news.knows(sequence);
      for (const missed of news) this.#deliver(this.#news.take(missed));
      this.#reload((listener) => !listener.hasBegun);
    }
    this.#look();
  }

  #refuse(errors: ErrorItem[]): void {
    this.#isSubscribed = false;
    if (isPassing(errors)) {
      this.#setTimer(pause(this.#tries++, this.#timing), () => this.again());
    } else {
      const error = new SoukError(this.topic, errors);
      for (const listener of this.#listeners) listener.refuse(error);
    }
  }

  #reload(whom: (listener: Listener) => boolean): void {
    for (const listener of this.#listeners) {
      if (whom(listener)) void listener.reload(listener.hasBegun ? "gap" : "first");
    }
  }

  #deliver(ready: AnyNews[]): void {
    if (ready.length > 0) this.#tries = 0;
    for (const news of ready) {
      for (const listener of this.#listeners) listener.take(news);
    }
  }

  /** Waits a while for what is missing, then asks for it, and in the end has the application load. */
  #look(): void {
    if (!this.#isSubscribed) return;
    if (!this.#news.isMissing) return this.#stopTimer();
    if (this.#timer !== undefined) return;
    this.#setTimer(this.#timing.gap, () => {
      if (this.#isAsking) return;
      if (this.#tries++ < TRIES) return this.again();
      this.#tries = 0;
      this.#news.skip();
      this.#reload(() => true);
    });
  }

  #setTimer(time: number, fire: () => void): void {
    this.#stopTimer();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      fire();
    }, time);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
