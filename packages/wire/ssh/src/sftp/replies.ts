/** Answers of the target that are looked into. */
import { FieldReader, field, type Packet, packetTypes, SftpViolation, uint32 } from './packets.ts';
import { attributeBytes } from './requests.ts';

/** Names in one answer; OpenSSH's server gives at most 100. */
const maxNames = 10_000;

/** The one path of a name packet; null when it is none. */
export function pathOfName(answer: Packet): string | null {
  const fields = new FieldReader(answer);
  if (fields.byte() !== packetTypes.name) return null;
  fields.uint32();
  if (fields.uint32() !== 1) return null;
  const path = fields.text();
  return path.startsWith('/') ? path : null;
}

/** A folder's names with their masks on, as `ls` would show them masked, and the listing for the record. */
export function maskedNames(
  answer: Packet,
  mask: (text: string) => string,
): { readonly packet: Packet; readonly count: number; readonly listing: string } {
  const fields = new FieldReader(answer);
  const head = [Buffer.of(fields.byte()), uint32(fields.uint32())];
  const count = fields.uint32();
  if (count > maxNames) throw new SftpViolation('too many names in an answer');
  const parts: Buffer[] = [...head, uint32(count)];
  const lines: string[] = [];
  let changed = false;
  for (let index = 0; index < count; index += 1) {
    const [name, long] = [fields.bytes(), fields.bytes()];
    const shownName = masked(name, mask);
    const shownLong = masked(long, mask);
    changed ||= shownName !== name || shownLong !== long;
    parts.push(field(shownName), field(shownLong), attributeBytes(fields));
    lines.push(shownLong.toString('utf8'));
  }
  return { packet: changed ? Buffer.concat(parts) : answer, count, listing: `${lines.join('\n')}\n` };
}

function masked(bytes: Buffer, mask: (text: string) => string): Buffer {
  const text = bytes.toString('utf8');
  const shown = mask(text);
  return shown === text ? bytes : Buffer.from(shown.replaceAll('/', '_'), 'utf8');
}
