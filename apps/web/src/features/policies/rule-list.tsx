import type { PolicyRuleView } from '@sluice/api';
import { classNames } from '../../components/class-names.ts';
import { VerdictBadge } from '../../components/verdict.tsx';

/** Rules as plain sentences. With `onOpen` a press goes to the rule's line. */
export function RuleList({
  rules,
  chosen = null,
  onOpen,
}: {
  readonly rules: readonly PolicyRuleView[];
  readonly chosen?: string | null;
  readonly onOpen?: (rule: PolicyRuleView) => void;
}) {
  if (rules.length === 0)
    return <p className="p-4 text-ink-soft">No rules: every statement meets its connection’s default.</p>;
  return (
    <ul className="divide-y divide-line">
      {rules.map((rule) => (
        <li
          key={`${rule.name} ${rule.line}`}
          className={classNames('relative flex items-start gap-3 px-4 py-2.5', rule.name === chosen && 'bg-chosen')}
        >
          <span className="w-16 shrink-0 pt-px">
            <VerdictBadge action={rule.action} />
          </span>
          <span className="min-w-0 flex-1">
            <span className="block">{rule.sentence}</span>
            {onOpen === undefined ? (
              <span className="font-mono text-ink-faint text-small">{rule.name}</span>
            ) : (
              <button
                type="button"
                onClick={() => onOpen(rule)}
                className="rounded-small text-left max-sm:py-3 font-mono text-accent text-small underline-offset-2 hover:underline"
              >
                {rule.name}, line {rule.line}
              </button>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
