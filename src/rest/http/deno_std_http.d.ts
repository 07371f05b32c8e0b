/** The parts of Deno's standard HTTP library that are used; its package ships no types. */

/** Returns false when `value`, a field `If-None-Match`, has the tag; weak and strong tags are equal. */
export function ifNoneMatch(value: string | null, etag: string): boolean;

/** Returns the type that the field `Accept` prefers, the first one without that field. */
export function accepts(request: Pick<Request, "headers">, ...types: string[]): string | undefined;
