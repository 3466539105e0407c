import type { Answer, AnyNews, Question } from "./messages.js";
import { about, type Timing } from "./timing.js";

/** What a connection tells its owner. */
export interface LinkEvents {
  opened(link: Link): void;
  heard(news: AnyNews): void;
  /** It is gone, or as good as gone; told once, and not after `close`. */
  lost(link: Link): void;
}

/** One WebSocket: its questions and their answers, and whether it is alive. */
export class Link {
  readonly #socket: WebSocket;
  readonly #timing: Timing;
  readonly #events: LinkEvents;
  readonly #questions = new Map<number, { answered: (answer: Answer) => void; deadline: number }>();
  #asked = 0;
  #silence = 0;
  #opening: number;

  constructor(url: string, timing: Timing, events: LinkEvents) {
    this.#timing = timing;
    this.#events = events;
    this.#socket = new WebSocket(url);
    this.#opening = setTimeout(() => this.#end(), timing.answer);
    this.#socket.onopen = () => {
      clearTimeout(this.#opening);
      this.#listen();
      events.opened(this);
    };
    this.#socket.onmessage = (event) => {
      this.#listen();
      this.#hear(event.data);
    };
    this.#socket.onclose = () => this.#end();
  }

  /** Asks; when no answer comes in time, the connection is lost. Then `answered` is never called. */
  ask(question: Question, answered: (answer: Answer) => void = () => {}): void {
    const requestId = ++this.#asked;
    const deadline = setTimeout(() => this.#end(), this.#timing.answer);
    this.#questions.set(requestId, { answered, deadline });
    this.#socket.send(JSON.stringify({ ...question, requestId }));
  }

  /** Finds out whether the connection is alive. */
  ping(): void {
    this.ask({ action: "ping" });
  }

  /** Ends it without a word to the owner. */
  close(): void {
    // A dead network keeps a socket from closing for minutes: nothing that it still says is heard.
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    clearTimeout(this.#opening);
    clearTimeout(this.#silence);
    for (const { deadline } of this.#questions.values()) clearTimeout(deadline);
    this.#questions.clear();
    this.#socket.close();
  }

  #end(): void {
    this.close();
    this.#events.lost(this);
  }

  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.ping(), about(this.#timing.silence));
  }

  #hear(text: unknown): void {
    let message: Answer | AnyNews;
    try {
      message = JSON.parse(String(text)) as Answer | AnyNews;
    } catch {
      return;
    }
    if (message.type === "InventoryUpdated" || message.type === "OrderStatusChanged") {
      this.#events.heard(message);
      return;
    }
    const requestId = Number(message.requestId);
    const question = this.#questions.get(requestId);
    if (!question) return;
    this.#questions.delete(requestId);
    clearTimeout(question.deadline);
    question.answered(message);
  }
}
