/** Startup parameters that are settings: judged like SET, because they do what SET does. */
import { SluiceError } from '@sluice/domain';
import { maxStartupSettings } from './limits.ts';

export interface StartupSetting {
  readonly name: string;
  readonly value: string;
}

/** What a client asked for in its startup packet. */
export interface StartupWishes {
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  readonly settings: readonly StartupSetting[];
}

const settingName = /^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/;
/** Parameters with a meaning of their own; every other one is a setting. */
const notSettings = new Set(['user', 'database', 'options', 'replication', 'application_name', 'client_encoding']);
const listSettings = new Set(['search_path', 'temp_tablespaces']);
const saysNo = new Set(['', 'false', 'off', 'no', '0', 'f', 'n']);

/** Throws SluiceError with a code and hint for the client. */
export function readStartupParameters(parameters: ReadonlyMap<string, string>): StartupWishes {
  const user = parameters.get('user') ?? '';
  if (user === '') throw new SluiceError('unauthenticated', 'no PostgreSQL user name in the startup packet');
  if (!saysNo.has((parameters.get('replication') ?? '').toLowerCase())) {
    throw new SluiceError('unsupported', 'Sluice does not carry the replication protocol', {
      hint: 'Connect without the replication parameter.',
    });
  }
  const wishes = [...readOptions(parameters.get('options') ?? '')];
  for (const [name, value] of parameters) {
    if (!notSettings.has(name) && !name.startsWith('_pq_.')) wishes.push({ name, value });
  }
  const encoding = [
    parameters.get('client_encoding'),
    ...wishes.filter((one) => one.name.toLowerCase() === 'client_encoding').map((one) => one.value),
  ];
  for (const value of encoding) if (value !== undefined) refuseOtherEncoding(value);
  const settings = wishes.filter((one) => one.name.toLowerCase() !== 'client_encoding');
  if (settings.length > maxStartupSettings) {
    throw new SluiceError('too-many', `more than ${maxStartupSettings} settings in the startup packet`);
  }
  for (const { name } of settings) {
    if (!settingName.test(name))
      throw new SluiceError('bad-request', 'a startup setting whose name is not a setting’s name');
  }
  return {
    user,
    database: parameters.get('database') ?? '',
    applicationName: parameters.get('application_name') ?? '',
    settings,
  };
}

/**
 * True for the names of UTF-8, and for SQL_ASCII, which interactive psql sends under the C locale and which asks for no
 * conversion: the gateway's UTF-8 is then what such a client sees anyway.
 */
export function isCarriedEncoding(value: string): boolean {
  return ['utf8', 'unicode', 'sqlascii', ''].includes(value.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

function refuseOtherEncoding(value: string): void {
  if (isCarriedEncoding(value)) return;
  throw new SluiceError('unsupported', 'Sluice reads and masks UTF-8 only, and refuses another client_encoding', {
    hint: 'Set PGCLIENTENCODING=UTF8, or leave client_encoding out.',
  });
}

/** The forms that PostgreSQL itself takes: `-c name=value`, `-cname=value`, `--name=value`; a backslash escapes. */
function* readOptions(options: string): Generator<StartupSetting> {
  const words = splitWords(options);
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    if (word === '-c') word = words[++i] ?? '';
    else if (word.startsWith('-c')) word = word.slice(2);
    else if (word.startsWith('--')) word = word.slice(2);
    else throw unknownOption();
    const equals = word.indexOf('=');
    if (equals <= 0) throw unknownOption();
    yield { name: word.slice(0, equals).replaceAll('-', '_'), value: word.slice(equals + 1) };
  }
}

function unknownOption(): SluiceError {
  return new SluiceError('unsupported', 'Sluice takes only settings (-c name=value) in the startup options', {
    hint: 'Leave other switches out of PGOPTIONS.',
  });
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + (char === '\\' ? (text[++i] ?? '') : char);
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** The SET that a startup setting stands for: judged, recorded and sent as such. */
export function settingStatement({ name, value }: StartupSetting): string {
  const values = listSettings.has(name.toLowerCase()) ? splitNames(value) : [value];
  return `SET ${name} = ${values.map(quoteLiteral).join(', ')}`;
}

/** A list of names as the server splits it (`SplitIdentifierString`): unquoted names fold to lower case. */
function splitNames(list: string): string[] {
  const names = list.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? [''];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()));
}

export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  // An escape string means the same whatever standard_conforming_strings says.
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
