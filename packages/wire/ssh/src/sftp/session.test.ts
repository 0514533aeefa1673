import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statusCodes } from './packets.ts';
import {
  type Answer,
  field,
  hasSftpServer,
  noAttributes,
  openSftp,
  packetTypes,
  place,
  type TestSftp,
  uint32,
} from './testing/sftp-client.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-sftp-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const status = (answer: Answer): number => (answer.type === packetTypes.status ? answer.fields.uint32() : -1);
const mode = (bits: number): Buffer => Buffer.concat([uint32(4), uint32(bits)]);

async function opened(sftp: TestSftp, path: string, flags: number, attributes = noAttributes): Promise<Buffer> {
  const answer = await sftp.ask(packetTypes.open, field(path), uint32(flags), attributes);
  expect(answer.type, path).toBe(packetTypes.handle);
  return answer.fields.bytes();
}

async function put(sftp: TestSftp, path: string, content: string, flags = 2 | 8 | 16): Promise<void> {
  const handle = await opened(sftp, path, flags);
  expect(status(await sftp.ask(packetTypes.write, field(handle), place(0), field(content)))).toBe(statusCodes.ok);
  expect(status(await sftp.ask(packetTypes.close, field(handle)))).toBe(statusCodes.ok);
}

async function get(sftp: TestSftp, path: string, piece = 32_768): Promise<Buffer> {
  const handle = await opened(sftp, path, 1);
  const parts: Buffer[] = [];
  for (let offset = 0; ; ) {
    const answer = await sftp.ask(packetTypes.read, field(handle), place(offset), uint32(piece));
    if (answer.type === packetTypes.status) break;
    const bytes = answer.fields.bytes();
    parts.push(Buffer.from(bytes));
    offset += bytes.length;
  }
  await sftp.ask(packetTypes.close, field(handle));
  return Buffer.concat(parts);
}

