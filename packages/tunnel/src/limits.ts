/** Every bound of the tunnel, with its unit. README.md explains how they add up. */

/** The framing versions that this build speaks. */
export const minimumVersion = 1;
export const maximumVersion = 1;

/** Payload of one DATA frame: what one read of a Node socket yields. */
export const maxDataBytes = 65_536;
/** JSON header of OPEN: a `StreamOpen` with a signed ticket is about 2 KiB. */
export const maxHeaderBytes = 16_384;
/** JSON of one notice. */
export const maxNoticeBytes = 16_384;
/** Text of a RESET. */
export const maxReasonBytes = 1_024;
/** HELLO: later versions may append fields, which version 1 ignores. */
export const maxHelloBytes = 256;
/** One WebSocket message, which is a batch of whole frames; also the size of the slab that frames are written to. */
export const maxMessageBytes = 262_144;
/** A message is sent as soon as it holds this much, and at the end of the tick in any case. */
export const batchBytes = 65_536;

/** What a fresh stream may have unread at its receiver. */
export const initialWindowBytes = 65_536;
/** What a stream that is being read may grow to. */
export const maxWindowBytes = 262_144;
/** Growth beyond the initial windows, summed over a tunnel's streams. */
export const windowGrowthBudgetBytes = 64 * 1_048_576;
/** Credit that a peer may hold for one stream; more is a protocol violation. */
export const maxCreditBytes = 16 * 1_048_576;
/** Streams that either side may have opened and not ended. */
export const maxStreams = 1_024;

/** Above this, streams wait with their data until the channel has drained to the low mark. */
export const sendHighWaterBytes = 1_048_576;
export const sendLowWaterBytes = 262_144;
/** Above this, nothing new (stream, notice) is accepted for sending. */
export const maxSendBacklogBytes = 4 * 1_048_576;

/** Milliseconds in which the peer's HELLO must come. */
export const helloTimeoutMs = 10_000;
/** Milliseconds between looks at whether the peer said anything; a silent one is asked with PING. */
export const pingIntervalMs = 10_000;
/** Looks without a single frame from the peer, after which it counts as dead (so 30 s). */
export const maxSilentIntervals = 3;

/** Reconnecting: full jitter below `min(backoffMaxMs, backoffMinMs · 2^attempt)`. */
export const backoffMinMs = 250;
export const backoffMaxMs = 15_000;
/** Milliseconds that a tunnel must have been up for the next failure to count as the first one. */
export const stableAfterMs = 15_000;
/** Milliseconds for TCP, TLS and the WebSocket handshake together. */
export const dialTimeoutMs = 10_000;

/** RFC 6455, 5.5: a control frame holds 125 bytes, two of them the close code. */
export const maxCloseReasonBytes = 123;
