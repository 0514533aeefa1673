/** PostgreSQL's facts as browser-safe data: no Node API here. */
import type { ConnectHint, ConnectPlace, ProtocolManifest } from '@sluice/wire-kit';
import { z } from 'zod';

/** NAMEDATALEN less one. */
const longestName = 63;

const optionsSchema = z.strictObject({ database: z.string().min(1).max(longestName) });

export const postgresManifest: ProtocolManifest = {
  name: 'postgres',
  label: 'PostgreSQL',
  defaultPort: 5432,
  replayView: 'statements',
  abilities: { hold: true, maskResults: true, cancel: true, exec: true, rowCeiling: true, rehearse: true, undo: true },
  optionsSchema,
  optionFields: [
    {
      name: 'database',
      label: 'Database',
      help: 'The one database that this connection leads to.',
      placeholder: 'app',
      required: true,
    },
  ],
  statementLabel: 'SQL',
  highlight: 'sql',
  connectHints,
  unavailable,
  // SSLRequest (PostgreSQL manual, "Message Formats"), answered S.
  tlsRequest: { request: Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47), accept: Uint8Array.of(0x53) },
};

function connectHints(place: ConnectPlace): readonly ConnectHint[] {
  const { host, port, caFile, username, secret } = place;
  const database = String(place.options.database ?? username);
  // No file: a loopback port of `sluice connect`, which adds TLS itself.
  const plain = caFile === '';
  const tls = plain ? 'sslmode=disable' : `sslmode=verify-full&sslrootcert=${encodeURIComponent(caFile)}`;
  const part = encodeURIComponent;
  return [
    {
      title: 'psql',
      language: 'shell',
      text: `PGPASSWORD=${shellWord(secret)} psql ${shellWord(
        `host=${word(host)} port=${port} dbname=${word(database)} user=${word(username)} ${plain ? 'sslmode=disable' : `sslmode=verify-full sslrootcert=${word(caFile)}`}`,
      )}`,
    },
    { title: 'sluice', language: 'shell', text: `sluice connect ${shellWord(place.name)}` },
    {
      title: 'URL',
      language: 'url',
      text: `postgresql://${part(username)}:${part(secret)}@${host}:${port}/${part(database)}?${tls}`,
    },
    {
      title: 'Node.js (pg)',
      language: 'typescript',
      text: [
        "import { readFileSync } from 'node:fs';",
        "import { Client } from 'pg';",
        '',
        'const client = new Client({',
        `  host: ${quoted(host)},`,
        `  port: ${port},`,
        `  database: ${quoted(database)},`,
        `  user: ${quoted(username)},`,
        `  password: ${quoted(secret)},`,
        plain ? '  ssl: false,' : `  ssl: { ca: readFileSync(${quoted(caFile)}) },`,
        '});',
        'await client.connect();',
      ].join('\n'),
    },
    {
      title: 'Python (psycopg)',
      language: 'python',
      text: [
        'import psycopg',
        '',
        'connection = psycopg.connect(',
        `    host=${quoted(host)}, port=${port}, dbname=${quoted(database)},`,
        `    user=${quoted(username)}, password=${quoted(secret)},`,
        plain ? '    sslmode="disable",' : `    sslmode="verify-full", sslrootcert=${quoted(caFile)},`,
        ')',
      ].join('\n'),
    },
    {
      title: 'Java (JDBC)',
      language: 'java',
      text: [
        'Connection connection = DriverManager.getConnection(',
        `    ${quoted(`jdbc:postgresql://${host}:${port}/${part(database)}?${tls}`)},`,
        `    ${quoted(username)}, ${quoted(secret)});`,
      ].join('\n'),
    },
  ];
}

/**
 * An ErrorResponse (PostgreSQL manual, "Message Formats") that every client shows, whatever it sent first: libpq takes an `E` in
 * answer to its SSLRequest for the error of a server without TLS and prints it.
 */
function unavailable(message: string, hint: string): Uint8Array {
  const fields = [
    ['S', 'FATAL'],
    ['V', 'FATAL'],
    ['C', '57P03'],
    ['M', message],
    ['H', hint],
  ];
  const text = fields.map(([letter, value]) => `${letter}${value?.replaceAll('\0', ' ')}\0`).join('');
  const body = new TextEncoder().encode(`${text}\0`);
  const out = new Uint8Array(body.length + 5);
  out[0] = 0x45;
  new DataView(out.buffer).setUint32(1, body.length + 4);
  out.set(body, 5);
  return out;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A value inside a libpq connection string. */
function word(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replace(/['\\]/g, String.raw`\$&`)}'`;
}

/** A double-quoted string that TypeScript, Python and Java read alike. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
