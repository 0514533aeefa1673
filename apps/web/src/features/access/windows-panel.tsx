'use client';

import { useMutation, useQuery } from '@tanstack/react-query';
import { CalendarClock, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Field, Input } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { EmptyState, SkeletonRows } from '../../components/states.tsx';
import { Failure } from './access-forms.tsx';
import { readSelector, readWeekdays } from './rule-draft.ts';

const empty = { name: '', labels: '', weekdays: 'sun', from: '02:00', to: '04:00', zone: 'UTC' };

/** Maintenance windows: rules test them by name. */
export function WindowsPanel() {
  const trpc = useTRPC();
  const mayWrite = useMay('access.write');
  const query = useQuery(trpc.access.listMaintenanceWindows.queryOptions());
  const remove = useMutation(
    trpc.access.deleteMaintenanceWindow.mutationOptions({
      onError: (error) => void toast.error(errorSentence(error)),
    }),
  );
  const windows = query.data;
  return (
    <Panel flush title="Maintenance windows">
      {windows === undefined ? (
        <SkeletonRows rows={2} />
      ) : windows.length === 0 ? (
        <EmptyState icon={CalendarClock} title="No maintenance window" className="py-8">
          A window has a name that rules test, such as <code>'deploy' in maintenance</code>. Each gateway opens and
          closes it by its own clock.
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line">
          {windows.map((window) => (
            <li key={window.id} className="flex items-center gap-3 px-4 py-2.5">
              <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1">
                <span className="font-medium font-mono">{window.name}</span>
                <span>{window.when}</span>
                <span className="text-ink-soft">{window.chosen}</span>
              </span>
              {mayWrite ? (
                <Button
                  look="quiet"
                  size="iconSmall"
                  aria-label={`Remove window ${window.name}`}
                  onClick={() => remove.mutate({ id: window.id })}
                >
                  <Trash2 aria-hidden="true" />
                </Button>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {mayWrite ? <AddWindow /> : null}
    </Panel>
  );
}

function AddWindow() {
  const trpc = useTRPC();
  const [draft, setDraft] = useState(empty);
  const text = (key: keyof typeof empty) => ({
    value: draft[key],
    onChange: (event: { readonly target: { readonly value: string } }) =>
      setDraft((before) => ({ ...before, [key]: event.target.value })),
  });
  const make = useMutation(trpc.access.createMaintenanceWindow.mutationOptions({ onSuccess: () => setDraft(empty) }));
  const selector = readSelector(draft.labels);
  const weekdays = readWeekdays(draft.weekdays);
  const ready = selector !== null && weekdays !== null && weekdays.length > 0 && draft.name !== '';
  return (
    <form
      className="grid items-end gap-3 border-line border-t p-4 sm:grid-cols-3 lg:grid-cols-7"
      onSubmit={(event) => {
        event.preventDefault();
        const { name, zone, from, to } = draft;
        if (ready) make.mutate({ name, selector, schedule: { zone, weekdays, from, to } });
      }}
    >
      <Field label="Name">{(control) => <Input {...control} {...text('name')} placeholder="deploy" />}</Field>
      <Field label="Labels" optional>
        {(control) => <Input {...control} {...text('labels')} placeholder="env=prod" />}
      </Field>
      <Field label="Weekdays">{(control) => <Input {...control} {...text('weekdays')} />}</Field>
      <Field label="From">{(control) => <Input {...control} {...text('from')} />}</Field>
      <Field label="To">{(control) => <Input {...control} {...text('to')} />}</Field>
      <Field label="Time zone">{(control) => <Input {...control} {...text('zone')} />}</Field>
      <Button look="primary" type="submit" busy={make.isPending} disabled={!ready}>
        Add
      </Button>
      <div className="sm:col-span-3 lg:col-span-7">
        <Failure error={make.error} />
      </div>
    </form>
  );
}
