/** Bounds on the head of a message (`spec.limits`), over which the layers above iterate. */
export interface MessageLimits {
  /** Bytes of the start line, and of all header rows together. */
  readonly maxHeadSize: number;
  readonly maxHeaderRows: number;
  /** Values of one header, all its rows together. */
  readonly maxHeaderValues: number;
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  maxHeadSize: 65_536,
  maxHeaderRows: 256,
  maxHeaderValues: 100,
};
