/** Puts approved changes back when somebody asks: in a session of the gateway's own, recorded as theirs. */
import { type BundleConnection, type RevertResult, SluiceError } from '@sluice/domain';
import { protocolByName } from '@sluice/protocols';
import { type RevertParts, runRevert } from '@sluice/session';
import type { ControlPlane } from './control-plane.ts';
import type { UndoStore } from './undo-store.ts';

export interface RevertsParts {
  readonly controlPlane: ControlPlane;
  readonly store: UndoStore;
  readonly ports: RevertParts['ports'];
  readonly connection: (id: string) => BundleConnection | undefined;
}

export interface RevertNotice {
  readonly requestId: string;
  readonly approvalId: string;
  readonly by: RevertParts['by'];
}

export class Reverts {
  readonly #parts: RevertsParts;
  /** One after the other: two of one approval must not meet. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: RevertsParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  answer(notice: RevertNotice): Promise<void> {
    this.#last = this.#last.then(() => this.#answer(notice));
    return this.#last;
  }

  async #answer(notice: RevertNotice): Promise<void> {
    const { approvalId, requestId } = notice;
    try {
      const result = await this.#run(notice);
      await this.#parts.controlPlane.tellRevert(approvalId, { requestId, result });
    } catch (error) {
      this.#parts.ports.log('error', 'a revert could not be told of', { approval: approvalId, error: String(error) });
    }
  }

  async #run({ approvalId, by }: RevertNotice): Promise<RevertResult> {
    const { store, connection: connectionOf, ports } = this.#parts;
    const failed = (because: string): RevertResult => ({ state: 'failed', because, sessionId: null });
    try {
      const entry = store.entry(approvalId);
      if (entry === null) return failed('the gateway keeps nothing of it any more');
      const connection = connectionOf(entry.connectionId);
      if (connection === undefined) return failed('the gateway does not serve its connection any more');
      const protocol = protocolByName(connection.address.protocol);
      if (protocol?.revertChange === undefined) return failed('its protocol puts nothing back');
      const result = await runRevert({ ports, connection, protocol, by, approvalId, image: entry.image });
      if (result.state === 'reverted') store.drop(approvalId);
      return result;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return failed(error.message.slice(0, 500));
    }
  }
}
