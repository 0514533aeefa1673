/** SSH's facts as browser-safe data: no Node API here. */
import type { ConnectHint, ConnectPlace, ProtocolManifest } from '@sluice/wire-kit';
import { z } from 'zod';
import { publicKeyComplaint, secretComplaint } from './credential-secret.ts';
import { type Destination, readDestinations } from './forward/destinations.ts';
import { isFingerprint } from './host-key-pins.ts';

export const terminalModes = ['off', 'people', 'everyone'] as const;

const pinsSchema = z
  .string()
  .max(1_024)
  .refine(
    (text) => text.split(/[\s,]+/).every((pin) => pin === '' || isFingerprint(pin)),
    'must be fingerprints as ssh-keygen -l prints them: SHA256:…',
  );

/** An empty field of a form is one that was left out. */
const optionsSchema = z.strictObject({
  hostKey: pinsSchema.optional(),
  terminal: z.enum(['', ...terminalModes]).optional(),
  lineMode: z.enum(['', 'off', 'on']).optional(),
  forwardTo: z
    .string()
    .max(4_096)
    .refine((text) => readDestinations(text) !== null, 'must be destinations as host:port, 32 at most')
    .optional(),
});

export interface SshOptions {
  /** Fingerprints of the target's host keys that an administrator approved; empty: none yet, nobody gets in. */
  readonly hostKeys: readonly string[];
  readonly terminal: (typeof terminalModes)[number];
  readonly lineMode: boolean;
  /** Where clients may have connections forwarded to; empty: nowhere. */
  readonly forwardTo: readonly Destination[];
}

/** Throws when the options are not those of this protocol. */
export function readOptions(options: unknown): SshOptions {
  const { hostKey = '', terminal = '', lineMode = '', forwardTo = '' } = optionsSchema.parse(options);
  return {
    hostKeys: hostKey.split(/[\s,]+/).filter((pin) => pin !== ''),
    terminal: terminal === '' ? 'people' : terminal,
    lineMode: lineMode === 'on',
    forwardTo: readDestinations(forwardTo) ?? [],
  };
}

export const sshManifest: ProtocolManifest = {
  name: 'ssh',
  label: 'SSH',
  defaultPort: 22,
  replayView: 'terminal',
  abilities: { hold: true, maskResults: true, cancel: false, exec: true },
  optionsSchema,
  optionFields: [
    {
      name: 'hostKey',
      label: 'Host key',
      help: 'Fingerprint of the target’s host key, as Test shows it and ssh-keygen -l prints it on the host. Nothing is sent to a host with another key. Several are separated by spaces.',
      placeholder: 'SHA256:…',
      required: false,
    },
    {
      name: 'terminal',
      label: 'Terminals',
      help: 'Who may have an interactive terminal: off, people (not agents) or everyone. Empty: people. Policy judges it too.',
      placeholder: 'people',
      required: false,
    },
    {
      name: 'lineMode',
      label: 'Line mode',
      help: 'on: in an interactive shell each line is judged before Enter reaches the host; full-screen programs do not work. Empty: off.',
      placeholder: 'off',
      required: false,
    },
    {
      name: 'forwardTo',
      label: 'Forwarding to',
      help: 'Destinations as host:port that clients may be forwarded to (ssh -L, -W), by the names that the target knows. Each connection is a statement that nobody can read; policy judges it. Empty: none.',
      placeholder: 'db.internal:5432',
      required: false,
    },
  ],
  secretField: {
    label: 'Password or private key',
    help: 'A password, or a whole private key from its -----BEGIN line to its -----END line, without a passphrase.',
    complaint: secretComplaint,
  },
  clientKeys: {
    title: 'SSH keys',
    make: 'ssh-keygen -t ed25519',
    file: '~/.ssh/id_ed25519.pub',
    placeholder: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5… you@laptop',
    complaint: publicKeyComplaint,
  },
  webTerminal: true,
  statementLabel: 'Command',
  highlight: 'shell',
  connectHints,
  unavailable,
  clientCertificates: { extensions: certifiedExtensions },
  tlsRequest: null,
};

/** A terminal where the connection offers one to this kind of actor; nothing else that OpenSSH allows is carried anyway. */
function certifiedExtensions(options: unknown, actorKind: 'person' | 'service'): readonly string[] {
  const { terminal, forwardTo } = readOptions(options);
  const offersTerminal = terminal === 'everyone' || (terminal === 'people' && actorKind === 'person');
  return [...(offersTerminal ? ['permit-pty'] : []), ...(forwardTo.length > 0 ? ['permit-port-forwarding'] : [])];
}

function connectHints({ name, host, port, username }: ConnectPlace): readonly ConnectHint[] {
  return [
    { title: 'ssh', language: 'shell', text: `ssh -p ${port} ${word(`${username}@${host}`)}` },
    { title: 'sluice', language: 'shell', text: `sluice ssh ${word(name)}` },
    {
      title: 'ssh, signed in by sluice',
      language: 'shell',
      text: `sluice ssh ${word(name)} --config >> ~/.ssh/config\nssh ${word(name)}`,
    },
    {
      title: '~/.ssh/config',
      language: 'text',
      text: [
        `Host ${name}`,
        `  HostName ${host}`,
        `  Port ${port}`,
        `  User ${username}`,
        '  ForwardAgent no',
        '  ForwardX11 no',
      ].join('\n'),
    },
    { title: 'sftp', language: 'shell', text: `sftp -P ${port} ${word(`${username}@${host}`)}` },
    {
      title: 'rsync',
      language: 'shell',
      text: `rsync -e 'ssh -p ${port}' ${word(`${username}@${host}`)}:/path ./`,
    },
  ];
}

/** Lines before the version string are shown by clients (RFC 4253, 4.2); the version that follows ends the talk. */
function unavailable(message: string, hint: string): Uint8Array {
  const line = `${message} ${hint}`.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 240);
  return new TextEncoder().encode(`${line}\r\nSSH-2.0-Sluice\r\n`);
}

function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
