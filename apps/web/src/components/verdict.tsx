import type { ApprovalState } from '@sluice/domain';
import {
  Ban,
  Check,
  CircleCheck,
  CircleHelp,
  CircleSlash,
  CircleX,
  Clock,
  EyeOff,
  Gauge,
  Info,
  Loader,
  type LucideIcon,
  Pause,
  Timer,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export type Tone = 'allow' | 'deny' | 'hold' | 'mask' | 'info' | 'neutral';

const toneClasses: Record<Tone, string> = {
  allow: 'bg-allow-tint text-allow',
  deny: 'bg-deny-tint text-deny',
  hold: 'bg-hold-tint text-hold',
  mask: 'bg-mask-tint text-mask',
  info: 'bg-info-tint text-info',
  neutral: 'bg-sunken text-ink-soft',
};

const toneText: Record<Tone, string> = {
  allow: 'text-allow',
  deny: 'text-deny',
  hold: 'text-hold',
  mask: 'text-mask',
  info: 'text-info',
  neutral: 'text-ink-soft',
};

interface Word {
  readonly tone: Tone;
  readonly icon: LucideIcon;
  readonly word: string;
}

const actionWords: Record<string, Word> = {
  allow: { tone: 'allow', icon: Check, word: 'allow' },
  deny: { tone: 'deny', icon: Ban, word: 'deny' },
  hold: { tone: 'hold', icon: Pause, word: 'hold' },
  mask: { tone: 'mask', icon: EyeOff, word: 'mask' },
  limit: { tone: 'info', icon: Gauge, word: 'limit' },
  monitor: { tone: 'info', icon: Info, word: 'monitor' },
};

const approvalWords: Record<ApprovalState, Word> = {
  waiting: { tone: 'hold', icon: Pause, word: 'waiting' },
  approved: { tone: 'allow', icon: Check, word: 'approved' },
  denied: { tone: 'deny', icon: Ban, word: 'denied' },
  expired: { tone: 'neutral', icon: Timer, word: 'expired' },
  cancelled: { tone: 'neutral', icon: CircleSlash, word: 'cancelled' },
  consumed: { tone: 'info', icon: Loader, word: 'running' },
  succeeded: { tone: 'allow', icon: CircleCheck, word: 'ran' },
  failed: { tone: 'deny', icon: CircleX, word: 'failed' },
  'outcome-unknown': { tone: 'hold', icon: CircleHelp, word: 'outcome unknown' },
  void: { tone: 'neutral', icon: CircleSlash, word: 'void' },
};

/** A word with its icon and colour: never the colour alone. */
export function Badge({
  tone,
  icon: Icon,
  children,
  bare = false,
  className,
}: {
  readonly tone: Tone;
  readonly icon?: LucideIcon;
  readonly children: ReactNode;
  /** Without the tinted ground, for dense rows. */
  readonly bare?: boolean;
  readonly className?: string;
}) {
  return (
    <span
      className={classNames(
        'inline-flex items-center gap-1 whitespace-nowrap font-medium text-small',
        bare ? toneText[tone] : ['rounded-small px-1.5 py-0.5', toneClasses[tone]],
        className,
      )}
    >
      {Icon === undefined ? null : <Icon aria-hidden="true" className="size-3.5 shrink-0" strokeWidth={2.25} />}
      {children}
    </span>
  );
}

/** The action of a rule or the verdict on a statement. */
export function VerdictBadge({ action, bare = false }: { readonly action: string; readonly bare?: boolean }) {
  const { tone, icon, word } = actionWords[action] ?? { tone: 'neutral' as const, icon: Info, word: action };
  return (
    <Badge tone={tone} icon={icon} bare={bare}>
      {word}
    </Badge>
  );
}

export function ApprovalBadge({ state, bare = false }: { readonly state: ApprovalState; readonly bare?: boolean }) {
  const { tone, icon, word } = approvalWords[state];
  return (
    <Badge tone={tone} icon={icon} bare={bare}>
      {word}
    </Badge>
  );
}

export function VerdictIcon({ action, className }: { readonly action: string; readonly className?: string }) {
  const { tone, icon: Icon, word } = actionWords[action] ?? { tone: 'neutral' as const, icon: Clock, word: action };
  return (
    <Icon
      aria-label={word}
      role="img"
      className={classNames('size-3.5 shrink-0', toneText[tone], className)}
      strokeWidth={2.25}
    />
  );
}