describe.skipIf(!hasSftpServer)('SFTP', () => {
  for (const cut of [false, true]) {
    it(`judges what it carries, whole or cut at every byte (${cut ? 'cut' : 'whole'})`, async () => {
      const sftp = await openSftp(home, { cut });
      await put(sftp, 'a.txt', 'hello');
      expect((await get(sftp, `${home}/./x/../a.txt`)).toString()).toBe('hello');
      expect(status(await sftp.ask(packetTypes.setstat, field('a.txt'), mode(0o600)))).toBe(statusCodes.ok);
      expect(status(await sftp.ask(packetTypes.rename, field('a.txt'), field('b.txt')))).toBe(statusCodes.ok);
      expect(status(await sftp.ask(packetTypes.mkdir, field('d'), noAttributes))).toBe(statusCodes.ok);
      expect(status(await sftp.ask(packetTypes.remove, field('b.txt')))).toBe(statusCodes.ok);
      expect(status(await sftp.ask(packetTypes.rmdir, field('d')))).toBe(statusCodes.ok);
      expect(await sftp.stop()).toBe(0);
      expect(sftp.inspector.ownStatements).toEqual(['realpath "."']);
      expect(sftp.inspector.forwarded()).toEqual([
        `write "${home}/a.txt"`,
        `read "${home}/a.txt"`,
        `chmod 0600 "${home}/a.txt"`,
        `rename "${home}/a.txt" "${home}/b.txt"`,
        `mkdir "${home}/d"`,
        `remove "${home}/b.txt"`,
        `rmdir "${home}/d"`,
      ]);
      expect(sftp.inspector.statements.every(({ ended }) => ended === 1)).toBe(true);
      expect(sftp.inspector.statements.map(({ facts }) => facts[0]?.kind)).toEqual([
        'write',
        'read',
        ...Array.from({ length: 5 }, () => 'write'),
      ]);
    });
  }

  it('a refused operation never reaches the target, and the next one is carried', async () => {
    writeFileSync(join(home, 'a'), 'stays');
    const sftp = await openSftp(home, { refuses: ({ text }) => !text.startsWith('read') });
    const refused = [
      sftp.ask(packetTypes.remove, field('a')),
      sftp.ask(packetTypes.open, field('a'), uint32(2 | 8 | 16), noAttributes),
      sftp.ask(packetTypes.rename, field('a'), field('b')),
      sftp.ask(packetTypes.extended, field('posix-rename@openssh.com'), field('a'), field('b')),
      sftp.ask(packetTypes.extended, field('hardlink@openssh.com'), field('a'), field('b')),
      sftp.ask(packetTypes.symlink, field('a'), field('b')),
      sftp.ask(packetTypes.mkdir, field('d'), noAttributes),
      sftp.ask(packetTypes.setstat, field('a'), mode(0o777)),
      sftp.ask(packetTypes.extended, field('lsetstat@openssh.com'), field('a'), mode(0o777)),
    ];
    for (const answer of await Promise.all(refused)) expect(status(answer)).toBe(statusCodes.permissionDenied);
    expect((await get(sftp, 'a')).toString()).toBe('stays');
    expect(existsSync(join(home, 'b'))).toBe(false);
    expect(sftp.warnings).toHaveLength(9);
    await sftp.stop();
  });

  it('what was opened for reading is not written, whichever way is tried', async () => {
    writeFileSync(join(home, 'a'), 'stays');
    const sftp = await openSftp(home);
    const handle = await opened(sftp, 'a', 1);
    const tried = [
      sftp.ask(packetTypes.write, field(handle), place(0), field('gone!')),
      sftp.ask(packetTypes.fsetstat, field(handle), Buffer.concat([uint32(1), place(0)])),
      sftp.ask(packetTypes.fsetstat, field(handle), mode(0o4777)),
      sftp.ask(packetTypes.extended, field('fsync@openssh.com'), field(handle)),
      sftp.ask(packetTypes.extended, field('copy-data'), field(handle), place(0), place(0), field(handle), place(0)),
      sftp.ask(packetTypes.readdir, field(handle)),
      sftp.ask(packetTypes.write, field(uint32(99)), place(0), field('x')),
    ];
    for (const answer of await Promise.all(tried)) expect(status(answer)).toBe(statusCodes.permissionDenied);
    expect(readFileSync(join(home, 'a'), 'utf8')).toBe('stays');
    expect(statSync(join(home, 'a')).mode & 0o7777).toBe(0o644);
    await sftp.stop();
  });

  it('names of changes that go upwards, zero bytes, wrong UTF-8 and long paths are refused', async () => {
    const sftp = await openSftp(home);
    for (const path of ['../x', 'd/../../x', Buffer.from('a\0b'), Buffer.from([0x61, 0xff]), 'x'.repeat(5_000)]) {
      expect(status(await sftp.ask(packetTypes.mkdir, field(path), noAttributes))).toBe(statusCodes.permissionDenied);
    }
    expect(sftp.inspector.statements).toHaveLength(0);
    await sftp.stop();
  });

  it('unknown requests and extensions are refused, and known extensions are offered', async () => {
    const sftp = await openSftp(home);
    expect([...sftp.extensions.keys()]).toContain('posix-rename@openssh.com');
    expect(status(await sftp.ask(packetTypes.extended, field('delete-everything@example.com')))).toBe(
      statusCodes.unsupported,
    );
    expect(status(await sftp.ask(99, field('a')))).toBe(statusCodes.unsupported);
    expect(sftp.inspector.refusedMessages).toHaveLength(2);
    await sftp.stop();
  });

  it('set-user-ID, start-up files, keys and owners are changes of privilege', async () => {
    mkdirSync(join(home, '.ssh'));
    const sftp = await openSftp(home, {
      refuses: ({ outcome }) => outcome.ok && outcome.statements.some(({ kind }) => kind === 'privilege'),
    });
    writeFileSync(join(home, 'a'), 'x');
    const tried = [
      sftp.ask(packetTypes.open, field('.ssh/authorized_keys'), uint32(2 | 8), noAttributes),
      sftp.ask(packetTypes.open, field(`${home}//.bashrc`), uint32(2 | 4 | 8), noAttributes),
      sftp.ask(packetTypes.open, field('b'), uint32(2 | 8 | 32), mode(0o4755)),
      sftp.ask(packetTypes.open, field('/etc/cron.d/x'), uint32(2 | 8), noAttributes),
      sftp.ask(packetTypes.rename, field('a'), field('.profile')),
      sftp.ask(packetTypes.symlink, field('.ssh/authorized_keys'), field('innocent')),
      sftp.ask(packetTypes.extended, field('hardlink@openssh.com'), field('.bashrc'), field('c')),
      sftp.ask(packetTypes.setstat, field('a'), mode(0o4755)),
      sftp.ask(packetTypes.setstat, field('a'), Buffer.concat([uint32(2), uint32(0), uint32(0)])),
    ];
    for (const answer of await Promise.all(tried)) expect(status(answer)).toBe(statusCodes.permissionDenied);
    expect(existsSync(join(home, 'b')) || existsSync(join(home, '.bashrc')) || existsSync(join(home, 'innocent'))).toBe(
      false,
    );
    await sftp.stop();
  });

  it('a hold lets nothing behind it pass before it, and ends when it is released', async () => {
    const sftp = await openSftp(home, { holds: ({ text }) => text.startsWith('mkdir') });
    const made = sftp.ask(packetTypes.mkdir, field('d'), noAttributes);
    const looked = sftp.ask(packetTypes.stat, field('d'));
    await sftp.inspector.somethingWaits();
    expect(existsSync(join(home, 'd'))).toBe(false);
    expect(sftp.notices).toHaveLength(1);
    sftp.inspector.waiting[0]?.release();
    expect(status(await made)).toBe(statusCodes.ok);
    expect((await looked).type).toBe(packetTypes.attrs);
    await sftp.stop();
  });

  it('changes go by the writer, after what was read before them', async () => {
    const sftp = await openSftp(home, { hasWriter: true });
    const answers = Array.from({ length: 20 }, (_, index) => [
      sftp.ask(packetTypes.mkdir, field(`d${index}`), noAttributes),
      sftp.ask(packetTypes.stat, field(`d${index}`)),
    ]).flat();
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      if (index % 2 === 0) expect(status(answer)).toBe(statusCodes.ok);
      else expect(answer.type).toBe(packetTypes.attrs);
    }
    expect(sftp.inspector.statements.filter(({ asWriter }) => asWriter)).toHaveLength(20);
    await sftp.stop();
  });

  it('a packet that is none ends the channel', async () => {
    for (const bytes of [
      Buffer.from('ffffffff00', 'hex'),
      Buffer.from('00000000', 'hex'),
      Buffer.from('0000000503000000', 'hex'),
    ]) {
      const sftp = await openSftp(home);
      sftp.raw(bytes);
      sftp.raw(Buffer.alloc(16));
      expect(await sftp.exit).toBe(1);
    }
  });
});

