import type { ChannelView } from '@sluice/api';

export type ChannelKind = ChannelView['kind'];

/** What stands in the fields, as text; only those of the channel's kind are drawn. A secret that is left empty stays as it is. */
export interface ChannelDraft {
  readonly name: string;
  readonly enabled: boolean;
  readonly host: string;
  readonly port: string;
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly from: string;
  readonly username: string;
  readonly password: string;
  readonly ca: string;
  readonly apiUrl: string;
  readonly botToken: string;
  readonly signingSecret: string;
  readonly url: string;
}

const names: Readonly<Record<ChannelKind, string>> = { email: 'mail', slack: 'slack', webhook: '' };

export function draftOf(kind: ChannelKind, channel: ChannelView | null): ChannelDraft {
  const { settings = {}, name = names[kind], enabled = true } = channel ?? {};
  const text = (key: string, usual = '') => {
    const value = settings[key];
    return value === undefined || value === null ? usual : String(value);
  };
  const tls = text('tls', 'starttls');
  return {
    name,
    enabled,
    host: text('host'),
    port: text('port', '587'),
    tls: tls === 'tls' || tls === 'none' ? tls : 'starttls',
    from: text('from'),
    username: text('username'),
    password: '',
    ca: text('ca'),
    apiUrl: text('apiUrl', 'https://slack.com/api'),
    botToken: '',
    signingSecret: '',
    url: text('url'),
  };
}

/** The draft as the API takes it. */
export function channelInput(kind: ChannelKind, id: string | null, draft: ChannelDraft) {
  const common = { ...(id === null ? {} : { id }), name: draft.name.trim(), enabled: draft.enabled };
  switch (kind) {
    case 'email': {
      const { host, port, tls, from, username, ca, password } = draft;
      const settings = {
        host: host.trim(),
        port: Number(port),
        tls,
        from: from.trim(),
        username: username.trim() === '' ? null : username.trim(),
        ca: ca.trim() === '' ? null : ca.trim(),
      };
      return { kind, ...common, settings, ...filled({ password }) };
    }
    case 'slack': {
      const { apiUrl, botToken, signingSecret } = draft;
      return { kind, ...common, settings: { apiUrl: apiUrl.trim() }, ...filled({ botToken, signingSecret }) };
    }
    case 'webhook':
      return { kind, ...common, settings: { url: draft.url.trim() } };
  }
}

function filled<Name extends string>(secrets: Readonly<Record<Name, string>>): Partial<Record<Name, string>> {
  const given = Object.entries<string>(secrets).filter(([, secret]) => secret !== '');
  return Object.fromEntries(given) as Partial<Record<Name, string>>;
}
