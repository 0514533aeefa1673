/** A bare SFTP client for tests, against `serveSftp` with OpenSSH's own server behind it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Duplex, duplexPair } from 'node:stream';
import { MemoryInspector, type MemoryInspectorOptions, testConnection } from '@sluice/wire-kit/testing';
import type { SftpRequest } from '../../subsystem.ts';
import { serveSftp } from '../index.ts';
import { FieldReader, field, type Packet, PacketReader, packet, packetTypes, uint32, uint64 } from '../packets.ts';

const server = '/usr/lib/openssh/sftp-server';
export const hasSftpServer = existsSync(server);

export interface Answer {
  readonly type: number;
  readonly fields: FieldReader;
  readonly packet: Packet;
}

export interface TestSftp {
  readonly inspector: MemoryInspector;
  readonly warnings: string[];
  readonly notices: string[];
  readonly extensions: Map<string, string>;
  /** Resolves with the answer; many may be under way. */
  ask(type: number, ...fields: readonly Buffer[]): Promise<Answer>;
  /** Bytes as they are. */
  raw(bytes: Buffer): void;
  readonly exit: Promise<number>;
  stop(): Promise<number>;
}

export async function openSftp(
  home: string,
  options: MemoryInspectorOptions & { readonly hasWriter?: boolean; readonly cut?: boolean } = {},
): Promise<TestSftp> {
  const [near, far] = duplexPair();
  const inspector = new MemoryInspector(options);
  const closing = new AbortController();
  const warnings: string[] = [];
  const notices: string[] = [];
  const request: SftpRequest = {
    client: far,
    openTarget: () => Promise.resolve(startServer(home)),
    hasWriter: options.hasWriter ?? false,
    inspector,
    facts: { read: () => ({ ok: false, reason: 'broken', message: 'no worker', position: null }) },
    connection: testConnection('ssh', {}),
    state: { database: '', role: 'someone', searchPath: null, inTransaction: false },
    home,
    warn: (refusal) => void warnings.push(refusal.message),
    waiting: (notice) => void notices.push(notice.message),
    closed: closing.signal,
  };
  const exit = serveSftp(request);
  const reader = new PacketReader();
  const waiting = new Map<number, (answer: Answer) => void>();
  const extensions = new Map<string, string>();
  let greeted: () => void = () => undefined;
  const greeting = new Promise<void>((resolve) => {
    greeted = resolve;
  });
  near.on('data', (chunk: Buffer) => {
    for (const body of reader.push(chunk)) {
      const fields = new FieldReader(body);
      const type = fields.byte();
      if (type === packetTypes.version) {
        fields.uint32();
        while (!fields.isAtEnd) extensions.set(fields.text(), fields.text());
        greeted();
      } else {
        waiting.get(fields.uint32())?.({ type, fields, packet: body });
      }
    }
  });
  const send = (bytes: Buffer): void => {
    if (options.cut === true) for (const byte of bytes) near.write(Buffer.of(byte));
    else near.write(bytes);
  };
  send(packet(packetTypes.init, uint32(3)));
  let next = 7;
  await Promise.race([greeting, exit]);
  return {
    inspector,
    warnings,
    notices,
    extensions,
    ask: (type, ...fields) => {
      const id = next++;
      const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      send(packet(type, uint32(id), ...fields));
      return answer;
    },
    raw: send,
    exit,
    stop: () => {
      near.end();
      return exit;
    },
  };
}

function startServer(home: string): Duplex {
  const child = spawn(server, ['-e'], { cwd: home, stdio: ['pipe', 'pipe', 'ignore'] });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.on('close', () => child.kill());
  return stream;
}

export const noAttributes = uint32(0);
export const place = (offset: number): Buffer => uint64(BigInt(offset));
export { field, packetTypes, uint32 };
