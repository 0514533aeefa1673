/**
 * Looks at a client's messages before the library does: refuses and records what it would refuse silently, and ends what it would carry
 * on with (windows that are not kept, key exchanges without end, answers that nobody reads).
 */
import type { Connection } from 'ssh2';
import type { SshClient } from './client-side.ts';
import { openFailures } from './errors.ts';
import { type Destination, showDestination } from './forward/destinations.ts';
import { maxChannels, maxRekeysInWindow, maxUnsentBytes, maxWindowDebtBytes, rekeyWindowMs } from './limits.ts';
import { named, type RefusedRequests } from './refused-requests.ts';
import { type ChannelOpenInfo, type InnerConnection, type InnerProtocol, inner } from './ssh2-library.ts';

/** Requests on a session channel that somebody here answers (RFC 4254, 6; PROTOCOL of OpenSSH). */
const knownRequests: ReadonlySet<string> = new Set([
  'pty-req',
  'window-change',
  'env',
  'shell',
  'exec',
  'subsystem',
  'signal',
  'x11-req',
  'auth-agent-req@openssh.com',
  'eow@openssh.com',
]);
/** Global requests that ask for nothing: an answer, no more channels, proof of a host key that was never announced. */
const harmlessGlobals: ReadonlySet<string> = new Set([
  'keepalive@openssh.com',
  'no-more-sessions@openssh.com',
  'hostkeys-prove-00@openssh.com',
]);
const forwarding = 'it is not carried here';

export interface GuardEvents {
  readonly refused: RefusedRequests;
  readonly openChannels: () => number;
  /** Why a connection is not forwarded there, in a clause; null: policy is asked. */
  readonly forwardProblem: (destination: Destination) => string | null;
  /** The client broke the protocol or a bound; a clause. */
  readonly violation: (what: string) => void;
}

export function guardClient(client: SshClient, events: GuardEvents): void {
  const { connection, stream } = client;
  const library = inner(connection);
  guardChannels(library, events);
  guardRequests(library, events);
  guardRekeys(connection, events);
  stream.on('data', () => {
    if (stream.writableLength > maxUnsentBytes) events.violation('it does not read what it is answered');
  });
}

function guardChannels(
  { _protocol, _chanMgr }: InnerConnection,
  { refused, openChannels, forwardProblem, violation }: GuardEvents,
): void {
  const handlers = _protocol._handlers;
  const open = handlers.CHANNEL_OPEN;
  handlers.CHANNEL_OPEN = (protocol: InnerProtocol, info: ChannelOpenInfo) => {
    const { what, problem } = channelProblem(info, forwardProblem);
    if (problem !== null) {
      refused.note(what, problem);
      protocol.channelOpenFail(info.sender, openFailures.prohibited, `Sluice: ${problem}`);
    } else if (openChannels() >= maxChannels) {
      refused.note('another channel', `${maxChannels} are open`);
      protocol.channelOpenFail(info.sender, openFailures.shortage, `Sluice: ${maxChannels} channels are open`);
    } else open(protocol, info);
  };
  const data = handlers.CHANNEL_DATA;
  handlers.CHANNEL_DATA = (protocol, recipient, bytes) => {
    const channel = _chanMgr.get(recipient);
    const window = (channel?._chanInfo ?? channel)?.incoming?.window;
    if (window !== undefined && bytes.length - window > maxWindowDebtBytes) violation('it sent more than its window');
    else data(protocol, recipient, bytes);
  };
}

function channelProblem(
  { type, data }: ChannelOpenInfo,
  forwardProblem: GuardEvents['forwardProblem'],
): { readonly what: string; readonly problem: string | null } {
  if (type === 'session') return { what: 'another channel', problem: null };
  if (type !== 'direct-tcpip') return { what: `a channel of type ${named(type)}`, problem: forwarding };
  const destination = { host: data?.destIP ?? '', port: data?.destPort ?? 0 };
  return { what: `forwarding to ${named(showDestination(destination))}`, problem: forwardProblem(destination) };
}

function guardRequests({ _protocol }: InnerConnection, { refused }: GuardEvents): void {
  const handlers = _protocol._handlers;
  const request = handlers.CHANNEL_REQUEST;
  handlers.CHANNEL_REQUEST = (protocol, recipient, type, wantReply, data) => {
    if (!knownRequests.has(type)) refused.note(`a request ${named(type)}`, 'it is not known');
    request(protocol, recipient, type, wantReply, data);
  };
  const global = handlers.GLOBAL_REQUEST;
  handlers.GLOBAL_REQUEST = (protocol, name, wantReply, data) => {
    if (!harmlessGlobals.has(name)) refused.note(`a global request ${named(name)}`, forwarding);
    global(protocol, name, wantReply, data);
  };
}

function guardRekeys(connection: Connection, { violation }: GuardEvents): void {
  let times: number[] = [];
  connection.on('rekey', () => {
    const now = performance.now();
    times = [...times.filter((time) => now - time < rekeyWindowMs), now];
    if (times.length > maxRekeysInWindow) violation('it asks for new keys again and again');
  });
}
