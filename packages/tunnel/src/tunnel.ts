import type { SluiceError } from '@sluice/domain';
import type { TunnelClock } from './clock.ts';
import type { TunnelRole } from './frames.ts';
import type { TunnelStream } from './stream.ts';

export interface TunnelOptions {
  readonly role: TunnelRole;
  /** The peer opened a stream with this JSON header, which the receiver must check. */
  readonly onStream: (stream: TunnelStream, header: unknown) => void;
  /** JSON that the peer sent, which the receiver must check. */
  readonly onNotice: (notice: unknown) => void;
  /** Called once. Null after a clean close of either side. */
  readonly onEnd: (error: SluiceError | null) => void;
  /** The peer (or this side) wants no new streams. */
  readonly onDraining?: () => void;
  readonly clock?: TunnelClock;
  /** Bounds other than the named ones, for tests. */
  readonly bounds?: Partial<TunnelBounds>;
}

export interface TunnelBounds {
  readonly initialWindowBytes: number;
  readonly maxStreams: number;
  readonly windowGrowthBudgetBytes: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Counters; `peak…` are the largest values so far, which tests hold against the bounds. */
export interface TunnelStats {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly peakStreamUnreadBytes: number;
  readonly grownWindowBytes: number;
  readonly peakSendBacklogBytes: number;
}

export interface Tunnel {
  readonly role: TunnelRole;
  /** Resolves when both sides have agreed on a version; rejects with the SluiceError that ended the tunnel before. */
  readonly ready: Promise<void>;
  readonly openStreams: number;
  readonly draining: boolean;
  readonly ended: boolean;
  /** Resolves when the tunnel has ended, for whatever reason. */
  readonly finished: Promise<void>;
  readonly stats: TunnelStats;
  /**
   * Opens a stream towards the peer. Throws SluiceError: `unavailable` (not ready, draining or ended), `too-many` (streams or
   * backlog), `too-large` (header over 16 KiB of JSON).
   */
  openStream(header: unknown): TunnelStream;
  /** Sends a JSON value of at most 16 KiB. Throws like `openStream`. */
  sendNotice(notice: unknown): void;
  /** No new streams from either side; the tunnel closes cleanly when the last one has ended. Resolves at the end. */
  drain(): Promise<void>;
  /** Ends cleanly and at once; streams that are open are destroyed with `unavailable`. */
  close(reason: string): void;
  /** Ends with an error that the peer is told. */
  destroy(error: SluiceError): void;
}
