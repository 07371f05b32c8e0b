/** Tasks that run one after the other, in the order of their calls. */
export class SerialTasks {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` after all earlier ones, whether they succeed or not. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when the tasks so far are done. Never rejects. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
