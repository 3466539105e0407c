import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed } from "../dist/feed.js";
import { Listener } from "../dist/listener.js";
import { usual } from "../dist/timing.js";

const timing = { ...usual, firstPause: 1, longestPause: 1, gap: 1 };
const news = (sequence) => ({ sequence, previous: sequence - 10 });
const until = async (isSo) => {
  for (let tries = 0; !isSo(); tries += 1) {
    assert.ok(tries < 5000, `${isSo} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
/** Lets a load end that waits for nothing. */
const loaded = () => new Promise((resolve) => setImmediate(resolve));

/** A feed whose questions the test answers. */
function feeding() {
  const asked = [];
  const link = { ask: ({ action, after }, answered) => asked.push({ question: { action, after }, answered }) };
  const feed = new Feed("catalog", timing, () => {});
  feed.moveTo(link);
  return {
    feed,
    asked,
    link,
    /** Answers the last question. */
    answer: (more, type = "Subscribed") => asked.at(-1).answered({ type, reload: false, ...more }),
  };
}

/** Somebody who loads at once, and what they heard. */
function listening() {
  const heard = [];
  const handlers = {
    onNews: ({ sequence }) => heard.push(sequence),
    onReload: (reason) => void heard.push(reason),
    onError: ({ errors }) => heard.push(errors[0].code),
  };
  return { listener: new Listener(handlers, timing), heard };
}

test("the state is loaded first, and later news follow", async () => {
  const { feed, asked, answer } = feeding();
  const { listener, heard } = listening();
  feed.add(listener);
  for (const sequence of [20, 30]) feed.take(news(sequence));
  assert.deepEqual(heard, []);
  answer({ sequence: 20 });
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ["first", 30]);
  assert.deepEqual(asked.map(({ question }) => question), [{ action: "subscribe", after: undefined }]);
});

test("another connection goes on after the last news, and brings what was missed with its answer", async () => {
  const { feed, asked, answer, link } = feeding();
  const { listener, heard } = listening();
  feed.add(listener);
  answer({ sequence: 20 });
  feed.moveTo(undefined);
  feed.moveTo({ ...link });
  assert.deepEqual(asked.at(-1).question, { action: "subscribe", after: 20 });
  feed.take(news(50));
  assert.equal(feed.isResumed, false);
  answer({ sequence: 40, news: [news(30), news(40)] });
  assert.equal(feed.isResumed, true);
  await until(() => heard.length === 4);
  assert.deepEqual(heard, ["first", 30, 40, 50]);
});

for (const [why, more] of [
  ["the shop says so", { sequence: 50, reload: true }],
  ["its numbers went back", { sequence: 10 }],
]) {
  test(`what was missed is loaded at once when ${why}`, async () => {
    const { feed, asked, answer, link } = feeding();
    const { listener, heard } = listening();
    feed.add(listener);
    answer({ sequence: 20 });
    await loaded();
    feed.moveTo({ ...link });
    answer(more);
    await loaded();
    feed.take(news(more.sequence + 10));
    await until(() => heard.length === 3);
    assert.deepEqual(heard, ["first", "gap", more.sequence + 10]);
    assert.equal(asked.length, 2);
  });
}

test("a gap is asked for, and loaded when it is asked for in vain", async () => {
  const { feed, asked, answer } = feeding();
  const { listener, heard } = listening();
  feed.add(listener);
  answer({ sequence: 20 });
  feed.take(news(40));
  for (let tries = 1; tries <= 3; tries += 1) {
    await until(() => asked.length === 1 + tries);
    assert.deepEqual(asked.at(-1).question, { action: "subscribe", after: 20 });
    answer({ sequence: 40 });
  }
  await until(() => heard.length === 2);
  feed.take(news(50));
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ["first", "gap", 50]);
  assert.equal(asked.length, 4);
});

test("a refusal is told, one that passes is not and is tried again", async () => {
  const { feed, asked, answer } = feeding();
  const { listener, heard } = listening();
  feed.add(listener);
  answer({ errors: [{ code: "unavailable" }] }, "Error");
  await until(() => asked.length === 2);
  answer({ errors: [{ code: "forbidden" }] }, "Error");
  assert.deepEqual(heard, ["forbidden"]);
  // Somebody else tries.
  const other = listening();
  feed.add(other.listener);
  answer({ sequence: 20 });
  assert.deepEqual([heard, other.heard], [["forbidden", "first"], ["first"]]);
});

test("who comes back while the shop is told that nobody listens begins anew", async () => {
  const { feed, asked, answer } = feeding();
  const first = listening();
  const second = listening();
  feed.add(first.listener);
  answer({ sequence: 20 });
  feed.remove(first.listener);
  feed.add(second.listener);
  assert.deepEqual(asked.map(({ question }) => question.action), ["subscribe", "unsubscribe"]);
  answer({}, "Unsubscribed");
  assert.deepEqual(asked.at(-1).question, { action: "subscribe", after: undefined });
  answer({ sequence: 30 });
  await until(() => second.heard.length === 1);
  assert.deepEqual([first.heard, second.heard], [["first"], ["first"]]);
  feed.remove(second.listener);
  answer({}, "Unsubscribed");
  assert.equal(feed.isOver, true);
});

test("a second listener begins at once with what is known, and both hear what follows", async () => {
  const { feed, asked, answer } = feeding();
  const first = listening();
  const second = listening();
  feed.add(first.listener);
  answer({ sequence: 20 });
  feed.add(second.listener);
  await until(() => second.heard.length === 1);
  feed.take(news(30));
  await until(() => second.heard.length === 2);
  assert.deepEqual([first.heard, second.heard], [["first", 30], ["first", 30]]);
  assert.equal(asked.length, 1);
});
