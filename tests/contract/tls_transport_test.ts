import { testConnections } from "./connection_contract.ts";
import { tls } from "./harnesses.ts";
import { testStreams } from "./stream_contract.ts";
import { testTransport } from "./transport_contract.ts";

testTransport(tls);
testConnections(tls);
testStreams(tls);
