/** Why a key store or a trust store is of no use: names the file, never its password. */
export class KeyStoreError extends Error {
  override readonly name = "KeyStoreError";
  readonly path: string;
  readonly problem: string;

  /** `problem` says what is wrong with the file, in words that follow "Cannot use … :". */
  constructor(path: string, problem: string) {
    super(`Cannot use "${path}": ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}
