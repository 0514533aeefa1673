/** What the channels of one session share. */
import { SluiceError, type StatementFacts } from '@sluice/domain';
import type { FactsReader, Inspector, RelayRequest, SessionState, StatementHandle } from '@sluice/wire-kit';
import type { SshClient } from './client-side.ts';
import { stateOf } from './facts.ts';
import { type Destination, isNamed } from './forward/destinations.ts';
import type { HostFacts, SshKnowledge } from './host-facts.ts';
import { readOptions, type SshOptions } from './manifest.ts';
import type { RefusedRequests } from './refused-requests.ts';
import type { SshTarget } from './target-side.ts';

export type SshRelay = RelayRequest<SshClient, SshTarget, SshKnowledge>;

export class ChannelContext {
  readonly request: SshRelay;
  readonly options: SshOptions;
  readonly refused: RefusedRequests;
  #writer: Promise<SshTarget> | null = null;

  constructor(request: SshRelay, refused: RefusedRequests) {
    this.request = request;
    this.refused = refused;
    this.options = readOptions(request.connection.options);
  }

  get client(): SshClient {
    return this.request.client;
  }

  get inspector(): Inspector {
    return this.request.inspector;
  }

  get facts(): FactsReader {
    return this.request.facts;
  }

  get known(): HostFacts | null {
    return this.request.knowledge?.facts ?? null;
  }

  get user(): string {
    return this.request.target.username;
  }

  get state(): SessionState {
    return stateOf(this.user);
  }

  /** Why there is no terminal for this client, in a clause; null: policy is asked. */
  get terminalProblem(): string | null {
    const { terminal } = this.options;
    if (terminal === 'off') return 'this connection offers no terminals';
    if (terminal === 'people' && this.request.actorKind !== 'person')
      return 'this connection offers terminals to people only; run single commands instead';
    return this.client.permits.terminal ? null : 'the certificate does not allow terminals';
  }

  /** Why this client is not forwarded to a destination, in a clause; null: policy is asked. */
  forwardProblem(destination: Destination): string | null {
    if (!isNamed(this.options.forwardTo, destination))
      return this.options.forwardTo.length === 0
        ? 'this connection names no destinations that may be forwarded to'
        : 'it is none of the destinations that this connection names';
    return this.client.permits.forwarding ? null : 'the certificate does not allow forwarding';
  }

  /**
   * Where a statement runs: what is more than reading runs with the writer's credential, in a connection of its own, where the session
   * opened as the reader. Throws SluiceError.
   */
  async targetFor(statement: StatementHandle): Promise<SshTarget> {
    if (this.request.dialWriter === null || statement.facts.every(onlyReads)) return this.request.target;
    statement.ranAsWriter();
    return this.writer();
  }

  /** The writer's connection, opened once. Throws SluiceError. */
  writer(): Promise<SshTarget> {
    const { dialWriter, target } = this.request;
    if (dialWriter === null) return Promise.resolve(target);
    this.#writer ??= dialWriter().catch((error: unknown) => {
      this.#writer = null;
      throw error;
    });
    return this.#writer;
  }

  /** Closes what was opened beside the session's own target. Never throws. */
  async close(): Promise<void> {
    const writer = await this.#writer?.catch(() => null);
    await writer?.close();
  }
}

function onlyReads({ complete, kind }: StatementFacts): boolean {
  return complete && (kind === 'read' || kind === 'session');
}

/** An expected fault in words for the client; bugs are thrown on. */
export function faultOf(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  throw error;
}
