// Microsoft's SignalR client, told what to do line by line (JSON on standard input) and telling what happens likewise.
//
// node client.mjs '{"url":…,"token":…,"asBrowser":…,"serverTimeout":…,"keepAlive":…,"reconnectAfter":[…]}'
//
// Reads {"id","invoke","arguments"}, {"id","send","arguments"} and {"id","stop":true}. Writes {"state"}, {"called","arguments"} and,
// for each id, {"id","returned"} or {"id","rejected"}.
import { createInterface } from "node:readline";
import WebSocket from "ws";

const options = JSON.parse(process.argv[2]);
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

if (options.asBrowser) {
  // The client looks here for Node, where it sends its token in a header. Browsers cannot, and send it as `access_token`.
  Object.defineProperty(process, "release", { value: {} });
}
const { HubConnectionBuilder, HttpTransportType, LogLevel } = await import("@microsoft/signalr");

const connection = new HubConnectionBuilder()
  .withUrl(options.url, {
    skipNegotiation: true,
    transport: HttpTransportType.WebSockets,
    WebSocket,
    ...(options.token && { accessTokenFactory: () => options.token }),
  })
  .withAutomaticReconnect(options.reconnectAfter ?? [0, 100, 200, 400, 800, 1600, 3200])
  .configureLogging(LogLevel.None)
  .build();
if (options.serverTimeout) connection.serverTimeoutInMilliseconds = options.serverTimeout;
if (options.keepAlive) connection.keepAliveIntervalInMilliseconds = options.keepAlive;

for (const handler of ["InventoryUpdated", "OrderStatusChanged"]) {
  connection.on(handler, (...args) => tell({ called: handler, arguments: args }));
}
connection.onreconnecting(() => tell({ state: "reconnecting" }));
connection.onreconnected(() => tell({ state: "reconnected" }));
connection.onclose((error) => tell({ state: "closed", error: error?.message }));

try {
  await connection.start();
  tell({ state: "connected" });
} catch (error) {
  tell({ state: "refused", error: error.message });
  process.exit(1);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, invoke, send, arguments: args = [] } = JSON.parse(line);
  const done = invoke ? connection.invoke(invoke, ...args) : send ? connection.send(send, ...args) : connection.stop();
  done.then(
    (returned) => tell({ id, returned: returned ?? null }),
    (error) => tell({ id, rejected: error.message }),
  );
}
await connection.stop();
