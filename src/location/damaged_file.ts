/** The file is foreign or damaged. */
export class DamagedFile extends Error {
  override readonly name = "DamagedFile";
}
