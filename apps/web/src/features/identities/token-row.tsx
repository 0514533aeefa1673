'use client';

import type { TokenView } from '@sluice/api';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Badge } from '../../components/verdict.tsx';

/** Whose tokens and keys a list is about. */
export interface TokenOwner {
  readonly id: string;
  readonly name: string;
  readonly kind: 'person' | 'service';
}

export const lifetimes = { '1': '1 day', '7': '7 days', '30': '30 days', '90': '90 days', '365': '1 year' } as const;
export type Lifetime = keyof typeof lifetimes;

const typeWords: Readonly<Record<TokenView['type'], string>> = {
  api: 'API token',
  native: 'native secret',
  'public-key': 'public key',
  certificate: 'certificate',
};

/** One thing that an identity signs in with: what it opens, when it was used, and a way to take it back. */
export function TokenRow({ token, onRevoke }: { readonly token: TokenView; readonly onRevoke: () => void }) {
  const ended = hasEnded(token);
  const isKey = token.type === 'public-key';
  return (
    <li className="flex items-start gap-3 px-3 py-2.5">
      <div className={classNames('min-w-0 flex-1', ended && 'text-ink-faint')}>
        <p className="flex flex-wrap items-center gap-x-2">
          <span className={classNames('font-medium [overflow-wrap:anywhere]', ended && 'line-through')}>
            {token.label}
          </span>
          {isKey ? null : <Badge tone={token.type === 'api' ? 'neutral' : 'info'}>{typeWords[token.type]}</Badge>}
          {isKey ? null : <code className="text-ink-faint text-small">{token.display}</code>}
        </p>
        {isKey ? (
          <p className="text-ink-soft text-small">
            <code className="font-mono [overflow-wrap:anywhere]">{token.display}</code>
          </p>
        ) : null}
        <p className="text-ink-soft text-small">
          {token.type === 'api' ? 'the API and the command line' : scopeText(token)}
        </p>
        <p className="text-ink-faint text-small">
          <Times token={token} />
        </p>
      </div>
      {ended ? null : (
        <Button size="small" look="dangerPlain" onClick={onRevoke} aria-label={`Revoke ${token.label}`}>
          Revoke…
        </Button>
      )}
    </li>
  );
}

function Times({ token }: { readonly token: TokenView }) {
  return (
    <>
      {token.type === 'public-key' ? 'added ' : 'made '}
      <RelativeTime at={token.createdAt} />
      {token.lastUsedAt === null ? ', never used' : ', used '}
      {token.lastUsedAt === null ? null : <RelativeTime at={token.lastUsedAt} />}
      {endWord(token)}
      {token.revokedAt !== null ? (
        <RelativeTime at={token.revokedAt} />
      ) : token.expiresAt === null ? null : (
        <RelativeTime at={token.expiresAt} />
      )}
    </>
  );
}

function endWord(token: TokenView): string {
  if (token.revokedAt !== null) return ', revoked ';
  if (token.expiresAt === null) return ', does not expire';
  return hasEnded(token) ? ', expired ' : ', expires ';
}

function hasEnded({ revokedAt, expiresAt }: TokenView): boolean {
  return revokedAt !== null || (expiresAt !== null && expiresAt.getTime() <= Date.now());
}

/** Which connections it opens, in words. */
export function scopeText(token: TokenView): string {
  return token.connections.length === 0
    ? 'every connection'
    : token.connections.map((connection) => connection.name).join(', ');
}
