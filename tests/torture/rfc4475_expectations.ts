/** The expected results for each message of RFC 4475, in the order of the RFC. */

/** The final status to answer, any one of several, or no answer at all. */
export type Outcome = number | readonly number[] | "dropped";

/**
 * - "valid": all that routr reads of the message is well formed;
 * - `refused`: the parser rejects it, with this status for the response;
 * - `faulty`: it parses, but this field is reported as faulty when it is read.
 */
export type ParseVerdict = "valid" | { readonly refused: number } | { readonly faulty: FaultyField };

/** Fields that are read on demand. */
export type FaultyField = "Request-URI" | "Contact";

/** The message at a server with the domains of the message. */
export interface HomeExpectation {
  readonly domains: readonly string[];
  readonly server: Outcome;
  /** Agent of the first domain who repeats the message with digest credentials; `server` is the answer to that. */
  readonly agent?: string;
  /** Contents of the answer beside its status. */
  readonly holds?: RegExp;
}

export interface Expectation {
  /** The file is `messages/<name>.dat`. */
  readonly name: string;
  readonly section: string;
  readonly about: string;
  readonly parse: ParseVerdict;
  /** The answer of a server with another domain and without registrations. */
  readonly server: Outcome;
  readonly home?: HomeExpectation;
  /** Reasons; "choice" marks where the RFC leaves one. */
  readonly why: string;
}

// Well formed, but neither from nor for a domain of ours: routr is no open relay.
const noRelay = 403;
// A REGISTER for a domain that is not ours (§10.3 steps 1 and 5).
const notOurRegistrar = [403, 404];
// A caller of our domain has to authenticate; the registrar asks with 401, the proxy with 407.
const proxyChallenge = 407;
const registrarChallenge = 401;

