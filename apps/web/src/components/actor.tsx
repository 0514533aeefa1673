import type { ActorView } from '@sluice/api';
import { Bot, Cog, User } from 'lucide-react';
import { classNames } from './class-names.ts';

/** Who acts. A person and an agent are told apart by shape as well as icon, and an agent always shows whose it is. */
export function ActorName({
  actor,
  className,
  stacked = false,
  strong = false,
}: {
  readonly actor: ActorView | { readonly kind: 'system'; readonly name: string };
  readonly className?: string;
  readonly stacked?: boolean;
  /** In a heading. */
  readonly strong?: boolean;
}) {
  const owner = 'owner' in actor ? actor.owner : null;
  return (
    <span className={classNames('inline-flex min-w-0 items-center gap-1.5', className)}>
      <ActorMark kind={actor.kind} />
      <span className={classNames('min-w-0', stacked && 'flex flex-col leading-4')}>
        <span className={classNames(strong ? 'font-semibold' : 'font-medium', 'text-ink')}>{actor.name}</span>
        {owner === null ? null : (
          <span className="font-normal text-ink-faint">
            {stacked ? null : ' '}for {owner.name}
          </span>
        )}
      </span>
    </span>
  );
}

export function ActorMark({
  kind,
  className,
}: {
  readonly kind: 'person' | 'service' | 'system';
  readonly className?: string;
}) {
  const shape = {
    person: 'rounded-full bg-sunken text-ink-soft',
    service: 'rounded-small bg-accent-tint text-accent',
    system: 'rounded-small bg-sunken text-ink-faint',
  }[kind];
  const Icon = { person: User, service: Bot, system: Cog }[kind];
  const word = { person: 'person', service: 'agent', system: 'Sluice itself' }[kind];
  return (
    <span
      className={classNames(
        'inline-flex size-5 shrink-0 items-center justify-center border border-line',
        shape,
        className,
      )}
    >
      <Icon role="img" aria-label={word} className="size-3" strokeWidth={2.25} />
    </span>
  );
}
