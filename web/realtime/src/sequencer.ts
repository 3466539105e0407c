/** What is needed of a message to put it in its place. */
export interface Numbered {
  sequence: number;
  previous: number;
}

/**
 * Puts the messages of one topic in order: each is given out once, after all that came before it. Knows nothing of time and
 * connections, so that a test can play any order of arrival.
 */
export class Sequencer<M extends Numbered> {
  /** The number of the last message that was given out, or that is part of what the application loads. */
  #last: number | undefined;
  /** The highest number that is known to exist. */
  #newest = 0;
  /** What came too early, by number. */
  #held: M[] = [];

  /** Where to go on; nowhere before the first start. */
  get last(): number | undefined {
    return this.#last;
  }

  /** Whether something exists that was not given out. */
  get isMissing(): boolean {
    return this.#last !== undefined && this.#last < this.#newest;
  }

  /** Begins after this number: the application loads what was up to it. Returns what can be given out. */
  start(sequence: number): M[] {
    this.#held = this.#held.filter((message) => message.sequence > sequence);
    this.#last = sequence;
    this.#newest = this.#held.at(-1)?.sequence ?? sequence;
    return this.#release();
  }

  /** This number exists, so all up to it should have come. */
  knows(sequence: number): void {
    this.#newest = Math.max(this.#newest, sequence);
  }

  /** Whatever exists is loaded by the application: goes on after all that is known. */
  skip(): void {
    this.start(this.#newest);
  }

  /** What was held comes again, by another connection. */
  forget(): void {
    this.#held = [];
    this.#newest = this.#last ?? 0;
  }

  /** Takes a message as it arrives. Returns what can be given out now, in order. */
  take(message: M): M[] {
    if (this.#last !== undefined && message.sequence <= this.#last) return [];
    const place = this.#held.findIndex((held) => held.sequence >= message.sequence);
    if (place < 0) this.#held.push(message);
    else this.#held.splice(place, this.#held[place]?.sequence === message.sequence ? 1 : 0, message);
    this.knows(message.sequence);
    return this.#release();
  }

  #release(): M[] {
    const ready: M[] = [];
    for (const message of this.#held) {
      if (this.#last === undefined || message.previous > this.#last) break;
      ready.push(message);
      this.#last = message.sequence;
    }
    this.#held.splice(0, ready.length);
    return ready;
  }
}
