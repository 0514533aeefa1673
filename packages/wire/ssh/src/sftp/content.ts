import type { SftpRequest } from '../subsystem.ts';
import type { Answers } from './answers.ts';
import { type OpenHandle, recordContent } from './open-handles.ts';
import { body, FieldReader, field, type Packet, packet, packetTypes, statusCodes, uint32, withId } from './packets.ts';
import { maskedNames } from './replies.ts';
import type { Request } from './requests.ts';
import { Unfit } from './unfit.ts';

/** No file is longer; beyond it numbers are no longer exact. */
const maxOffset = 2n ** 52n;

export class Content {
  readonly #request: SftpRequest;
  readonly #answers: Answers;

  constructor(request: SftpRequest, answers: Answers) {
    this.#request = request;
    this.#answers = answers;
  }

  async read(id: number, open: OpenHandle, request: Extract<Request, { type: 'read' }>, one: Packet): Promise<void> {
    const { reads } = open;
    if (reads === null || open.sort !== 'file') throw new Unfit('the file was not opened for reading');
    if (reads.placeMask() === null) {
      const sent = body(packetTypes.read, field(open.handle), one.subarray(-12));
      open.lane.send(sent, (answer) => {
        if (answer[0] === packetTypes.data) this.#give(id, open, new FieldReader(answer.subarray(5)).bytes());
        else this.#answers.passOn(id, answer, []);
      });
      return;
    }
    const { offset, length } = request;
    if (offset > maxOffset) {
      this.#answers.status(id, statusCodes.eof, 'End of file');
      return;
    }
    const answer = await open.masked.read(Number(offset), length);
    if (answer.type === 'data') this.#give(id, open, answer.bytes);
    else this.#answers.status(id, answer.code, answer.code === statusCodes.eof ? 'End of file' : 'Failure');
  }

  /** Content on its way to the client, counted and kept. */
  #give(id: number, open: OpenHandle, bytes: Buffer): void {
    const { reads } = open;
    if (open.isOver || reads === null || reads.budget?.take(0, bytes.length) === false) {
      this.#stop(id, open);
      return;
    }
    recordContent(open, 'stdout', bytes);
    open.read += bytes.length;
    this.#answers.send(packet(packetTypes.data, uint32(id), field(bytes)));
  }

  #stop(id: number, open: OpenHandle): void {
    if (!open.isOver && open.reads !== null) this.#request.warn(open.reads.stopped({ ran: true }));
    open.isOver = true;
    this.#answers.status(id, statusCodes.permissionDenied, 'Sluice: a limit on results was passed');
  }

  write(id: number, open: OpenHandle, { offset, data }: Extract<Request, { type: 'write' }>): void {
    if (open.writes === null) throw new Unfit('the file was not opened for writing');
    recordContent(open, 'stdin', data);
    open.written += data.length;
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(offset);
    open.lane.send(body(packetTypes.write, field(open.handle), place, field(data)), (answer) =>
      this.#answers.passOn(id, answer, []),
    );
  }

  readFolder(id: number, open: OpenHandle): void {
    if (open.sort !== 'folder' || open.reads === null) throw new Unfit('the folder was not opened');
    open.lane.send(body(packetTypes.readdir, field(open.handle)), (answer) => {
      if (answer[0] !== packetTypes.name) {
        this.#answers.passOn(id, answer, []);
        return;
      }
      const names = maskedNames(answer, (text) => this.#request.inspector.maskText(text));
      if (open.isOver || open.reads?.budget?.take(names.count, answer.length) === false) {
        this.#stop(id, open);
        return;
      }
      recordContent(open, 'stdout', Buffer.from(names.listing));
      open.read += names.count;
      this.#answers.send(withId(names.packet, id));
    });
  }
}
