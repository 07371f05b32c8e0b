/** One answer to "why can my phone not register?". */
import { SipUri } from "../../message/sip_uri.ts";
import type { Diagnosis } from "../../rest/operations/why.ts";
import { readAddress } from "../../runtime/ip/written_address.ts";
import { diagnoseAccount, type Questioned } from "./account_diagnosis.ts";
import { diagnoseAddress } from "./address_diagnosis.ts";
import type { DiagnosisParts } from "./diagnosis_parts.ts";

const MAX_LENGTH = 256;

/** @param what an IP address, a user name, or an address-of-record; undefined is returned for anything else */
export async function diagnose(what: string, parts: DiagnosisParts): Promise<Diagnosis | undefined> {
  const address = readAddress(what.replace(/^([\d.]+|\[[^\]]*\]):\d{1,5}$/, "$1"));
  if (address !== undefined) return await diagnoseAddress(address, parts);
  const question = readQuestion(what.trim());
  return question && await diagnoseAccount(question, parts);
}

/** Reads `1001`, `1001@sip.local` or `sip:1001@sip.local`; people write `me@home@sip.local` for `me%40home@sip.local`. */
function readQuestion(what: string): Questioned | undefined {
  const bare = what.replace(/^sips?:/i, "");
  if (bare === "" || bare.length > MAX_LENGTH) return undefined;
  if (!bare.includes("@")) return { username: bare };
  const written = `sip:${bare}`;
  const uri = SipUri.parse(written) ?? SipUri.parse(written.replace(/@(?=.*@)/g, "%40"));
  return uri?.user === undefined ? undefined : { username: uri.userText, domain: uri.host };
}
