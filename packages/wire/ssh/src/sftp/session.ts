/** One SFTP channel of a client: every request is read, judged, sent on as it was judged, and its answer carried back. */
import type { StatementHandle } from '@sluice/wire-kit';
import type { SftpRequest } from '../subsystem.ts';
import { Answers } from './answers.ts';
import { attributesAllowed, operationsOfAttributes, operationsOfOpen } from './attribute-operations.ts';
import { Content } from './content.ts';
import { carriedExtensions, type ExtendedRequest, readExtended } from './extensions.ts';
import { judgeAll, needsWriter, wordsOf } from './judging.ts';
import { Lane, maxRequestsUnderWay } from './lane.ts';
import { MaskedFile } from './masked-file.ts';
import { finish, maxOpenHandles, type OpenHandle, OpenHandles } from './open-handles.ts';
import type { Operation } from './operations.ts';
import {
  body,
  FieldReader,
  field,
  type Packet,
  PacketReader,
  packet,
  packetTypes,
  protocolVersion,
  SftpViolation,
  statusCodes,
  uint32,
  withId,
} from './packets.ts';
import { folderOf, readPath } from './paths.ts';
import { pathOfName } from './replies.ts';
import { type Attributes, type Request, readRequest } from './requests.ts';
import { Unfit } from './unfit.ts';

export class SftpSession {
  readonly #request: SftpRequest;
  readonly #open = new OpenHandles();
  readonly #reader = new PacketReader();
  readonly #answers: Answers;
  readonly #content: Content;
  readonly #over: (why: string | null) => void;
  readonly #own: Lane;
  readonly #home: string;
  #writer: Promise<Lane> | null = null;
  #last: Lane;
  #greeted = false;

  private constructor(request: SftpRequest, own: Lane, home: string, over: (why: string | null) => void) {
    this.#request = request;
    this.#own = own;
    this.#last = own;
    this.#home = home;
    this.#over = over;
    this.#answers = new Answers(request, () => this.#pause(true));
    this.#content = new Content(request, this.#answers);
    request.client.on('drain', () => this.#pause(false));
  }

  /** Opens the subsystem at the target and asks it where relative paths begin. `over` is told when the target ends it. */
  static async open(request: SftpRequest, over: (why: string | null) => void): Promise<SftpSession> {
    const own = await Lane.open(await request.openTarget('own'), over);
    request.inspector.recordOwnStatement('realpath "."');
    const answer = await own.ask(body(packetTypes.realpath, field('.')));
    return new SftpSession(request, own, pathOfName(answer) ?? request.home ?? '/', over);
  }

  /** Takes bytes of the client. Rejects with SftpViolation where they are no SFTP. */
  async take(chunk: Buffer): Promise<void> {
    for (const one of this.#reader.push(chunk)) {
      if (this.#request.closed.aborted) return;
      await this.#last.atMost(maxRequestsUnderWay - 1);
      if (this.#greeted) await this.#serve(one);
      else this.#greet(one);
    }
  }

  async close(): Promise<void> {
    for (const open of this.#open.takeAll()) finish(open);
    this.#own.close();
    const writer = await this.#writer?.catch(() => null);
    writer?.close();
  }

  #greet(one: Packet): void {
    const fields = new FieldReader(one);
    if (fields.byte() !== packetTypes.init || fields.uint32() < protocolVersion)
      throw new SftpViolation('the client speaks another version');
    this.#greeted = true;
    const offered = carriedExtensions(this.#own.extensions).flatMap(([name, data]) => [field(name), field(data)]);
    this.#answers.send(packet(packetTypes.version, uint32(protocolVersion), ...offered));
  }

  async #serve(one: Packet): Promise<void> {
    const { id, request } = readRequest(one);
    try {
      await this.#carry(id, request, one);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      const refusal = this.#request.inspector.refuseMessage(`a request "${request.type}"`, error.message);
      this.#request.warn(refusal);
      this.#answers.status(id, statusCodes.permissionDenied, refusal.message);
    }
  }

  async #carry(id: number, request: Request, one: Packet): Promise<void> {
    switch (request.type) {
      case 'open':
        return this.#openFile(id, request);
      case 'opendir':
        return this.#openFolder(id, this.#path(request.path, false));
      case 'close':
        return this.#close(id, request.handle);
      case 'read':
        return this.#content.read(id, await this.#turned(request.handle), request, one);
      case 'write':
        return this.#content.write(id, await this.#turned(request.handle), request);
      case 'readdir':
        return this.#content.readFolder(id, await this.#turned(request.handle));
      case 'fstat':
        return this.#onHandle(id, request.handle, (open) => body(packetTypes.fstat, field(open.handle)));
      case 'fsetstat':
        return this.#setOnHandle(id, request.handle, request.attributes);
      case 'setstat':
        return this.#set(id, packetTypes.setstat, request.path, request.attributes);
      case 'mkdir':
        return this.#makeFolder(id, request.path, request.attributes);
      case 'rename':
        return this.#rename(id, request.first, request.second, (from, to) =>
          body(packetTypes.rename, field(from), field(to)),
        );
      case 'symlink':
        return this.#symlink(id, request.first, request.second);
      case 'extended':
        return this.#extended(id, readExtended(request));
      case 'unknown':
        this.#request.inspector.refuseMessage('a file operation', `its number ${request.number} is not known`);
        this.#answers.status(id, statusCodes.unsupported, 'Sluice does not know this request');
        return;
      default:
        return this.#onPath(id, request.type, request.path);
    }
  }

  #onPath(
    id: number,
    type: 'lstat' | 'stat' | 'remove' | 'rmdir' | 'realpath' | 'readlink',
    given: Buffer,
  ): Promise<void> {
    const changes = type === 'remove' || type === 'rmdir';
    const path = this.#path(given, changes);
    const word = type === 'lstat' ? 'stat' : type;
    return this.#run(id, [{ word, paths: [path], argument: '' }], body(packetTypes[type], field(path)));
  }

