'use client';

import { describeSelector, type LabelSelector, matchesLabels } from '@sluice/domain';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../client/trpc.ts';
import { Field, Input } from '../../components/form.tsx';
import { readSelector } from './rule-draft.ts';

/** Names that the preview lists before it counts the rest. */
const namedConnections = 4;

/** A label selector as text, with what it chooses at the moment. */
export function LabelsField({
  label = 'Labels',
  value,
  onValue,
  className,
}: {
  readonly label?: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly className?: string;
}) {
  const selector = readSelector(value);
  return (
    <Field
      label={label}
      optional
      className={className ?? ''}
      help={selector === null ? 'env=prod,staging team=shop' : <Chosen selector={selector} />}
      error={selector === null ? 'Labels read like env=prod,staging team=shop.' : null}
    >
      {(control) => (
        <Input
          {...control}
          value={value}
          onChange={(event) => onValue(event.target.value)}
          placeholder="env=prod,staging team=shop"
          className="font-mono"
          autoComplete="off"
          spellCheck={false}
        />
      )}
    </Field>
  );
}

/** The selector in words, and the connections of now that it chooses. */
function Chosen({ selector }: { readonly selector: LabelSelector }) {
  const trpc = useTRPC();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const chosen = connections.filter(({ labels }) => matchesLabels(selector, labels));
  const names = chosen.slice(0, namedConnections).map(({ name }) => name);
  const more = chosen.length - names.length;
  const listed = names.length === 0 ? 'none yet' : `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const words = describeSelector(selector);
  return (
    <>
      {words.charAt(0).toUpperCase() + words.slice(1)}, now: {listed}.
    </>
  );
}
