import type { WriteStream } from 'node:fs';
import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Start a new file above this. */
const LOG_BYTES = 16 * 1024 * 1024;
/** pino's number for a warning. */
const WARNING = 40;

/** Where the lines of the services go: all to stderr beside `--json`, else to files with the important ones on the screen. */
export interface Output {
  readonly line: (service: string, text: string) => void;
  readonly news: (text: string) => void;
  readonly close: () => Promise<void>;
}

export function createOutput(dataDir: string, json: boolean): Output {
  const news = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  if (json) {
    return { line: (service, text) => news(`${service} | ${text}`), news, close: () => Promise.resolve() };
  }
  const folder = join(dataDir, 'logs');
  mkdirSync(folder, { recursive: true });
  const files = new Map<string, WriteStream>();
  return {
    line: (service, text) => {
      const file = files.get(service) ?? openLog(folder, service);
      files.set(service, file);
      file.write(`${text}\n`);
      const shown = important(text);
      if (shown !== null) news(`${service} | ${shown}`);
    },
    news,
    close: async () => {
      await Promise.all([...files.values()].map((file) => new Promise<void>((done) => file.end(done))));
    },
  };
}

function openLog(folder: string, service: string): WriteStream {
  const path = join(folder, `${service}.log`);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(path, `${path}.1`);
  return createWriteStream(path, { flags: 'a', mode: 0o600 });
}

/** The part of a log line that a person at the terminal should see, or null. */
function important(text: string): string | null {
  if (!text.startsWith('{')) return /\b(error|warn|fail)/i.test(text) ? text : null;
  try {
    const entry = JSON.parse(text) as { level?: unknown; msg?: unknown };
    const high =
      typeof entry.level === 'number' ? entry.level >= WARNING : entry.level === 'warn' || entry.level === 'error';
    return high ? String(entry.msg ?? text) : null;
  } catch {
    return text;
  }
}
