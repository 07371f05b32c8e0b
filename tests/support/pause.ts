/** Lets milliseconds of real time pass, for what depends on sockets, files or other processes. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