describe.skipIf(!hasSftpServer)('a masked file', () => {
  const mask = (text: string): string => text.replaceAll('alice@example.com', '[email]');

  it('has its size and hides the value at any offset, in any piece, in any order', async () => {
    const content = `${'x'.repeat(200_000)}alice@example.com${'y'.repeat(200_000)}alice@example.com`;
    writeFileSync(join(home, 'a'), content);
    const sftp = await openSftp(home, { mask });
    const shown = await get(sftp, 'a');
    expect(shown).toHaveLength(content.length);
    expect(shown.toString()).not.toContain('alice');
    const handle = await opened(sftp, 'a', 1);
    for (const offset of [200_010, 199_990, 400_010, 200_003, 0, 200_016]) {
      const answer = await sftp.ask(packetTypes.read, field(handle), place(offset), uint32(9));
      const bytes = answer.fields.bytes();
      expect(bytes.toString()).toBe(shown.subarray(offset, offset + 9).toString());
    }
    await sftp.stop();
  });

  it('comes byte for byte where nothing is found', async () => {
    const content = Buffer.from(Array.from({ length: 500_000 }, (_, index) => (index * 7919) & 0xff));
    writeFileSync(join(home, 'a'), content);
    const sftp = await openSftp(home, { mask });
    for (const piece of [1_000_000, 32_768]) expect((await get(sftp, 'a', piece)).equals(content)).toBe(true);
    await sftp.stop();
  });

  it('names in a folder are masked as a listing is', async () => {
    writeFileSync(join(home, 'alice@example.com'), '');
    const sftp = await openSftp(home, { mask });
    const folder = await sftp.ask(packetTypes.opendir, field('.'));
    const listing = await sftp.ask(packetTypes.readdir, field(folder.fields.bytes()));
    expect(listing.type).toBe(packetTypes.name);
    expect(listing.packet.toString('latin1')).toContain('[email]');
    expect(listing.packet.toString('latin1')).not.toContain('alice');
    await sftp.stop();
  });
});
