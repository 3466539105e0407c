import assert from "node:assert/strict";
import { test } from "node:test";
import { about, expiryOf, pause, untilRenewal, usual } from "../dist/timing.js";

const MINUTE = 60_000;
const token = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

test("pauses double up to half a minute, and are anything up to that", () => {
  const longest = [0, 1, 2, 3, 6, 7, 2000].map((failures) => pause(failures, usual, () => 1));
  assert.deepEqual(longest, [500, 1000, 2000, 4000, 30_000, 30_000, 30_000]);
  assert.equal(pause(3, usual, () => 0), 0);
  assert.equal(pause(3, usual, () => 0.25), 1000);
});

test("pings and new connections come before the server's limits, whatever chance says", () => {
  for (const chance of [0, 0.999]) {
    const [silence, life] = [about(usual.silence, () => chance), about(usual.life, () => chance)];
    assert.ok(silence + usual.answer < 10 * MINUTE && silence > 4 * MINUTE, `${silence}`);
    assert.ok(life < 119 * MINUTE && life > 100 * MINUTE, `${life}`);
  }
});

test("the next token is asked for before the last one expires, and not all the time", () => {
  assert.equal(untilRenewal(15 * MINUTE, 0, usual), 14 * MINUTE);
  // A short one at half its life.
  assert.equal(untilRenewal(100_000, 0, usual), 50_000);
  // A clock that is wrong, or a token that nobody renewed.
  assert.equal(untilRenewal(0, 90 * MINUTE, usual), usual.longestPause);
  // Longer than a timer can be.
  assert.equal(untilRenewal(60 * 24 * 60 * MINUTE, 0, usual), 2 ** 31 - 1);
});

test("a token tells when it expires, whatever its letters", () => {
  assert.equal(expiryOf(token({ exp: 1_700_000_000 })), 1_700_000_000_000);
  assert.equal(expiryOf(token({ exp: 1_700_000_000, sub: "ÿþ~?>" })), 1_700_000_000_000);
  for (const other of ["", "nonsense", "a.b.c", token({}), token({ exp: "soon" })]) assert.equal(expiryOf(other), undefined, other);
});
