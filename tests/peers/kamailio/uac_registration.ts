/** The accounts that Kamailio's uac module registers, as tables of db_text. */
import { hash } from "node:crypto";
import { domain } from "../../support/routr_process.ts";

export interface RegisteringAccount {
  readonly user: string;
  readonly secret: string;
  /** The registrar. */
  readonly uri: string;
  /** `host:port` with parameters, for the Contact. */
  readonly contact: string;
  /** Kamailio's socket that the requests leave by: `udp:127.0.0.1:5060`. */
  readonly socket: string;
}

/** Files by name: one account in the domain of the tests. A colon parts columns. */
export function registrationFiles(
  { user, secret, uri, contact, socket }: RegisteringAccount,
): Record<string, string> {
  const columns = "id(int,auto) l_uuid(string) l_username(string) l_domain(string) r_username(string) " +
    "r_domain(string) realm(string) auth_username(string) auth_password(string) auth_ha1(string) " +
    "auth_proxy(string) expires(int) flags(int) reg_delay(int) contact_addr(string) socket(string)";
  const ha1 = hash("md5", `${user}:${domain}:${secret}`);
  const account = [user, domain, user, domain, domain, user, secret, ha1];
  const values = [1, "trunk-line", ...account, uri, 600, 0, 0, contact, socket];
  const row = values.map((value) => String(value).replaceAll(":", "\\:")).join(":");
  return {
    version: "id(int,auto) table_name(string) table_version(int)\n0:version:1\n1:uacreg:5\n",
    uacreg: `${columns}\n${row}\n`,
  };
}
