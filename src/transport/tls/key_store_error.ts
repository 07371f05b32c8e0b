/** The fault of a key store or trust store. Names the file, never its password. */
export class KeyStoreError extends Error {
  override readonly name = "KeyStoreError";
  readonly path: string;
  readonly problem: string;

  /** @param problem continues "Cannot use …: " */
  constructor(path: string, problem: string) {
    super(`Cannot use "${path}": ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}
