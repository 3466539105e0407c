// The client in headless Chromium, told what to do line by line (JSON on standard input) and telling what happens likewise.
//
// CHROMIUM=/usr/bin/chromium node browser.mjs
//
// Reads {"id","action","with"}: an action of page.mjs, or "offline" with true or false. Writes {"ready":true} once the page is there,
// what page.mjs tells, {"uncaught"} for errors that nobody caught, and {"id","returned"} for each id.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const files = {
  "/": ["text/html", () => '<!doctype html><title>Souk</title><script type="module" src="/page.mjs"></script>'],
  "/page.mjs": ["text/javascript", () => readFile(new URL("page.mjs", import.meta.url))],
  "/souk-live.js": ["text/javascript", () => readFile(new URL("../dist/souk-live.js", import.meta.url))],
};
const server = createServer(async (request, response) => {
  const [type, read] = files[request.url] ?? [];
  if (!read) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": type }).end(await read());
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const places = process.env.PATH.split(":").flatMap((folder) => names.map((name) => join(folder, name)));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || places.find(existsSync) });
const page = await browser.newPage();
page.on("pageerror", (error) => tell({ uncaught: error.message }));
await page.exposeFunction("tell", tell);
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.waitForFunction(() => globalThis.actions);
tell({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { id, action, with: given } = JSON.parse(line);
  const returned =
    action === "offline"
      ? await page.context().setOffline(given)
      : await page.evaluate(([action, given]) => globalThis.actions[action](given), [action, given]);
  tell({ id, returned: returned ?? null });
}
await browser.close();
server.close();
