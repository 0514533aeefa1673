/** OpenSSH's extensions that are carried (its PROTOCOL file, 4), read as values. Everything else is refused. */
import { blockBytes } from './masked-file.ts';
import { maxOpenHandles } from './open-handles.ts';
import type { OperationWord } from './operations.ts';
import { type FieldReader, field, maxSftpPacketBytes, uint64 } from './packets.ts';
import { type Attributes, attributesOf, type Request } from './requests.ts';

export type ExtendedRequest = { readonly name: string } & (
  | { readonly sort: 'limits'; readonly answer: Buffer }
  | { readonly sort: 'rename' | 'hardlink'; readonly first: Buffer; readonly second: Buffer }
  | { readonly sort: 'set'; readonly path: Buffer; readonly attributes: Attributes }
  | { readonly sort: 'space'; readonly path: Buffer }
  | { readonly sort: 'handle'; readonly handle: Buffer; readonly writes: boolean }
  | {
      readonly sort: 'copy';
      readonly from: Buffer;
      readonly to: Buffer;
      readonly range: Buffer;
      readonly place: Buffer;
    }
  /** Asks for names alone; `rest` are its fields as they came. */
  | { readonly sort: 'words'; readonly word: OperationWord; readonly paths: readonly string[]; readonly rest: Buffer }
  | { readonly sort: 'unknown'; readonly shown: string }
);

type Reader = (name: string, fields: FieldReader) => ExtendedRequest;

/** Room for a packet's head beside its content (bytes). */
const headBytes = 1_024;

const readers: Readonly<Record<string, Reader>> = {
  'posix-rename@openssh.com': (name, fields) => ({
    name,
    sort: 'rename',
    first: fields.bytes(),
    second: fields.bytes(),
  }),
  'hardlink@openssh.com': (name, fields) => ({ name, sort: 'hardlink', first: fields.bytes(), second: fields.bytes() }),
  'fsync@openssh.com': (name, fields) => ({ name, sort: 'handle', handle: fields.bytes(), writes: true }),
  'fstatvfs@openssh.com': (name, fields) => ({ name, sort: 'handle', handle: fields.bytes(), writes: false }),
  'statvfs@openssh.com': (name, fields) => ({ name, sort: 'space', path: fields.bytes() }),
  'lsetstat@openssh.com': (name, fields) => ({
    name,
    sort: 'set',
    path: fields.bytes(),
    attributes: attributesOf(fields),
  }),
  'limits@openssh.com': (name) => ({
    name,
    sort: 'limits',
    answer: Buffer.concat([
      uint64(BigInt(maxSftpPacketBytes)),
      uint64(BigInt(blockBytes)),
      uint64(BigInt(maxSftpPacketBytes - headBytes)),
      uint64(BigInt(maxOpenHandles)),
    ]),
  }),
  'expand-path@openssh.com': (name, fields) => words(name, 'realpath', fields.bytes(), ''),
  'home-directory': (name, fields) => words(name, 'realpath', fields.bytes(), '~'),
  'copy-data': (name, fields) => ({
    name,
    sort: 'copy',
    from: fields.bytes(),
    range: Buffer.concat([uint64(fields.uint64()), uint64(fields.uint64())]),
    to: fields.bytes(),
    place: uint64(fields.uint64()),
  }),
  'users-groups-by-id@openssh.com': (name, fields) => ({
    name,
    sort: 'words',
    word: 'names',
    paths: [],
    rest: fields.rest(),
  }),
};

const shownName = /^[\w@.-]{1,64}$/;

export function readExtended({ name, fields }: Extract<Request, { type: 'extended' }>): ExtendedRequest {
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (read === undefined) return { name, sort: 'unknown', shown: shownName.test(name) ? name : 'of an odd name' };
  return read(name, fields);
}

/** Which of the target's extensions a client is told of. */
export function carriedExtensions(offered: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...offered].filter(([name]) => Object.hasOwn(readers, name));
}

function words(name: string, word: OperationWord, text: Buffer, before: string): ExtendedRequest {
  return { name, sort: 'words', word, paths: [before + text.toString('utf8')], rest: field(text) };
}