  async #openFile(id: number, { path: given, flags, attributes }: Extract<Request, { type: 'open' }>): Promise<void> {
    this.#fit(attributesAllowed(attributes, 'open'));
    this.#roomForOne();
    const operations = operationsOfOpen(flags, attributes, (changes) => this.#path(given, changes));
    if (operations === null) throw new Unfit('it opens a file neither for reading nor for writing');
    const path = operations[0]?.paths[0] ?? '';
    const sent = body(packetTypes.open, field(path), uint32(flags), attributes.raw);
    await this.#openAs(id, 'file', operations, sent);
  }

  #openFolder(id: number, path: string): Promise<void> {
    this.#roomForOne();
    return this.#openAs(
      id,
      'folder',
      [{ word: 'list', paths: [path], argument: '' }],
      body(packetTypes.opendir, field(path)),
    );
  }

  #openAs(id: number, sort: OpenHandle['sort'], operations: readonly Operation[], sent: Packet): Promise<void> {
    return this.#judged(id, operations, sent, (answer, statements, lane) => {
      const fields = new FieldReader(answer);
      if (fields.byte() !== packetTypes.handle) {
        this.#answers.passOn(id, answer, statements);
        return;
      }
      fields.uint32();
      const handle = Buffer.from(fields.bytes());
      const index = (reading: boolean) =>
        operations.findIndex(({ word }) => (word === 'read' || word === 'list') === reading);
      const reads = statements[index(true)] ?? null;
      const masked = new MaskedFile(lane, handle, () => reads?.placeMask() ?? ((bytes) => bytes), Date.now);
      const name = this.#open.add({
        ...{ sort, lane, handle, reads, masked, statements, path: operations[0]?.paths[0] ?? '' },
        ...{ writes: statements[index(false)] ?? null, read: 0, written: 0, isOver: false },
      });
      this.#answers.send(packet(packetTypes.handle, uint32(id), field(name)));
    });
  }

  async #close(id: number, name: Buffer): Promise<void> {
    const open = this.#handle(name);
    this.#open.remove(name);
    await this.#turnTo(open.lane);
    open.lane.send(body(packetTypes.close, field(open.handle)), (answer) => {
      finish(open);
      this.#answers.send(withId(answer, id));
    });
  }

  /** A request on what is open already. */
  async #onHandle(id: number, name: Buffer, build: (open: OpenHandle) => Packet): Promise<void> {
    const open = this.#handle(name);
    await this.#turnTo(open.lane);
    open.lane.send(build(open), (answer) => this.#answers.passOn(id, answer, []));
  }

  /** What an upload sets of its own file is part of it; everything else is judged. */
  async #setOnHandle(id: number, name: Buffer, attributes: Attributes): Promise<void> {
    const open = this.#handle(name);
    this.#fit(attributesAllowed(attributes, 'set'));
    const build = () => body(packetTypes.fsetstat, field(open.handle), attributes.raw);
    const operations = operationsOfAttributes(attributes, open.path);
    const harmless = operations.every(
      ({ word, argument }) =>
        word === 'touch' || word === 'resize' || (word === 'chmod' && /^0[0-7]{3}$/.test(argument)),
    );
    if (open.writes !== null && harmless) return this.#onHandle(id, name, build);
    if (open.writes === null) throw new Unfit('the file was not opened for writing');
    const judged = await judgeAll(this.#request, operations);
    if (judged.type === 'refuse') return this.#answers.refused(id, judged.refusal);
    await this.#turnTo(open.lane);
    open.lane.send(build(), (answer) => this.#answers.passOn(id, answer, judged.statements));
  }

  #set(
    id: number,
    type: number,
    given: Buffer,
    attributes: Attributes,
    extension: Buffer | null = null,
  ): Promise<void> {
    this.#fit(attributesAllowed(attributes, 'set'));
    const path = this.#path(given, true);
    const head = extension === null ? [] : [extension];
    return this.#run(id, operationsOfAttributes(attributes, path), body(type, ...head, field(path), attributes.raw));
  }

  #makeFolder(id: number, given: Buffer, attributes: Attributes): Promise<void> {
    this.#fit(attributesAllowed(attributes, 'open'));
    const path = this.#path(given, true);
    const mode =
      attributes.mode === null || (attributes.mode & 0o6000) === 0 ? '' : (attributes.mode & 0o7777).toString(8);
    return this.#run(
      id,
      [{ word: 'mkdir', paths: [path], argument: mode }],
      body(packetTypes.mkdir, field(path), attributes.raw),
    );
  }

  #rename(
    id: number,
    first: Buffer,
    second: Buffer,
    build: (from: string, to: string) => Packet,
    word: 'rename' | 'hardlink' = 'rename',
  ): Promise<void> {
    const [from, to] = [this.#path(first, true), this.#path(second, true)];
    return this.#run(id, [{ word, paths: [from, to], argument: '' }], build(from, to));
  }

  /** OpenSSH's order: first what the link says, then where it stands; the former is kept as it is written. */
  #symlink(id: number, first: Buffer, second: Buffer): Promise<void> {
    const link = this.#path(second, true);
    const said = readPath(first, folderOf(link));
    if (!said.ok) throw new Unfit(said.because);
    return this.#run(
      id,
      [{ word: 'symlink', paths: [said.path, link], argument: '' }],
      body(packetTypes.symlink, field(first), field(link)),
    );
  }

  #extended(id: number, request: ExtendedRequest): Promise<void> | void {
    const build = (...fields: readonly Buffer[]) => body(packetTypes.extended, field(request.name), ...fields);
    switch (request.sort) {
      case 'limits':
        this.#answers.send(withId(body(packetTypes.extendedReply, request.answer), id));
        return;
      case 'rename':
      case 'hardlink':
        return this.#rename(
          id,
          request.first,
          request.second,
          (from, to) => build(field(from), field(to)),
          request.sort,
        );
      case 'set':
        return this.#set(id, packetTypes.extended, request.path, request.attributes, field(request.name));
      case 'space': {
        const path = this.#path(request.path, false);
        return this.#run(id, [{ word: 'space', paths: [path], argument: '' }], build(field(path)));
      }
      case 'handle':
        return this.#onHandle(id, request.handle, (open) => {
          if (request.writes && open.writes === null) throw new Unfit('the file was not opened for writing');
          return build(field(open.handle));
        });
      case 'copy':
        return this.#copy(id, request);
      case 'words':
        return this.#run(id, [{ word: request.word, paths: request.paths, argument: '' }], build(request.rest));
      case 'unknown':
        this.#request.inspector.refuseMessage(`the SFTP extension ${request.shown}`, 'it is not known');
        this.#answers.status(id, statusCodes.unsupported, 'Sluice does not know this extension');
        return;
    }
  }

  async #copy(id: number, request: Extract<ExtendedRequest, { sort: 'copy' }>): Promise<void> {
    const [from, to] = [this.#handle(request.from), this.#handle(request.to)];
    if (from.reads === null) throw new Unfit('the file was not opened for reading');
    if (to.writes === null) throw new Unfit('the file was not opened for writing');
    if (from.lane !== to.lane) {
      this.#answers.status(id, statusCodes.unsupported, 'Sluice reads and writes this target in two sessions');
      return;
    }
    const sent = body(
      packetTypes.extended,
      field(request.name),
      field(from.handle),
      request.range,
      field(to.handle),
      request.place,
    );
    await this.#turnTo(to.lane);
    to.lane.send(sent, (answer) => this.#answers.passOn(id, answer, []));
  }

  #run(id: number, operations: readonly Operation[], sent: Packet): Promise<void> {
    return this.#judged(id, operations, sent, (answer, statements) => this.#answers.passOn(id, answer, statements));
  }

  async #judged(
    id: number,
    operations: readonly Operation[],
    sent: Packet,
    answered: (answer: Packet, statements: readonly StatementHandle[], lane: Lane) => void,
  ): Promise<void> {
    const judged = await judgeAll(this.#request, operations);
    if (judged.type === 'refuse') return this.#answers.refused(id, judged.refusal);
    const { statements } = judged;
    let lane: Lane;
    try {
      lane = await this.#laneFor(statements);
    } catch (error) {
      const message = wordsOf(error);
      for (const statement of statements) {
        statement.failed({ code: 'target', message });
        statement.ended();
      }
      this.#answers.status(id, statusCodes.failure, message);
      return;
    }
    await this.#turnTo(lane);
    lane.send(sent, (answer) => answered(answer, statements, lane));
  }

  async #laneFor(statements: readonly StatementHandle[]): Promise<Lane> {
    if (!this.#request.hasWriter || !needsWriter(statements)) return this.#own;
    for (const statement of statements) statement.ranAsWriter();
    this.#writer ??= this.#request
      .openTarget('writer')
      .then((stream) => Lane.open(stream, this.#over))
      .catch((error: unknown) => {
        this.#writer = null;
        throw error;
      });
    return this.#writer;
  }

  /** What was asked of the other session before is done first: a client may rely on the order of its requests. */
  async #turnTo(lane: Lane): Promise<void> {
    if (lane === this.#last) return;
    await this.#last.atMost(0);
    this.#last = lane;
  }

  async #turned(name: Buffer): Promise<OpenHandle> {
    const open = this.#handle(name);
    await this.#turnTo(open.lane);
    return open;
  }

  #path(given: Buffer, changes: boolean): string {
    const read = readPath(given, this.#home);
    if (!read.ok) throw new Unfit(read.because);
    if (changes && read.climbs) throw new Unfit('a path that is to be changed goes upwards with ".."');
    return read.path;
  }

  #handle(name: Buffer): OpenHandle {
    const open = this.#open.get(name);
    if (open === null) throw new Unfit('it names a handle that is not open');
    return open;
  }

  #fit(problem: string | null): void {
    if (problem !== null) throw new Unfit(problem);
  }

  #roomForOne(): void {
    if (this.#open.size >= maxOpenHandles) throw new Unfit(`more than ${maxOpenHandles} files are open`);
  }

  #pause(paused: boolean): void {
    this.#own.pause(paused);
    void this.#writer?.then((lane) => lane.pause(paused)).catch(() => undefined);
  }
}
