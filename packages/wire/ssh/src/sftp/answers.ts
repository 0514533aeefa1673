/** What goes back to one client: answers under its own numbers, and the ends of the statements that they answer. */
import type { Refusal } from '@sluice/domain';
import type { StatementHandle } from '@sluice/wire-kit';
import type { SftpRequest } from '../subsystem.ts';
import { FieldReader, type Packet, packetTypes, statusCodes, statusPacket, withId } from './packets.ts';

export class Answers {
  readonly #request: SftpRequest;
  readonly #onSlow: () => void;

  /** `onSlow`: the client reads more slowly than answers come; its stream says when it goes on. */
  constructor(request: SftpRequest, onSlow: () => void) {
    this.#request = request;
    this.#onSlow = onSlow;
  }

  send(whole: Buffer): void {
    if (!this.#request.client.write(whole)) this.#onSlow();
  }

  status(id: number, code: number, message: string): void {
    this.send(statusPacket(id, code, message));
  }

  refused(id: number, { message, hint }: Pick<Refusal, 'message' | 'hint'>): void {
    this.status(id, statusCodes.permissionDenied, hint === '' ? message : `${message} ${hint}`);
  }

  /** Ends the statements of a request with its answer, and carries the answer back. */
  passOn(id: number, answer: Packet, statements: readonly StatementHandle[]): void {
    const fields = new FieldReader(answer);
    const isStatus = fields.byte() === packetTypes.status;
    fields.uint32();
    const code = isStatus ? fields.uint32() : statusCodes.ok;
    const message = isStatus && !fields.isAtEnd ? this.#request.inspector.maskText(fields.text()) : '';
    for (const statement of statements) {
      if (code === statusCodes.ok) statement.completed({ tag: 'done', rows: null });
      else statement.failed({ code: `status ${code}`, message });
      statement.ended();
    }
    if (isStatus) this.status(id, code, message);
    else this.send(withId(answer, id));
  }
}
