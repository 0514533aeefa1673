/**
 * What the corpora need of a protocol: a client that puts one form to the other side in every way the protocol has, and an owner's
 * session at the target that makes the fixture and tells whether anything changed. Nobody outside the protocol's folder knows
 * how a form becomes bytes.
 */
import type { Duplex } from 'node:stream';
import type { Secret } from '@sluice/domain';
import type { z } from 'zod';

/** Where a form stands: by itself, inside a transaction of its own, or behind an allowed statement in the same write. */
export const formPositions = ['alone', 'transaction', 'pipelined'] as const;
export type FormPosition = (typeof formPositions)[number];

/** A form as the corpus files write it: one text, a text with bound values (null: the protocol's null), or the protocol's own steps. */
export type CorpusForm =
  | { readonly type: 'text'; readonly text: string; readonly values: readonly (string | null)[] | null }
  | { readonly type: 'steps'; readonly steps: readonly unknown[] };

export interface Delivery {
  /** One of the protocol's `paths`; ignored for steps, which say everything themselves. */
  readonly path: string;
  readonly position: FormPosition;
  /** Every byte in a write of its own. */
  readonly cut: boolean;
}

/**
 * What became of a form: `ran` without an error; `refused` by Sluice; `held` for a person (and given up at once); `failed` with an
 * error of the target's own; `ended`: the session was closed over it.
 */
export type CorpusOutcome = 'ran' | 'refused' | 'held' | 'failed' | 'ended';

export interface CorpusAnswer {
  readonly outcome: CorpusOutcome;
  /** The first error's code and text in the protocol's own words; empty when there was none. */
  readonly code: string;
  readonly message: string;
  /** Everything that came back, bytes as received: whatever a client could read stands in them. */
  readonly received: Buffer;
}

/** A session that delivers forms one after the other and leaves no trace of one for the next. */
export interface CorpusClient {
  /** Never rejects for what the other side does; rejects with SluiceError `unavailable` when no session can be opened. */
  deliver(form: CorpusForm, delivery: Delivery): Promise<CorpusAnswer>;
  /** Runs one text and gives the first value of its first row; null when there is none or it was refused. */
  firstValue(text: string): Promise<string | null>;
  close(): Promise<void>;
}

export interface CorpusClientRequest {
  /** A fresh byte stream to the same connection: for sessions, and for cancelling on a second one. */
  readonly openStream: () => Promise<Duplex>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly username: string;
  readonly secret: Secret;
  /** Longest wait for one delivery's answer (ms). */
  readonly answerMs: number;
}

/** What the fixture is made of: names a schema of its own, and the texts that fill it, in order. */
export interface CorpusFixture {
  readonly schema: string;
  readonly setup: readonly string[];
  /** Removes what stands outside the schema. */
  readonly teardown: readonly string[];
}

/** An owner's own session at a target, past Sluice. */
export interface CorpusTarget {
  /** Makes the fixture, owned by `owner` where this role may do that; what stands in the fixture's schema is dropped first. */
  makeFixture(fixture: CorpusFixture, owner: string | null): Promise<void>;
  dropFixture(fixture: CorpusFixture): Promise<void>;
  /** A digest of every row and every object in the fixture's schema: quick enough to be taken after every try. */
  fixtureDigest(fixture: CorpusFixture): Promise<string>;
  /** A digest of the catalogue, roles, settings and tables of the whole database; large tables count by size and storage alone. */
  wholeDigest(): Promise<string>;
  /** A new database with a login role of its own that owns it and nothing else; `drop` removes both. */
  makeScratch(): Promise<{ readonly address: string; readonly drop: () => Promise<void> }>;
  close(): Promise<void>;
}

/** One protocol's part in running the corpora. */
export interface CorpusProtocol {
  /** The ways a text can be sent, e.g. simple and extended. */
  readonly paths: readonly string[];
  /** A text in one message of its own, as it stands in each position: what goes before it is allowed everywhere. */
  readonly around: Readonly<Record<FormPosition, (text: string) => string>>;
  /** Checks one step of a form that only the protocol can say. */
  readonly stepSchema: z.ZodType<unknown>;
  /** True for the address of a target of this protocol (a DSN). */
  readonly recognises: (address: string) => boolean;
  readonly openClient: (request: CorpusClientRequest) => CorpusClient;
  /** Opens an owner's session; throws SluiceError with what is wrong with the address, TLS or login. */
  readonly openTarget: (address: string) => Promise<CorpusTarget>;
  /** A client of an unguarded target. */
  readonly openUnguarded: (address: string, answerMs: number) => CorpusClient;
}
