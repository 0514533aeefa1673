'use client';

import type { TestResult } from '@sluice/domain';
import { CircleCheck, CircleX, Lightbulb, TriangleAlert } from 'lucide-react';
import { durationText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';

/** Each step of a test in the gateway: what happened, what the target said, the likely mend. */
export function TestSteps({ result }: { readonly result: TestResult }) {
  return (
    <div aria-live="polite" className="space-y-3">
      <ol className="divide-y divide-line rounded-box border border-line">
        {result.steps.map((step) => (
          <li key={step.name} className="flex items-start gap-2.5 px-3 py-2">
            {step.ok ? (
              <CircleCheck role="img" aria-label="passed" className="mt-0.5 size-4 shrink-0 text-allow" />
            ) : (
              <CircleX role="img" aria-label="failed" className="mt-0.5 size-4 shrink-0 text-deny" />
            )}
            <div className="min-w-0 flex-1">
              <p className="font-medium first-letter:uppercase">{step.name}</p>
              <p className="text-ink-soft [overflow-wrap:anywhere]">{step.message}</p>
              {step.hint === null ? null : (
                <p className="mt-1 flex items-start gap-1.5 text-hold">
                  <Lightbulb aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
                  {step.hint}
                </p>
              )}
            </div>
            <span className="shrink-0 text-ink-faint text-small">{durationText(step.durationMs)}</span>
          </li>
        ))}
      </ol>
      {result.warnings.map((warning) => (
        <Callout key={warning} tone="hold" icon={TriangleAlert}>
          {warning}
        </Callout>
      ))}
    </div>
  );
}
