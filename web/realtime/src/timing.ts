/** How long things take, in milliseconds. Tests shorten them. */
export interface Timing {
  /** The longest pause after the first failure; it doubles with each. */
  firstPause: number;
  /** What the pauses grow to. */
  longestPause: number;
  /** A connection that lived so long was a good one: the pauses begin anew. */
  lasted: number;
  /** After so much silence a ping is sent, well before the server's ten minutes. */
  silence: number;
  /** How long a connection may take to open, and a question to be answered. */
  answer: number;
  /** After so long a new connection replaces the old one, well before the server's two hours. */
  life: number;
  /** How long missing news are waited for before they are asked for. */
  gap: number;
  /** How long before the access token expires the next one is asked for. */
  renewal: number;
}

/** What the server's limits ask for. */
export const usual: Timing = {
  firstPause: 500,
  longestPause: 30_000,
  lasted: 10_000,
  silence: 5 * 60_000,
  answer: 10_000,
  life: 115 * 60_000,
  gap: 1_000,
  renewal: 60_000,
};

/** The pause after so many failures: anything up to a limit that doubles, so that a thousand browsers do not come back at once. */
export function pause(failures: number, timing: Timing, random = Math.random): number {
  return random() * Math.min(timing.longestPause, timing.firstPause * 2 ** failures);
}

/** A time, or up to a tenth less, so that what began together does not go on together. */
export function about(time: number, random = Math.random): number {
  return time * (1 - random() / 10);
}

/** How long to wait for the next access token. One that is late, or a clock that is wrong, does not make it ask all the time. */
export function untilRenewal(expiresAt: number, now: number, timing: Timing): number {
  const left = expiresAt - now;
  // Timers hold no more than 31 bits.
  return Math.min(Math.max(left - timing.renewal, left / 2, timing.longestPause), 2 ** 31 - 1);
}

/** When an access token expires, in milliseconds since 1970; `undefined` for one that does not say. */
export function expiryOf(token: string): number | undefined {
  try {
    const claims = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const { exp } = JSON.parse(atob(claims)) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
