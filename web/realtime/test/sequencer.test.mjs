import assert from "node:assert/strict";
import { test } from "node:test";
import { Sequencer } from "../dist/sequencer.js";

/** A message of a topic whose numbers are 10, 20, 30 … */
const news = (sequence) => ({ sequence, previous: sequence - 10 });
const numbers = (messages) => messages.map((message) => message.sequence);
const startedAt = (sequence) => {
  const sequencer = new Sequencer();
  sequencer.start(sequence);
  return sequencer;
};

test("what follows is given out at once, and a repetition never again", () => {
  const sequencer = startedAt(20);
  assert.deepEqual(numbers(sequencer.take(news(30))), [30]);
  for (const old of [30, 20, 10]) assert.deepEqual(sequencer.take(news(old)), []);
  assert.equal(sequencer.last, 30);
  assert.equal(sequencer.isMissing, false);
});

test("what comes before the start waits for it, and what the application loads anyway is dropped", () => {
  const sequencer = new Sequencer();
  for (const early of [40, 20, 30, 30]) assert.deepEqual(sequencer.take(news(early)), []);
  assert.equal(sequencer.last, undefined);
  assert.equal(sequencer.isMissing, false);
  assert.deepEqual(numbers(sequencer.start(20)), [30, 40]);
});

test("a topic that never had news begins at nothing", () => {
  const sequencer = startedAt(0);
  assert.deepEqual(numbers(sequencer.take({ sequence: 1, previous: 0 })), [1]);
});

test("what comes too early is held until the gap is filled", () => {
  const sequencer = startedAt(10);
  assert.deepEqual(sequencer.take(news(40)), []);
  assert.deepEqual(sequencer.take(news(30)), []);
  assert.equal(sequencer.isMissing, true);
  assert.equal(sequencer.last, 10);
  assert.deepEqual(numbers(sequencer.take(news(20))), [20, 30, 40]);
  assert.equal(sequencer.isMissing, false);
});

test("a number that the server names is missing until its news come", () => {
  const sequencer = startedAt(10);
  sequencer.knows(20);
  assert.equal(sequencer.isMissing, true);
  assert.deepEqual(numbers(sequencer.take(news(20))), [20]);
  assert.equal(sequencer.isMissing, false);
});

test("news that follow on something older than the last are given out: the rule is that nothing lies between", () => {
  const sequencer = startedAt(25);
  assert.deepEqual(numbers(sequencer.take({ sequence: 30, previous: 20 })), [30]);
});

test("what cannot be filled is skipped with all that is known", () => {
  const sequencer = startedAt(10);
  sequencer.take(news(40));
  sequencer.skip();
  assert.equal(sequencer.last, 40);
  assert.equal(sequencer.isMissing, false);
  assert.deepEqual(numbers(sequencer.take(news(50))), [50]);
});

test("another connection sends what was held again", () => {
  const sequencer = startedAt(10);
  sequencer.take(news(30));
  sequencer.forget();
  assert.equal(sequencer.isMissing, false);
  assert.deepEqual(numbers([20, 30].flatMap((number) => sequencer.take(news(number)))), [20, 30]);
});

test("a shop that began anew is followed from its lower numbers", () => {
  const sequencer = startedAt(500);
  sequencer.forget();
  assert.deepEqual(sequencer.start(20), []);
  assert.deepEqual(numbers(sequencer.take(news(30))), [30]);
});

test("whatever arrives how often in which order, everything is given out once and in order", () => {
  // A generator of its own, so that a failure can be played again.
  let seed = 1;
  const random = (limit) => (seed = (seed * 48271) % 2147483647) % limit;
  for (let round = 0; round < 500; round += 1) {
    const sent = Array.from({ length: 1 + random(12) }, (_, index) => news((index + 1) * 10));
    const arriving = [...sent, ...sent.filter(() => random(2) === 0)];
    for (let index = arriving.length - 1; index > 0; index -= 1) {
      const other = random(index + 1);
      [arriving[index], arriving[other]] = [arriving[other], arriving[index]];
    }
    const begin = random(sent.length + 1);
    const sequencer = new Sequencer();
    const early = arriving.slice(0, random(arriving.length)).flatMap((message) => sequencer.take(message));
    assert.deepEqual(early, []);
    const given = [...sequencer.start(begin * 10), ...arriving.flatMap((message) => sequencer.take(message))];
    assert.deepEqual(given, sent.slice(begin), `round ${round}`);
  }
});
