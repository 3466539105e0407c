import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

test("the whole client is smaller than 4 KB on the wire", () => {
  const size = gzipSync(readFileSync(new URL("../dist/souk-live.js", import.meta.url))).length;
  assert.ok(size < 4096, `${size}`);
});
