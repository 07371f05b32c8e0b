// Certificates for tests: an authority of our own in a temporary folder, and openssl to make what it signs.

const keyArguments = {
  ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  rsa: ["-newkey", "rsa:2048"],
} as const;
const day = 24 * 3600 * 1000;
const defaultDays = 30;

/** Files in PEM. */
export interface TestCertificate {
  readonly name: string;
  /** The certificate alone. */
  readonly certificate: string;
  /** PKCS#8, unencrypted. */
  readonly privateKey: string;
  /** The certificate, then its issuers up to the root. */
  readonly chain: string;
  /** The key and the chain. */
  readonly both: string;
}

export interface CertificateOptions {
  /** The common name. */
  readonly name: string;
  readonly dnsNames?: readonly string[];
  /** For instance `sip:example.com` (RFC 5922 §7.1). */
  readonly uriNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Days from now to its end; -1 is a certificate that ended yesterday. */
  readonly days?: number;
  /** Days from now to its beginning: 1 is a certificate that is not valid yet. */
  readonly startsInDays?: number;
  /** The signing authority, by default the root. */
  readonly ca?: TestCertificate;
  /** Keys: EC P-256 takes a few milliseconds, RSA tenths of a second. */
  readonly kind?: "rsa" | "ec";
  /** True for clients as well as servers. */
  readonly clientAuth?: boolean;
}

/** A root authority and its certificates; `using` removes all files. Names of certificates may repeat. */
export class TestCertificates implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "routr-certificates-" });
  /** The self-signed root, whose `certificate` peers must trust. */
  readonly root: TestCertificate;
  #count = 0;

  constructor() {
    this.#write("index.txt", "");
    this.#write("openssl.cnf", opensslConfiguration(this.folder));
    this.root = this.#make({ name: "Root of the tests" }, { isAuthority: true });
  }

  /** A certificate signed by `ca`. */
  issue(options: CertificateOptions): TestCertificate {
    return this.#make(options, { issuer: options.ca ?? this.root });
  }

  /** An authority below `ca`. */
  authority(options: CertificateOptions): TestCertificate {
    return this.#make(options, { issuer: options.ca ?? this.root, isAuthority: true });
  }

  /** Makes a self-signed certificate, unknown to the root. */
  selfSigned(options: Omit<CertificateOptions, "ca">): TestCertificate {
    return this.#make(options, {});
  }

  /** The key, the certificate and its issuers in a PKCS#12 store; legacy ones as openssl made them before version 3. */
  toPkcs12(
    { name, both }: TestCertificate,
    password: string,
    { isLegacy = false, arguments: further = [] }: {
      isLegacy?: boolean;
      arguments?: readonly string[];
    } = {},
  ): string {
    const store = this.#nextPath("p12");
    const kind = isLegacy ? ["-legacy"] : [];
    openssl([
      ...["pkcs12", "-export", ...kind, "-name", name, "-in", both, "-out", store],
      ...["-passout", `pass:${password}`, ...further],
    ]);
    return store;
  }

  /** Writes a file into the folder and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    return this.#write(`${this.#count++}-${name}`, content);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }

  #make(
    options: CertificateOptions,
    { issuer, isAuthority = false }: { issuer?: TestCertificate; isAuthority?: boolean },
  ): TestCertificate {
    const { name, kind = "ec", days = defaultDays, startsInDays = Math.min(-1, days - defaultDays) } =
      options;
    const privateKey = this.#nextPath("key");
    const request = this.#nextPath("csr");
    const certificate = this.#nextPath("crt");
    const configuration = `${this.folder}/openssl.cnf`;
    openssl([
      ...["req", "-config", configuration, "-new", ...keyArguments[kind], "-noenc"],
      ...["-keyout", privateKey, "-out", request, "-subj", `/CN=${name}`],
      ...extensionsOf(options, isAuthority).flatMap((extension) => ["-addext", extension]),
    ]);
    openssl([
      ...["ca", "-config", configuration, "-batch", "-notext", "-in", request, "-out", certificate],
      ...["-startdate", opensslTime(startsInDays), "-enddate", opensslTime(days)],
      ...(issuer
        ? ["-cert", issuer.certificate, "-keyfile", issuer.privateKey]
        : ["-selfsign", "-keyfile", privateKey]),
    ]);
    const chain = read(certificate) + (issuer ? read(issuer.chain) : "");
    return {
      name,
      certificate,
      privateKey,
      chain: this.write("chain.pem", chain),
      both: this.write("both.pem", read(privateKey) + chain),
    };
  }

  #nextPath(suffix: string): string {
    return `${this.folder}/${this.#count++}.${suffix}`;
  }

  #write(name: string, content: string | Uint8Array): string {
    const path = `${this.folder}/${name}`;
    Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return path;
  }
}

/** Runs openssl to its end and returns what it printed. */
export function openssl(args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command("openssl", { args: [...args], stdin: "null" })
    .outputSync();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`Cannot run "openssl ${args.join(" ")}": ${decoder.decode(stderr)}`);
}

function extensionsOf(
  { dnsNames = [], uriNames = [], ipAddresses = [], clientAuth = false }: CertificateOptions,
  isAuthority: boolean,
): string[] {
  const names = [
    ...dnsNames.map((name) => `DNS:${name}`),
    ...uriNames.map((name) => `URI:${name}`),
    ...ipAddresses.map((address) => `IP:${address}`),
  ];
  const alternatives = names.length > 0 ? [`subjectAltName=${names.join(",")}`] : [];
  if (isAuthority) {
    return [...alternatives, "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
  }
  const purposes = clientAuth ? "serverAuth,clientAuth" : "serverAuth";
  return [...alternatives, "basicConstraints=critical,CA:FALSE", `extendedKeyUsage=${purposes}`];
}

function opensslConfiguration(folder: string): string {
  return `
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = ${folder}/index.txt
new_certs_dir = ${folder}
rand_serial = yes
unique_subject = no
default_md = sha256
copy_extensions = copy
policy = policy
[policy]
commonName = supplied
`;
}

/** YYYYMMDDHHMMSSZ */
function opensslTime(daysFromNow: number): string {
  const time = new Date(Date.now() + daysFromNow * day).toISOString();
  return `${time.slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}
