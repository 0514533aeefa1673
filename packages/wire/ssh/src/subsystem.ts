/** What serving a subsystem takes: raw bytes on both sides, and the session's inspector. */
import type { Duplex } from 'node:stream';
import type { BundleConnection, Refusal } from '@sluice/domain';
import type { FactsReader, Inspector, SessionState } from '@sluice/wire-kit';

export interface SftpRequest {
  /** The client's channel: the packets of the subsystem, nothing of SSH around them. */
  readonly client: Duplex;
  /** Opens the subsystem at the target, with the writer's credential where the session opened as the reader. Throws SluiceError. */
  readonly openTarget: (purpose: 'own' | 'writer') => Promise<Duplex>;
  /** False: the session has one credential, and `writer` opens the same as `own`. */
  readonly hasWriter: boolean;
  readonly inspector: Inspector;
  readonly facts: FactsReader;
  readonly connection: BundleConnection;
  readonly state: SessionState;
  /** Where relative paths begin; null: not known. */
  readonly home: string | null;
  /** Writes a refusal to the client's stderr: sentences, then a line of JSON. */
  readonly warn: (refusal: Refusal) => void;
  /** Writes a notice of a hold to the client's stderr. */
  readonly waiting: (notice: { readonly url: string; readonly message: string }) => void;
  /** Aborted when the client closed the channel or the session ends. */
  readonly closed: AbortSignal;
}
