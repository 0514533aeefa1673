import type { ExplainedOutput, ExplainedRule, ExplainedStatement, Explanation } from '@sluice/domain';
import { Ban, CircleHelp, CircleX, Gauge, Pause } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { classNames } from '../../components/class-names.ts';
import { Fact, Facts, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { bytesText, countText, durationText } from '../../components/measures.ts';
import { StatementText } from '../../components/statement-text.tsx';
import { Callout } from '../../components/states.tsx';
import { Badge, VerdictBadge } from '../../components/verdict.tsx';

const verdictSentences = {
  allow: 'It would pass.',
  hold: 'It would wait for a person.',
  deny: 'It would be refused.',
};
const verdictEdges = { allow: 'border-l-allow', hold: 'border-l-hold', deny: 'border-l-deny' };

/** What a gateway answered: the verdict and who said so, what limits it, what was read, and every rule. */
export function ExplanationView({
  explanation,
  who,
  connection,
  highlight,
}: {
  readonly explanation: Explanation;
  readonly who: string;
  readonly connection: string;
  /** How the connection's protocol colours its statements. */
  readonly highlight: string;
}) {
  const { action, rule, reason, policyVersion, statements, moreStatements, rules, text, language } = explanation;
  const errors = rules.filter((one) => one.error !== null);
  return (
    <div className="space-y-4">
      <section
        aria-label="Verdict"
        className={classNames('rounded-box border border-line border-l-4 bg-surface p-4', verdictEdges[action])}
      >
        <p className="flex flex-wrap items-center gap-2 text-large">
          <VerdictBadge action={action} />
          <span className="font-semibold">{verdictSentences[action]}</span>
        </p>
        <p className="mt-2">
          {reason}{' '}
          {rule === null ? (
            <span className="text-ink-faint">(no rule: the connection’s default)</span>
          ) : (
            <RuleLink name={rule} />
          )}
        </p>
        <p className="mt-1 text-ink-faint text-small">
          For {who} on {connection}, by {policyVersion === null ? 'the draft' : `policy version ${policyVersion}`}.
          Nothing was run.
        </p>
      </section>
      <Terms explanation={explanation} />
      {errors.map((one) => (
        <Callout key={one.name} tone="deny" icon={CircleX}>
          The rule <span className="font-mono">{one.name}</span> could not be evaluated: {one.error}. It counts in its
          strictest sense.
        </Callout>
      ))}
      {statements.map((statement, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: statements of one answer never move.
        <StatementFactsView key={index} statement={statement} number={statements.length > 1 ? index + 1 : null} />
      ))}
      {moreStatements > 0 ? (
        <p className="text-ink-soft">
          … and {countText(moreStatements, 'more statement')}, which count for the verdict too.
        </p>
      ) : null}
      <Panel title="As the record would keep it" aside={<span className="text-ink-faint text-small">{language}</span>}>
        <StatementText text={text} language={highlight} />
      </Panel>
      <RulesMet rules={rules} decided={rule} />
    </div>
  );
}

function RuleLink({ name }: { readonly name: string }) {
  return (
    <Link
      href={`/policies?rule=${encodeURIComponent(name)}`}
      className="font-mono text-accent underline-offset-2 hover:underline"
    >
      {name}
    </Link>
  );
}

/** What holds beside the verdict: why it was not read, hold terms, limits. */
function Terms({ explanation }: { readonly explanation: Explanation }) {
  const { hold, limits, unreadable, uncarried } = explanation;
  return (
    <>
      {unreadable === null ? null : (
        <Callout tone="deny" icon={CircleHelp}>
          It could not be read{unreadable.position === null ? '' : `, at character ${unreadable.position}`}:{' '}
          <span className="[overflow-wrap:anywhere]">{unreadable.message}</span>. A session judges it as a statement of
          which nothing is proved.
        </Callout>
      )}
      {uncarried === null ? null : (
        <Callout tone="deny" icon={Ban}>
          Refused whatever policy says: {uncarried}.
        </Callout>
      )}
      {hold === null ? null : (
        <Callout tone="hold" icon={Pause}>
          {(hold.demands?.stages ?? [hold])
            .map(({ count, approvers }) => `${countText(count, 'person', 'people')} among ${approvers.join(', ')}`)
            .join(', then ')}
          {hold.owner ? ' or the agent’s owner' : ''} must approve it within {durationText(hold.expiresSeconds * 1_000)}
          .
        </Callout>
      )}
      {limits === null ? null : (
        <Callout tone="info" icon={Gauge}>
          <ul className="space-y-0.5">
            {limits.rows === null ? null : (
              <li>
                At most {countText(limits.rows.most, 'row')} of a result: <RuleLink name={limits.rows.rule} />
              </li>
            )}
            {limits.bytes === null ? null : (
              <li>
                At most {bytesText(limits.bytes.most)} of a result: <RuleLink name={limits.bytes.rule} />
              </li>
            )}
            {limits.perMinute.map(({ rule, most }) => (
              <li key={rule}>
                At most {countText(most, 'statement')} a minute: <RuleLink name={rule} />
              </li>
            ))}
          </ul>
        </Callout>
      )}
    </>
  );
}

const filterWords: Record<string, string> = {
  absent: 'none: every row is touched',
  trivial: 'always true: every row is touched',
  present: 'chooses rows',
};

function StatementFactsView({
  statement,
  number,
}: {
  readonly statement: ExplainedStatement;
  readonly number: number | null;
}) {
  const { view, incompleteBecause, destructiveBecause, filterBecause, outputs } = statement;
  return (
    <Panel
      title={
        <span className="font-mono">
          {number === null ? '' : `${number}. `}
          {view.command}
        </span>
      }
      aside={
        <span className="flex flex-wrap gap-1.5">
          <Badge tone="neutral">{view.kind}</Badge>
          {view.destructive ? <Badge tone="deny">destructive</Badge> : null}
          <Badge tone={view.complete ? 'allow' : 'deny'}>{view.complete ? 'proved' : 'not proved'}</Badge>
        </span>
      }
    >
      <Facts>
        {view.complete ? null : (
          <Fact name="Not proved because">{incompleteBecause ?? 'it names more than can be followed'}</Fact>
        )}
        <NamesFact name="Reads" names={view.reads} />
        <NamesFact name="Writes" names={view.writes} />
        <NamesFact name="Columns" names={view.columns} />
        <NamesFact name="Functions" names={view.functions} />
        {view.filter === 'not-applicable' ? null : (
          <Fact name="Filter">{withReason(filterWords[view.filter] ?? view.filter, filterBecause)}</Fact>
        )}
        {view.destructive ? (
          <Fact name="Destructive">{destructiveBecause ?? 'it destroys data or structure'}</Fact>
        ) : null}
        <NamesFact name="Effects" names={view.verbs} />
        {outputs === null || outputs.length === 0 ? null : (
          <Fact name="Result">
            <Outputs outputs={outputs} />
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}

function withReason(words: string, reason: string | null): string {
  return reason === null ? words : `${words} (${reason})`;
}

const shownNames = 12;

function NamesFact({ name, names }: { readonly name: string; readonly names: readonly string[] }) {
  const [all, setAll] = useState(false);
  if (names.length === 0) return null;
  const shown = all ? names : names.slice(0, shownNames);
  return (
    <Fact name={name}>
      <span className="flex flex-wrap gap-1">
        {shown.map((one) => (
          <Chip key={one}>{one}</Chip>
        ))}
        {shown.length < names.length ? (
          <button
            type="button"
            onClick={() => setAll(true)}
            className="rounded-small font-medium text-accent text-small underline-offset-2 hover:underline"
          >
            show all {names.length}
          </button>
        ) : null}
      </span>
    </Fact>
  );
}

function Chip({ children }: { readonly children: ReactNode }) {
  return (
    <span className="rounded-small border border-line px-1.5 font-mono text-small leading-5 [overflow-wrap:anywhere]">
      {children}
    </span>
  );
}

/** Columns of the result by position: what comes back masked, and by which rule. */
function Outputs({ outputs }: { readonly outputs: readonly ExplainedOutput[] }) {
  return (
    <ul className="space-y-1">
      {outputs.map((output, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a column of a result is its position.
        <li key={index} className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="font-mono text-small [overflow-wrap:anywhere]">
            {output.columns.length === 0 ? `column ${index + 1}` : output.columns.join(', ')}
          </span>
          <OutputPlan output={output} />
        </li>
      ))}
    </ul>
  );
}

function OutputPlan({ output }: { readonly output: ExplainedOutput }) {
  if (output.plan === 'pass') return <span className="text-ink-faint text-small">as it is</span>;
  if (output.plan === 'scan') return <span className="text-ink-faint text-small">each value is looked at</span>;
  return (
    <>
      <VerdictBadge action="mask" />
      {output.rule === null ? (
        <span className="text-ink-faint text-small">because nothing about it is proved</span>
      ) : (
        <RuleLink name={output.rule} />
      )}
    </>
  );
}

/** Matching rules first, the one that decided above all and masks last; the others wait behind a fold. */
function RulesMet({ rules, decided }: { readonly rules: readonly ExplainedRule[]; readonly decided: string | null }) {
  const place = ({ name, action }: ExplainedRule) => (name === decided ? 0 : action === 'mask' ? 2 : 1);
  const met = rules
    .filter(({ matched, error }) => matched || error !== null)
    .sort((one, other) => place(one) - place(other));
  const others = rules.filter(({ matched, error }) => !matched && error === null);
  return (
    <Panel
      flush
      title={
        met.length === 0
          ? 'No rule matches'
          : `${countText(met.length, 'rule')} ${met.length === 1 ? 'matches' : 'match'}`
      }
    >
      <RuleRows rules={met} label="Matching rules" />
      {others.length === 0 ? null : (
        <details className="border-line border-t">
          <summary data-inset-focus="" className="cursor-pointer px-4 py-2 text-ink-soft hover:bg-hover">
            {countText(others.length, 'other rule')} {others.length === 1 ? 'does' : 'do'} not match
          </summary>
          <RuleRows rules={others} label="Other rules" />
        </details>
      )}
    </Panel>
  );
}

function RuleRows({ rules, label }: { readonly rules: readonly ExplainedRule[]; readonly label: string }) {
  return (
    <ul aria-label={label} className="divide-y divide-line">
      {rules.map((rule) => (
        <li key={rule.name} className="flex items-start gap-3 px-4 py-2.5">
          <span className="w-20 shrink-0 pt-px">
            <VerdictBadge action={rule.action} />
          </span>
          <span className="min-w-0 flex-1">
            <span className="block [overflow-wrap:anywhere]">{rule.sentence}</span>
            <span className="text-ink-faint text-small">
              <RuleLink name={rule.name} />, line {rule.line}
              {rule.would === null ? '' : `, would ${rule.would}`}
              {rule.error === null ? '' : `, could not be evaluated: ${rule.error}`}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}
