'use client';

import type { Road, TestResult } from '@sluice/domain';
import { CircleCheck, CircleX, Lightbulb, TriangleAlert } from 'lucide-react';
import { CopyButton } from '../../components/copy.tsx';
import { durationText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';

/** The lines that leave the gateway as the only way in, to copy; the protocol's own words. */
function Roads({ roads }: { readonly roads: readonly Road[] }) {
  if (roads.length === 0) return null;
  return (
    <details className="rounded-box border border-line">
      <summary className="cursor-pointer px-3 py-2 font-medium">Close the other roads to this target</summary>
      <div className="space-y-4 border-line border-t px-3 py-3">
        <p className="text-ink-soft">
          Sluice governs what comes through it. These lines leave its gateway as the only way in: read them, change what
          does not fit, and have the target’s administrator run them.
        </p>
        {roads.map((road) => (
          <section key={road.title} aria-label={road.title} className="space-y-1">
            <h3 className="font-medium">{road.title}</h3>
            <p className="text-ink-soft">{road.note}</p>
            <div className="relative">
              <pre className="overflow-x-auto rounded-box border border-line bg-surface py-2 pr-10 pl-3 font-mono text-small">
                {road.text}
              </pre>
              <CopyButton text={road.text} label={`Copy: ${road.title}`} className="absolute top-1 right-1" />
            </div>
          </section>
        ))}
      </div>
    </details>
  );
}

/** Each step of a test in the gateway: what happened, what the target said, the likely mend. */
/** Results that were stored before have no roads. */
type ShownResult = Omit<TestResult, 'roads'> & Partial<Pick<TestResult, 'roads'>>;

export function TestSteps({ result }: { readonly result: ShownResult }) {
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
      <Roads roads={result.roads ?? []} />
    </div>
  );
}