export const expectations: readonly Expectation[] = [
  // 3.1.1 Valid messages
  {
    name: "wsinv",
    section: "3.1.1.1",
    about: "a short tortuous INVITE",
    parse: "valid",
    server: [403, 404, 481],
    home: {
      domains: ["example.com", "chair-dnrc.example.com", "services.example.com"],
      server: [404, 407, 480, 481],
    },
    why: "folding, compact forms and odd spacing are legal everywhere; its To tag is of no dialog of ours, " +
      "which must not make routr a relay",
  },
  {
    name: "intmeth",
    section: "3.1.1.2",
    about: "wide range of valid characters",
    parse: "valid",
    server: noRelay,
    home: {
      domains: ["example.com"],
      server: proxyChallenge,
      holds: /^CSeq: *139122385 !interesting-Method/im,
    },
    why: "a proxy treats an unknown method like any other",
  },
  {
    name: "esc01",
    section: "3.1.1.3",
    about: "valid use of the % escaping mechanism",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.net"], server: proxyChallenge },
    why: "the escaped sips: URI is a user part and nothing more",
  },
  {
    name: "escnull",
    section: "3.1.1.4",
    about: "escaped nulls in URIs",
    parse: "valid",
    server: notOurRegistrar,
    home: {
      domains: ["example.com"],
      server: registrarChallenge,
      holds: /^To: *sip:null-%00-null@example\.com/im,
    },
    why: "an address-of-record may hold a null, and does not end at it",
  },
  {
    name: "esc02",
    section: "3.1.1.5",
    about: "use of % when it is not an escape",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.com"], server: proxyChallenge },
    why: "RE%47IST%45R is not REGISTER, so the proxy challenges and not the registrar",
  },
  {
    name: "lwsdisp",
    section: "3.1.1.6",
    about: "no LWS between display name and <",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.com"], server: proxyChallenge },
    why: "a slip of the RFC 3261 grammar: to be accepted",
  },
  {
    name: "longreq",
    section: "3.1.1.7",
    about: "long values in header fields",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.net"], server: proxyChallenge },
    why: "length alone is no fault; all 34 Vias come back, the topmost without branch",
  },
  {
    name: "dblreq",
    section: "3.1.1.8",
    about: "extra trailing octets in a UDP datagram",
    parse: "valid",
    server: notOurRegistrar,
    home: {
      domains: ["example.com"],
      agent: "j.user",
      server: 200,
      holds: /^Contact: *<sip:j\.user@host\.example\.com>/im,
    },
    why: "what follows Content-Length is noise, even when it looks like an INVITE: one answer",
  },
  {
    name: "semiuri",
    section: "3.1.1.9",
    about: "semicolon-separated parameters in URI user part",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.org", "example.com"], server: proxyChallenge },
    why: "the semicolon belongs to the user part",
  },
  {
    name: "transports",
    section: "3.1.1.10",
    about: "varied and unknown transport types",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.com"], server: proxyChallenge },
    why: "only the topmost Via concerns the receiver",
  },
  {
    name: "mpart01",
    section: "3.1.1.11",
    about: "multipart MIME message",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.com"], server: proxyChallenge },
    why: "bodies are bytes; nulls do not end them",
  },
  {
    name: "unreason",
    section: "3.1.1.12",
    about: "unusual reason phrase",
    parse: "valid",
    server: "dropped",
    why: "a well-formed response to nothing that we sent",
  },
  {
    name: "noreason",
    section: "3.1.1.13",
    about: "empty reason phrase",
    parse: "valid",
    server: "dropped",
    why: "a well-formed response to nothing that we sent",
  },

  // 3.1.2 Invalid messages
  {
    name: "badinv01",
    section: "3.1.2.1",
    about: "extraneous header field separators",
    parse: { refused: 400 },
    server: 400,
    why: "empty parameters and values in Via; its sent-by is still readable, so it can be answered",
  },
  {
    name: "clerr",
    section: "3.1.2.2",
    about: "Content-Length larger than message",
    parse: { refused: 400 },
    server: 400,
    why: "a datagram is all there will be",
  },
  {
    name: "ncl",
    section: "3.1.2.3",
    about: "negative Content-Length",
    parse: { refused: 400 },
    server: 400,
    why: "not a number of bytes",
  },
  {
    name: "scalar02",
    section: "3.1.2.4",
    about: "request scalar fields with overlarge values",
    parse: { refused: 400 },
    server: 400,
    why: "a CSeq above 2^32-1; the other large numbers alone could be read as absent",
  },
  {
    name: "scalarlg",
    section: "3.1.2.5",
    about: "response scalar fields with overlarge values",
    parse: { refused: 400 },
    server: "dropped",
    why: "no faulty response is answered",
  },
  {
    name: "quotbal",
    section: "3.1.2.6",
    about: "unterminated quoted string in display name",
    parse: { refused: 400 },
    server: 400,
    why: "choice: no guess where the quote should have ended",
  },
  {
    name: "ltgtruri",
    section: "3.1.2.7",
    about: "<> enclosing Request-URI",
    parse: { refused: 400 },
    server: 400,
    why: "choice: rejecting is always reasonable, ignoring the brackets would have to be hidden downstream",
  },
  {
    name: "lwsruri",
    section: "3.1.2.8",
    about: "malformed Request-URI (embedded LWS)",
    parse: { refused: 400 },
    server: 400,
    why: "four words are no Request-Line; which of them are the URI is a guess",
  },
  {
    name: "lwsstart",
    section: "3.1.2.9",
    about: "multiple SP separating Request-Line elements",
    parse: { refused: 400 },
    server: 400,
    why: "choice: one reading of a Request-Line for us and every element downstream",
  },
  {
    name: "trws",
    section: "3.1.2.10",
    about: "SP characters at end of Request-Line",
    parse: { refused: 400 },
    server: 400,
    why: "choice: as for lwsstart",
  },
  {
    name: "escruri",
    section: "3.1.2.11",
    about: "escaped headers in Request-URI",
    parse: { faulty: "Request-URI" },
    server: 400,
    why: "choice: headers may not be in a Request-URI, and must not be turned into any (§19.1.1)",
  },
  {
    name: "baddate",
    section: "3.1.2.12",
    about: "invalid time zone in Date header field",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.net"], server: proxyChallenge },
    why: "choice: nothing here depends on Date, so it is not read",
  },
  {
    name: "regbadct",
    section: "3.1.2.13",
    about: "failure to enclose name-addr URI in <>",
    parse: { faulty: "Contact" },
    server: [400, ...notOurRegistrar],
    home: { domains: ["example.com"], agent: "user", server: 400 },
    why: "a URI with a question mark needs brackets (§20.10); Contact is read once the user is known",
  },
  {
    name: "badaspec",
    section: "3.1.2.14",
    about: "spaces within addr-spec",
    parse: { refused: 400 },
    server: 400,
    why: "choice: rejecting is reasonable, and spaces in a URI are trouble for whoever comes next",
  },
  {
    name: "baddn",
    section: "3.1.2.15",
    about: "non-token characters in display name",
    parse: { refused: 400 },
    server: 400,
    why: "an unquoted comma separates values, and From has one; the archived bytes also lack the empty line",
  },
  {
    name: "badvers",
    section: "3.1.2.16",
    about: "unknown protocol version",
    parse: { refused: 505 },
    server: 505,
    why: "SIP/7.0 has a status of its own",
  },
  {
    name: "mismatch01",
    section: "3.1.2.17",
    about: "start line and CSeq method mismatch",
    parse: { refused: 400 },
    server: 400,
    why: "every element rejects this",
  },
  {
    name: "mismatch02",
    section: "3.1.2.18",
    about: "unknown method with CSeq method mismatch",
    parse: { refused: 400 },
    server: [400, 501],
    why: "choice: 501 is preferred where the method is looked at first, 400 is acceptable",
  },
  {
    name: "bigcode",
    section: "3.1.2.19",
    about: "overlarge response code",
    parse: { refused: 400 },
    server: "dropped",
    why: "no response has a status above 699, and no response is answered",
  },

  // 3.2 Transaction layer semantics
  {
    name: "badbranch",
    section: "3.2.1",
    about: "missing transaction identifier",
    parse: "valid",
    server: [400, noRelay],
    home: { domains: ["example.org"], server: [400, proxyChallenge] },
    why: "choice: reject the bare cookie without state, or match as with RFC 2543",
  },

  // 3.3 Application-layer semantics
  {
    name: "insuf",
    section: "3.3.1",
    about: "missing required header fields",
    parse: { refused: 400 },
    server: 400,
    why: "no Call-ID, From and To; the Via is there to answer to",
  },
  {
    name: "unkscm",
    section: "3.3.2",
    about: "Request-URI with unknown scheme",
    parse: "valid",
    server: 416,
    why: "the To header field is not used to route instead",
  },
  {
    name: "novelsc",
    section: "3.3.3",
    about: "Request-URI with known but atypical scheme",
    parse: "valid",
    server: 416,
    why: "choice: no soap.beep URI will ever mean anything here, so not 404",
  },
  {
    name: "unksm2",
    section: "3.3.4",
    about: "unknown URI schemes in header fields",
    parse: "valid",
    server: [400, ...notOurRegistrar],
    home: { domains: ["example.com"], server: 400 },
    why: "an address-of-record is a SIP or SIPS URI; there is no use in authenticating an ISBN",
  },
  {
    name: "bext01",
    section: "3.3.5",
    about: "Proxy-Require and Require",
    parse: "valid",
    server: 420,
    home: {
      domains: ["example.com", "example.net"],
      server: 420,
      holds: /^Unsupported:[^\r]*\bno(ProxiesSupportThis|thingSupportsThis)\b/im,
    },
    why: "validation comes before policy (§16.3 step 5)",
  },
  {
    name: "invut",
    section: "3.3.6",
    about: "unknown Content-Type",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.net"], server: proxyChallenge },
    why: "bodies do not concern a proxy",
  },
  {
    name: "regaut01",
    section: "3.3.7",
    about: "unknown Authorization scheme",
    parse: "valid",
    server: notOurRegistrar,
    home: { domains: ["example.com"], server: registrarChallenge },
    why: "unusable credentials are no credentials: a new challenge, in a scheme we know",
  },
  {
    name: "multi01",
    section: "3.3.8",
    about: "multiple values in single value required fields",
    parse: { refused: 400 },
    server: 400,
    why:
      "two Call-IDs, Tos, Froms, CSeqs and Max-Forwards: choosing one of them is how messages are smuggled",
  },
  {
    name: "mcl01",
    section: "3.3.9",
    about: "multiple Content-Length values",
    parse: { refused: 400 },
    server: 400,
    why: "two lengths are as bad as none",
  },
  {
    name: "bcast",
    section: "3.3.10",
    about: "200 OK response with broadcast Via header field value",
    parse: "valid",
    server: "dropped",
    why: "only responses that match a transaction go upstream, so none is sent to 255.255.255.255",
  },
  {
    name: "zeromf",
    section: "3.3.11",
    about: "Max-Forwards of zero",
    parse: "valid",
    server: [483, 200],
    why: "choice: a proxy may answer an OPTIONS itself that it must not forward (§16.3 step 3)",
  },
  {
    name: "cparam01",
    section: "3.3.12",
    about: "REGISTER with a contact header parameter",
    parse: "valid",
    server: notOurRegistrar,
    home: {
      domains: ["example.com"],
      agent: "watson",
      server: 200,
      holds: /^Contact: *<sip:\+19725552222@gw1\.example\.net>/im,
    },
    why: "without brackets the parameter belongs to the header, so the bound URI has none",
  },
  {
    name: "cparam02",
    section: "3.3.13",
    about: "REGISTER with a URL parameter",
    parse: "valid",
    server: notOurRegistrar,
    home: {
      domains: ["example.com"],
      agent: "watson",
      server: 200,
      holds: /^Contact: *<sip:\+19725552222@gw1\.example\.net;unknownparam>/im,
    },
    why: "within brackets the parameter belongs to the URI, and is kept",
  },
  {
    name: "regescrt",
    section: "3.3.14",
    about: "REGISTER with a URL escaped header",
    parse: "valid",
    server: notOurRegistrar,
    home: {
      domains: ["example.com"],
      agent: "user",
      server: 200,
      holds: /^Contact: *<sip:user@example\.com\?Route=%3Csip:sip\.example\.com%3E>/im,
    },
    why: "a contact may carry headers, and they are kept",
  },
  {
    name: "sdp01",
    section: "3.3.15",
    about: "unacceptable Accept offering",
    parse: "valid",
    server: noRelay,
    home: { domains: ["example.net"], server: proxyChallenge },
    why: "Accept concerns the called phone, not a proxy",
  },

  // 3.4 Backward compatibility
  {
    name: "inv2543",
    section: "3.4.1",
    about: "INVITE with RFC 2543 syntax",
    parse: "valid",
    server: noRelay,
    home: { domains: ["ift.client.example.net"], server: proxyChallenge },
    why: "no branch, From tag, Content-Length or Max-Forwards: still a call",
  },
];
