/// <reference path="./ssh2-parts.d.ts" />
/**
 * The library, and the few of its inner parts that this protocol needs and that its public face lacks: a disconnect with words, the
 * window of a channel, messages that it answers by itself. Its version is pinned; `ssh2-library.test.ts` fails when a part has moved.
 */
import type { Duplex } from 'node:stream';
import ssh2, { type Connection, type ParsedKey } from 'ssh2';
import Protocol from 'ssh2/lib/protocol/Protocol.js';
import protocolParts from 'ssh2/lib/protocol/utils.js';

export const { Client, Server, utils } = ssh2;

/** Lines before a server's version line are allowed (RFC 4253, 4.2); so much of them is read, and of key exchange behind it. */
const maxVersionBytes = 65_536;

/**
 * The library forgets all but the first piece of a version line that comes in more than two pieces, and then waits for ever. Until the
 * line is there each call gets everything so far.
 */
const parse = Protocol.prototype.parse;
Protocol.prototype.parse = function parseWhole(bytes, from, to) {
  if (this._remoteIdentRaw !== undefined) {
    parse.call(this, bytes, from, to);
    return;
  }
  const sofar = this._buffer;
  const whole = Buffer.concat([sofar ?? Buffer.alloc(0), bytes.subarray(from, to)]);
  if (whole.length > maxVersionBytes) throw new Error('no version line in its first bytes');
  this._buffer = undefined;
  parse.call(this, whole, 0, whole.length);
};

const certificates = new WeakMap<ParsedKey, Buffer>();

/** From here on this key is presented with its certificate (its bytes) to servers, and no longer without. */
export function presentWith(key: ParsedKey, certificate: Buffer): void {
  certificates.set(key, certificate);
}

const userauthRequest = 50;

/**
 * The library would label a certified key's signature with the certificate's own kind; it is the plain key's (PROTOCOL.certkeys), and
 * servers insist on that. For such keys the request (RFC 4252, 7) is written here, for all others by the library.
 */
const authPK = Protocol.prototype.authPK;
Protocol.prototype.authPK = function authCertified(username, key, algorithm, sign) {
  const certificate = certificates.get(key);
  if (certificate === undefined) {
    authPK.call(this, username, key, algorithm, sign);
    return;
  }
  const label = algorithm ?? key.type;
  const names = ['ssh-connection', 'publickey'].map(packed);
  const request = Buffer.concat([
    Buffer.of(userauthRequest),
    packed(username),
    ...names,
    Buffer.of(sign === undefined ? 0 : 1),
    packed(`${label}-cert-v01@openssh.com`),
    packed(certificate),
  ]);
  const send = (body: Buffer) => {
    const { write } = this._packetRW;
    const packet = write.alloc(body.length);
    body.copy(packet, write.allocStart);
    this._authsQueue.push('publickey');
    protocolParts.sendPacket(this, write.finalize(packet));
  };
  if (sign === undefined) {
    send(request);
    return;
  }
  sign(Buffer.concat([packed(this._kex.sessionID), request]), (signature) => {
    const plain = protocolParts.convertSignature(signature, key.type);
    if (plain === false) throw new Error('a signature that is none');
    send(Buffer.concat([request, packed(Buffer.concat([packed(label), packed(plain)]))]));
  });
};

/** A string of RFC 4251, section 5. */
function packed(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** An SSH_MSG_CHANNEL_OPEN as the library reads it. */
export interface ChannelOpenInfo {
  readonly type: string;
  readonly sender: number;
  /** Of a `direct-tcpip` channel: where to. */
  readonly data?: { readonly destIP?: string; readonly destPort?: number };
}

type Handler = (...parameters: never[]) => void;

export interface ServerHandlers {
  CHANNEL_OPEN: (protocol: InnerProtocol, info: ChannelOpenInfo) => void;
  CHANNEL_DATA: (protocol: InnerProtocol, recipient: number, data: Buffer) => void;
  CHANNEL_REQUEST: (
    protocol: InnerProtocol,
    recipient: number,
    type: string,
    wantReply: boolean,
    data: unknown,
  ) => void;
  GLOBAL_REQUEST: (protocol: InnerProtocol, name: string, wantReply: boolean, data: unknown) => void;
  readonly [name: string]: Handler;
}

interface PacketWriter {
  readonly allocStart: number;
  readonly allocStartKEX: number;
  alloc(length: number, force: boolean): Buffer;
  finalize(packet: Buffer, force: boolean): Buffer;
}

export interface InnerProtocol {
  readonly _handlers: ServerHandlers;
  readonly _kex: { negotiated: { serverHostKey: string } } | undefined;
  readonly _packetRW: { readonly write: PacketWriter };
  channelOpenFail: (recipient: number, reason: number, description: string) => void;
}

interface InnerChannel {
  readonly incoming: { readonly window: number };
}

export interface InnerConnection {
  readonly _protocol: InnerProtocol;
  readonly _chanMgr: { get(id: number): (InnerChannel & { readonly _chanInfo?: InnerChannel }) | undefined };
  readonly _sock: Duplex;
}

export function inner(connection: Connection): InnerConnection {
  return connection as unknown as InnerConnection;
}

/** Lets the library refuse a channel, with a reason and a description in the place of its own, which says nothing (RFC 4254, 5.1). */
export function rejectWithWords(connection: Connection, reject: () => unknown, reason: number, words: string): void {
  const protocol = inner(connection)._protocol;
  const fail = protocol.channelOpenFail;
  protocol.channelOpenFail = (recipient) => fail.call(protocol, recipient, reason, words);
  try {
    reject();
  } finally {
    protocol.channelOpenFail = fail;
  }
}

const disconnectMessage = 1;
const bannerMessage = 53;

/** SSH_MSG_USERAUTH_BANNER (RFC 4252, 5.4): words that clients show before they are let in. The library has one of its own, at the start. */
export function tellClient(connection: Connection, words: string): void {
  const protocol = inner(connection)._protocol;
  // Clients in a plain locale print anything beyond ASCII as numbers.
  const text = Buffer.from(`${words.replaceAll('’', "'")}\r\n`, 'utf8');
  const { write } = protocol._packetRW;
  const start = write.allocStart;
  const packet = write.alloc(1 + 4 + text.length + 4, false);
  packet[start] = bannerMessage;
  packet.writeUInt32BE(text.length, start + 1);
  text.copy(packet, start + 5);
  packet.writeUInt32BE(0, start + 5 + text.length);
  protocolParts.sendPacket(protocol, write.finalize(packet, false), false);
}

/** SSH_MSG_DISCONNECT (RFC 4253, 11.1) with a description, which the library's own leaves empty. */
export function disconnectWithWords(connection: Connection, reason: number, words: string): void {
  const protocol = inner(connection)._protocol;
  const description = Buffer.from(words, 'utf8');
  const length = 1 + 4 + 4 + description.length + 4;
  const { write } = protocol._packetRW;
  const start = write.allocStartKEX;
  const packet = write.alloc(length, true);
  packet[start] = disconnectMessage;
  packet.writeUInt32BE(reason, start + 1);
  packet.writeUInt32BE(description.length, start + 5);
  description.copy(packet, start + 9);
  packet.writeUInt32BE(0, start + 9 + description.length);
  protocolParts.sendPacket(protocol, write.finalize(packet, true), true);
}
