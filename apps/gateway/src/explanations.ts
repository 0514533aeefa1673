/** Answers what people ask about policy: reads a text and judges it, as a session would, and runs nothing. */
import {
  type BundleConnection,
  type ExplainAnswer,
  type ExplainRequest,
  explainContext,
  explainRequestSchema,
  Secret,
} from '@sluice/domain';
import { openAtRest, sealAtRest } from '@sluice/keys';
import { protocolByName } from '@sluice/protocols';
import { explainStatement, type SessionPorts } from '@sluice/session';
import type { ControlPlane } from './control-plane.ts';

/** Texts that are explained at once; each opens a connection to its target. */
const maxAtOnce = 4;

export interface ExplanationsParts {
  readonly controlPlane: ControlPlane;
  readonly connection: (id: string) => BundleConnection | undefined;
  readonly ports: SessionPorts;
}

export class Explanations {
  readonly #parts: ExplanationsParts;
  #running = 0;

  constructor(parts: ExplanationsParts) {
    this.#parts = parts;
  }

  /** Fetches what is asked, answers it, both sealed with `key`. Never rejects: whoever asked waits no longer than they would have. */
  async answer(requestId: string, key: string): Promise<void> {
    try {
      await this.#answer(requestId, key);
    } catch (error) {
      this.#parts.ports.log('warn', 'an explanation could not be given', { error: String(error) });
    }
  }

  async #answer(requestId: string, key: string): Promise<void> {
    const { controlPlane } = this.#parts;
    const secret = new Secret(key);
    this.#running++;
    try {
      const sealed = await controlPlane.explainRequest(requestId);
      const opened = openAtRest(secret, sealed, explainContext(requestId, 'request')).reveal();
      const answer = await this.#explain(explainRequestSchema.parse(JSON.parse(opened)));
      const text = new Secret(JSON.stringify(answer));
      await controlPlane.answerExplain(requestId, sealAtRest(secret, text, explainContext(requestId, 'answer')));
    } finally {
      this.#running--;
    }
  }

  async #explain(request: ExplainRequest): Promise<ExplainAnswer> {
    const failed = (code: 'too-many' | 'not-found' | 'unsupported', message: string, hint: string): ExplainAnswer => ({
      ok: false,
      code,
      message,
      hint,
    });
    if (this.#running > maxAtOnce)
      return failed('too-many', 'the gateway is explaining other statements', 'Ask again in a moment.');
    const connection = this.#parts.connection(request.connectionId);
    if (connection === undefined)
      return failed('not-found', 'the gateway does not have this connection yet', 'Wait a second and ask again.');
    const { protocol: name } = connection.address;
    const protocol = protocolByName(name);
    if (protocol === undefined)
      return failed('unsupported', `this gateway does not speak ${name}`, 'Update the gateway.');
    return explainStatement(request, connection, protocol, this.#parts.ports);
  }
}
