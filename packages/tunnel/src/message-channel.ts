/** Whole messages in order, both ways: what a tunnel needs of a WebSocket. */
export interface MessageChannel {
  /** Sends one message; the buffer is given away. After `close` it does nothing. */
  send(message: Buffer): void;
  /** Bytes accepted by `send` that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** Registers the one receiver. `onDrain` follows whenever a sent message was taken; `onClose` comes exactly once, last. */
  listen(listener: MessageChannelListener): void;
  /** Closes with a code and a reason of at most 123 bytes after what was sent. */
  close(code: number, reason: string): void;
  /** Cuts at once. */
  terminate(): void;
}

export interface MessageChannelListener {
  readonly onMessage: (message: Buffer) => void;
  /** A message that is not binary. */
  readonly onText: () => void;
  readonly onDrain: () => void;
  readonly onClose: (code: number, reason: string) => void;
}
