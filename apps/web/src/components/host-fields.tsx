'use client';

import type { ComponentProps, ReactNode } from 'react';
import { Field, Input } from './form.tsx';

interface AddressFieldProps {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly error?: string | null;
  readonly required?: boolean;
}

/** RFC 1035, 2.3.4. */
const longestHost = 253;

/** Name or address of a machine. */
export function HostField({
  help,
  placeholder,
  ...field
}: AddressFieldProps & { readonly help?: ReactNode; readonly placeholder: string }) {
  return (
    <AddressField
      label="Host"
      {...field}
      {...(help === undefined ? {} : { help })}
      maxLength={longestHost}
      placeholder={placeholder}
    />
  );
}

export function PortField(field: AddressFieldProps) {
  return (
    <AddressField label="Port" {...field} inputMode="numeric" pattern="[0-9]{1,5}" title="A number from 1 to 65535" />
  );
}

function AddressField({
  label,
  help,
  error = null,
  value,
  onValue,
  ...input
}: AddressFieldProps & { readonly label: string; readonly help?: ReactNode } & Omit<
    ComponentProps<'input'>,
    'value' | 'id'
  >) {
  return (
    <Field label={label} error={error} {...(help === undefined ? {} : { help })}>
      {(control) => (
        <Input
          {...input}
          {...control}
          value={value}
          onChange={(event) => onValue(event.target.value)}
          autoComplete="off"
          className="font-mono"
        />
      )}
    </Field>
  );
}
