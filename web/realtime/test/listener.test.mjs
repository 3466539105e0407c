import assert from "node:assert/strict";
import { test } from "node:test";
import { Listener } from "../dist/listener.js";
import { usual } from "../dist/timing.js";

/** A listener whose loads end when the test says so, and what its handlers were called with. */
function listening(timing = usual) {
  const heard = [];
  const loads = [];
  const handlers = {
    onNews: (news) => heard.push(news),
    onReload: (reason) => {
      heard.push(reason);
      return new Promise((resolve, reject) => loads.push({ resolve, reject }));
    },
  };
  return { listener: new Listener(handlers, timing), heard, loads };
}

/** Lets everything happen that waits for nothing else. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("news wait for what the application loads", async () => {
  const { listener, heard, loads } = listening();
  listener.reload("first");
  listener.take(1);
  listener.take(2);
  assert.deepEqual(heard, ["first"]);
  loads[0].resolve();
  await settled();
  listener.take(3);
  assert.deepEqual(heard, ["first", 1, 2, 3]);
});

test("who loads already loads once more, and not at the same time", async () => {
  const { listener, heard, loads } = listening();
  listener.reload("first");
  listener.take(1);
  listener.reload("gap");
  listener.take(2);
  assert.deepEqual(heard, ["first"]);
  loads[0].resolve();
  await settled();
  // Both came before the second load began, which has them.
  listener.take(3);
  assert.deepEqual(heard, ["first", "gap"]);
  loads[1].resolve();
  await settled();
  assert.deepEqual(heard, ["first", "gap", 3]);
});

test("a closed one hears nothing, not even what waited", async () => {
  const { listener, heard, loads } = listening();
  listener.reload("first");
  listener.take(1);
  listener.close();
  loads[0].resolve();
  await settled();
  listener.take(2);
  listener.reload("gap");
  assert.deepEqual(heard, ["first"]);
});

test("a load that fails is tried again, the error is told to whoever watches for those that nobody caught", async () => {
  const { listener, heard, loads } = listening({ ...usual, firstPause: 1 });
  // Browsers have it, Node does not.
  const reported = new Promise((resolve) => (globalThis.reportError = resolve));
  listener.reload("first");
  listener.take(1);
  loads[0].reject(new Error("the shop is away"));
  assert.equal((await reported).message, "the shop is away");
  while (loads.length < 2) await settled();
  listener.take(2);
  loads[1].resolve();
  await settled();
  assert.deepEqual(heard, ["first", "first", 2]);
});
