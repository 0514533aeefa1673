'use client';

import type { OverviewView } from '@sluice/api';
import { Check } from 'lucide-react';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';

/** Three steps from nothing to a masked row; each ticks itself as soon as it has happened. */
export function FirstRun({ done }: { readonly done: OverviewView['firstRun'] }) {
  const steps = [
    {
      done: done.gatewayEnrolled,
      title: 'Enrol a gateway',
      text: 'Copy one line to a host near your database and watch it appear.',
      href: '/gateways?enrol=1',
      action: 'Enrol',
    },
    {
      done: done.connectionTested,
      title: 'Add a connection',
      text: 'Name the target, seal its credential in this browser, test it where it will run.',
      href: '/connections/new',
      action: 'Add',
    },
    {
      done: done.firstStatement,
      title: 'Connect as an agent',
      text: 'Copy one line from the connection’s page and watch the first masked row arrive.',
      href: '/connections',
      action: 'Connect',
    },
  ];
  const next = steps.findIndex((step) => !step.done);
  return (
    <Panel title="Three steps to the first masked row" flush>
      <ol aria-live="polite" className="divide-y divide-line">
        {steps.map((step, index) => (
          <li key={step.title} className="flex items-center gap-3 px-4 py-3">
            <span
              className={classNames(
                'inline-flex size-6 shrink-0 items-center justify-center rounded-full border font-medium text-small',
                step.done
                  ? 'border-transparent bg-allow-tint text-allow'
                  : index === next
                    ? 'border-accent text-accent'
                    : 'border-line-strong text-ink-faint',
              )}
            >
              {step.done ? <Check role="img" aria-label="done" className="size-3.5" strokeWidth={3} /> : index + 1}
            </span>
            <div className="min-w-0 flex-1">
              <p className={classNames('font-medium', step.done && 'text-ink-soft')}>{step.title}</p>
              <p className="text-ink-faint">{step.text}</p>
            </div>
            {step.done ? null : (
              <Button asChild look={index === next ? 'primary' : 'plain'} size="small">
                <Link href={step.href}>{step.action}</Link>
              </Button>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
