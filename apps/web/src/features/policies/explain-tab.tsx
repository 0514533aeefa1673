'use client';

import { manifestByName } from '@sluice/protocols/manifests';
import { useMutation, useQuery } from '@tanstack/react-query';
import { FlaskConical, ListTree } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { type KeyboardEvent, useState } from 'react';
import { useIdentities } from '../../client/identities.ts';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox, type Choice, Field, Select, TextArea } from '../../components/form.tsx';
import { Key, Panel } from '../../components/layout.tsx';
import { EmptyState, ErrorState, ProgressBar, Skeleton } from '../../components/states.tsx';
import { ExplanationView } from './explanation-view.tsx';

const examples = [
  'UPDATE customers SET phone = NULL WHERE id = 7',
  'DROP TABLE orders',
  'SELECT id, email FROM customers',
];

/** What is asked and what was answered: kept by the page, so that a look at a rule or another tab loses neither. */
export function useExplain() {
  const trpc = useTRPC();
  const params = useSearchParams();
  const [who, setWho] = useState(params.get('as'));
  const [where, setWhere] = useState(params.get('connection'));
  const [text, setText] = useState('');
  const explain = useMutation(trpc.policies.explainStatement.mutationOptions());
  return { who, setWho, where, setWhere, text, setText, explain };
}

/** "What would happen": one statement, somebody and a connection; a gateway reads and judges it, and nothing runs. */
export function ExplainTab({
  asked,
  draft,
}: {
  readonly asked: ReturnType<typeof useExplain>;
  readonly draft: { readonly source: string; readonly changed: boolean };
}) {
  const trpc = useTRPC();
  const { who, setWho, where, setWhere, text, setText, explain } = asked;
  const people = useWho();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({}));
  const [byDraft, setByDraft] = useState(true);

  if (!people.ready || connections.data === undefined) {
    return connections.error === null ? (
      <div className="space-y-3">
        <Skeleton className="h-8" />
        <Skeleton className="h-32" />
      </div>
    ) : (
      <ErrorState error={connections.error} onRetry={() => void connections.refetch()} />
    );
  }
  const places = connections.data.map(({ id, name, protocol }) => ({ value: id, label: name, detail: protocol }));
  const chosenWho = found(people.choices, who);
  const chosenPlace = found(places, where);
  const askedPlace = places.find(({ value }) => value === explain.variables?.connection);
  const usesDraft = draft.changed && byDraft;
  const ready = chosenWho !== null && chosenPlace !== null && text.trim() !== '';
  const run = (statement = text) => {
    if (chosenWho === null || chosenPlace === null || statement.trim() === '' || explain.isPending) return;
    const source = usesDraft ? draft.source : null;
    explain.mutate({ as: chosenWho.value, connection: chosenPlace.value, text: statement, source });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run();
  };
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <Panel title="What would happen">
        <ProgressBar active={explain.isPending} label="A gateway reads the statement" />
        <div className="space-y-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Who">
              {({ id }) => (
                <Select
                  id={id}
                  className="w-full"
                  value={chosenWho?.value ?? ''}
                  onValue={setWho}
                  choices={people.choices}
                  disabled={people.choices.length === 0}
                />
              )}
            </Field>
            <Field label="Connection">
              {({ id }) => (
                <Select
                  id={id}
                  className="w-full"
                  value={chosenPlace?.value ?? ''}
                  onValue={setWhere}
                  choices={places}
                  disabled={places.length === 0}
                />
              )}
            </Field>
          </div>
          <Field label="Statement" help="Read and judged by the connection’s gateway. It is not run, and not kept.">
            {(control) => (
              <TextArea
                {...control}
                value={text}
                onChange={(event) => setText(event.target.value)}
                onKeyDown={onKeyDown}
                spellCheck={false}
                autoCapitalize="off"
                rows={8}
                className="min-h-40 font-mono"
              />
            )}
          </Field>
          <Checkbox
            label="Against the draft in the editor"
            checked={usesDraft}
            onChecked={setByDraft}
            disabled={!draft.changed}
            help={
              draft.changed ? 'The draft is not in force anywhere.' : 'There is no draft: the policy in force decides.'
            }
          />
          <div className="flex flex-wrap items-center gap-3">
            <Button
              look="primary"
              disabled={!ready}
              busy={explain.isPending}
              onClick={() => run()}
              icon={<FlaskConical aria-hidden="true" />}
            >
              Explain
            </Button>
            <span className="hidden items-center gap-1 text-ink-faint text-small sm:inline-flex">
              <Key>Ctrl</Key> <Key>Enter</Key>
            </span>
          </div>
        </div>
      </Panel>
      <div aria-live="polite" className="min-w-0">
        {explain.error !== null ? (
          <Panel>
            <ErrorState error={explain.error} onRetry={() => run()} />
          </Panel>
        ) : explain.data === undefined ? (
          <Panel>
            <EmptyState icon={ListTree} title="Ask before it matters">
              <p>
                Choose somebody and a connection, and type a statement. You see what Sluice reads in it, which rules
                meet it, and whether it would pass, wait or be refused. Nothing runs.
              </p>
              <ul className="mt-3 space-y-1">
                {examples.map((example) => (
                  <li key={example}>
                    <button
                      type="button"
                      onClick={() => {
                        setText(example);
                        run(example);
                      }}
                      className="rounded-small font-mono text-accent text-small underline-offset-2 hover:underline"
                    >
                      {example}
                    </button>
                  </li>
                ))}
              </ul>
            </EmptyState>
          </Panel>
        ) : (
          <ExplanationView
            explanation={explain.data}
            who={people.choices.find(({ value }) => value === explain.variables?.as)?.label ?? 'you'}
            connection={askedPlace?.label ?? ''}
            highlight={manifestByName(askedPlace?.detail ?? '')?.highlight ?? 'plain'}
          />
        )}
      </div>
    </div>
  );
}

/** Whom the signed-in person may ask for: everybody, or themselves and their own agents. Agents come first: policy is about them. */
function useWho(): { readonly choices: readonly Choice<string>[]; readonly ready: boolean } {
  const me = useMe();
  const mayAskForAll = useMay('policies.explain');
  const { people, agents, ready } = useIdentities();
  if (me === undefined || !ready) return { choices: [], ready: false };
  const choices = [
    ...agents
      .filter(({ disabled, owner }) => !disabled && (mayAskForAll || owner.id === me.person.id))
      .map(({ id, name, owner }) => ({ value: id, label: name, detail: `agent of ${owner.name}` })),
    { value: me.person.id, label: me.person.name, detail: `you, ${me.person.role}` },
    ...people
      .filter(({ disabled, id }) => !disabled && mayAskForAll && id !== me.person.id)
      .map(({ id, name, role }) => ({ value: id, label: name, detail: role })),
  ];
  return { choices, ready: true };
}

/** The wanted choice, by value or by name; the first where it is not there. */
function found(choices: readonly Choice<string>[], wanted: string | null): Choice<string> | null {
  return choices.find(({ value, label }) => value === wanted || label === wanted) ?? choices[0] ?? null;
}
