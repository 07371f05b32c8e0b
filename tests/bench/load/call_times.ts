/** Milliseconds a call rings and is talked; without them two workers reorder 180 and 200, or ACK and BYE. */
export const RING = 20;
export const TALK = 100;
