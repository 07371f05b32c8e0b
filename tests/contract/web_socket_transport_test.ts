import { testConnections } from "./connection_contract.ts";
import { ws, wss } from "./harnesses.ts";
import { testTransport } from "./transport_contract.ts";

testTransport(ws);
testConnections(ws);
testTransport(wss);
testConnections(wss);
