/** Events as lines. Nothing that an event holds can end its line, drive a terminal or reorder what is read. */
import type { StreamEvent } from './stream-settings.ts';

/** RFC 5424, 6.2.1: facility 13 is the log audit; severities 4 warning and 5 notice. */
const facility = 13;
const warningSeverity = 4;
const noticeSeverity = 5;
/** Bytes of one syslog message; receivers cut longer ones (RFC 5424, 6.1, wants 2,048 at least). */
export const maxSyslogBytes = 64 * 1024;
/** The number that RFC 5612 keeps for examples: an installation has none of its own. */
const enterpriseNumber = 32_473;

/** One line of JSON without its end. JSON escapes C0; DEL, C1, line separators and bidirectional marks are escaped here. */
export function jsonLine({ id, kind, at, name, body }: StreamEvent): string {
  const text = JSON.stringify({ id, kind, at: new Date(at).toISOString(), name, body });
  return text.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An RFC 5424 message: structured data names the event, the message is its JSON, cut where it is too long. */
export function syslogMessage(event: StreamEvent, hostName: string): Buffer {
  const priority = facility * 8 + (event.warning ? warningSeverity : noticeSeverity);
  const header = `<${priority}>1 ${new Date(event.at).toISOString()} ${printUsAscii(hostName, 255)} sluice - ${printUsAscii(event.kind, 32)}`;
  const data = `[sluice@${enterpriseNumber} id="${parameter(event.id)}" event="${parameter(event.name)}"]`;
  const message = Buffer.from(`${header} ${data} \ufeff${jsonLine(event)}`, 'utf8');
  if (message.length <= maxSyslogBytes) return message;
  const short = jsonLine({ ...event, body: { truncated: true } });
  return Buffer.from(`${header} ${data} \ufeff${short}`, 'utf8');
}

/** Octet counting (RFC 6587, 3.4.1): a length in front, so that no byte of a message can end it. */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message]);
}

/** RFC 5424, 6.3.3: these three are escaped; controls do not get in at all. */
function parameter(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, '?').replace(/["\\\]]/g, (character) => `\\${character}`);
}

function printUsAscii(text: string, most: number): string {
  return text.replace(/[^\u0021-\u007e]/g, '-').slice(0, most) || '-';
}
