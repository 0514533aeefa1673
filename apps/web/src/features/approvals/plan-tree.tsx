'use client';

import type { ApprovalDetail } from '@sluice/api';
import { countText } from '../../components/measures.ts';
import { estimateText } from './impact-summary.ts';

type Plan = Extract<NonNullable<ApprovalDetail['impact']>['plan'], { known: true }>;

/** Deeper steps are indented no further: on a phone their words need the room. */
const deepestIndent = 8;
const indentPixels = 14;

/** A plan as an indented tree. Conditions are told by kind only: their text would quote the statement's values. */
export function PlanTree({ nodes, more }: { readonly nodes: Plan['nodes']; readonly more: number }) {
  return (
    <div className="mt-1 overflow-x-auto">
      <ol className="min-w-max space-y-0.5 font-mono text-small">
        {nodes.map((node, index) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place in the plan.
            key={index}
            aria-label={`Level ${node.depth + 1}: ${node.operation}`}
            style={{ paddingLeft: Math.min(node.depth, deepestIndent) * indentPixels }}
            className="flex items-baseline gap-x-3"
          >
            <span>
              {node.depth === 0 ? null : <span className="text-ink-faint">└ </span>}
              {node.operation}
              {node.object === null ? null : <span className="text-ink-soft"> on {node.object}</span>}
              {node.index === null ? null : <span className="text-ink-faint"> by {node.index}</span>}
              {node.conditions.length === 0 ? null : (
                <span className="text-ink-faint"> ({node.conditions.join(', ')})</span>
              )}
            </span>
            <span className="ml-auto whitespace-nowrap pl-4 text-ink-soft tabular-nums">
              {isChange(node.operation) ? '' : `≈ ${countText(Math.round(node.rows), 'row')}`}
            </span>
            <span className="w-24 whitespace-nowrap text-right text-ink-faint tabular-nums">
              cost {estimateText(node.cost)}
            </span>
          </li>
        ))}
      </ol>
      {more === 0 ? null : <p className="mt-1 text-ink-faint">{countText(more, 'more step')} not shown.</p>}
    </div>
  );
}

function isChange(operation: string): boolean {
  return ['Insert', 'Update', 'Delete', 'Merge'].includes(operation);
}
