'use client';

import type { PolicyProblemView, PolicyRuleView } from '@sluice/api';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactCodeMirrorRef } from '@uiw/react-codemirror';
import { CircleCheck, CircleX, GitCompare, Lock, RotateCcw, Send } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useEffect, useRef, useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { longInput, useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/layout.tsx';
import { countText } from '../../components/measures.ts';
import { Callout, Skeleton } from '../../components/states.tsx';
import type { ActivePolicy } from './active-policy.ts';
import { DiffView } from './diff-view.tsx';
import { PublishDialog } from './publish-dialog.tsx';
import { RuleList } from './rule-list.tsx';
import type { Draft } from './use-draft.ts';

const PolicyEditor = dynamic(() => import('./policy-editor.tsx'), {
  ssr: false,
  loading: () => <Skeleton className="m-3 h-64" />,
});

/** Typing rests this long before the draft is checked. */
const checkDelayMs = 350;

interface Check {
  readonly problems: readonly PolicyProblemView[];
  readonly rules: readonly PolicyRuleView[];
  readonly state: 'checking' | 'good' | 'bad' | 'unknown';
  readonly error: unknown;
}

export function EditorTab({
  active,
  draft,
  wantedRule,
}: {
  readonly active: ActivePolicy;
  readonly draft: Draft;
  readonly wantedRule: string | null;
}) {
  const mayWrite = useMay('policies.write');
  const check = useCheck(draft.source, active);
  const [comparing, setComparing] = useState(false);
  const [publishing, setPublishing] = useState(false);
  const editor = useRef<ReactCodeMirrorRef>(null);
  const goTo = (line: number, column: number) => {
    setComparing(false);
    void import('./policy-editor.tsx').then(({ goToLine }) => goToLine(editor.current, line, column));
  };
  return (
    <div className="space-y-4">
      {draft.overtaken ? (
        <Callout
          tone="hold"
          icon={GitCompare}
          action={
            <Button size="small" onClick={draft.rebase}>
              Compare with the new one
            </Button>
          }
        >
          Version {active.version.version} was published while you were editing version {draft.basedOn}. Your text is
          kept.
        </Callout>
      ) : null}
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel
          flush
          title={draft.changed ? 'Draft' : `Version ${active.version.version}`}
          aside={
            <div className="flex flex-wrap items-center gap-2">
              <CheckMark check={check} />
              {draft.changed ? (
                <>
                  <Button size="small" look="quiet" onClick={draft.reset} icon={<RotateCcw aria-hidden="true" />}>
                    Discard
                  </Button>
                  <Button
                    size="small"
                    aria-pressed={comparing}
                    onClick={() => setComparing(!comparing)}
                    icon={<GitCompare aria-hidden="true" />}
                  >
                    {comparing ? 'Edit' : 'Diff'}
                  </Button>
                </>
              ) : null}
              {mayWrite ? (
                <Button
                  size="small"
                  look="primary"
                  disabled={!draft.changed || check.state !== 'good'}
                  onClick={() => setPublishing(true)}
                  icon={<Send aria-hidden="true" />}
                >
                  Publish…
                </Button>
              ) : (
                <span className="inline-flex items-center gap-1 text-ink-faint text-small">
                  <Lock aria-hidden="true" className="size-3.5" />
                  your role may not publish
                </span>
              )}
            </div>
          }
        >
          {comparing ? (
            <div className="max-h-[65dvh] overflow-y-auto">
              <DiffView
                older={active.source}
                newer={draft.source}
                olderName={`Version ${active.version.version}`}
                newerName="Draft"
              />
            </div>
          ) : (
            <div className="h-[65dvh]">
              <PolicyEditor
                key={draft.generation}
                initial={draft.source}
                onValue={draft.setSource}
                problems={check.problems}
                readOnly={!mayWrite}
                editorRef={editor}
              />
            </div>
          )}
        </Panel>
        <div className="min-w-0 space-y-4">
          <Problems check={check} onOpen={goTo} />
          <Panel flush title={countText(check.rules.length, 'rule')}>
            <div className="max-h-[60dvh] overflow-y-auto">
              <RuleList rules={check.rules} chosen={wantedRule} onOpen={(rule) => goTo(rule.line, 1)} />
            </div>
          </Panel>
        </div>
      </div>
      <PublishDialog
        open={publishing}
        onOpen={setPublishing}
        source={draft.source}
        active={active}
        basedOn={draft.basedOn}
        onPublished={draft.published}
      />
    </div>
  );
}

/** Checks the draft as it is typed; the answer of an older text is dropped. */
function useCheck(source: string, active: ActivePolicy): Check {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [check, setCheck] = useState<Check>({ problems: [], rules: active.rules, state: 'good', error: null });
  const unchanged = source === active.source;
  useEffect(() => {
    if (unchanged) {
      setCheck({ problems: [], rules: active.rules, state: 'good', error: null });
      return;
    }
    let current = true;
    setCheck((before) => ({ ...before, state: 'checking' }));
    const timer = setTimeout(() => {
      queryClient
        .fetchQuery(trpc.policies.checkPolicy.queryOptions({ source }, { ...longInput, gcTime: 0, retry: false }))
        .then(
          (answer) => {
            if (!current) return;
            setCheck((before) => ({
              problems: answer.problems,
              rules: answer.ok ? answer.rules : before.rules,
              state: answer.ok ? 'good' : 'bad',
              error: null,
            }));
          },
          (error: unknown) => {
            if (current) setCheck((before) => ({ ...before, state: 'unknown', error }));
          },
        );
    }, checkDelayMs);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [source, unchanged, active.rules, queryClient, trpc]);
  return check;
}

function CheckMark({ check }: { readonly check: Check }) {
  const text = {
    checking: 'checking…',
    good: 'no problems',
    bad: countText(check.problems.length, 'problem'),
    unknown: 'not checked',
  }[check.state];
  return (
    <span role="status" className="inline-flex items-center gap-1 text-ink-soft text-small">
      {check.state === 'good' ? <CircleCheck aria-hidden="true" className="size-3.5 text-allow" /> : null}
      {check.state === 'bad' ? <CircleX aria-hidden="true" className="size-3.5 text-deny" /> : null}
      {text}
    </span>
  );
}

function Problems({
  check,
  onOpen,
}: {
  readonly check: Check;
  readonly onOpen: (line: number, column: number) => void;
}) {
  if (check.error !== null) {
    return (
      <Callout tone="deny" icon={CircleX}>
        {errorSentence(check.error)}
      </Callout>
    );
  }
  if (check.problems.length === 0) return null;
  return (
    <Panel flush title={countText(check.problems.length, 'problem')}>
      <ul className="divide-y divide-line">
        {check.problems.map((problem) => (
          <li key={`${problem.line}:${problem.column} ${problem.message}`}>
            <button
              type="button"
              data-inset-focus=""
              onClick={() => onOpen(problem.line, problem.column)}
              className="flex w-full items-start gap-2 px-4 py-2 text-left hover:bg-hover"
            >
              <CircleX aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-deny" />
              <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{problem.message}</span>
              <span className="shrink-0 font-mono text-ink-faint text-small">
                {problem.line}:{problem.column}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
