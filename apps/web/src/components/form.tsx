'use client';

import { Check, ChevronDown, Search, X } from 'lucide-react';
import { Checkbox as RadixCheckbox, Select as RadixSelect, ToggleGroup } from 'radix-ui';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';

const fieldBox =
  'w-full rounded-box border border-field-line/60 bg-surface text-body text-ink transition-colors hover:border-field-line disabled:opacity-60 aria-invalid:border-deny';

/** A labelled control with its help and its error, tied together for screen readers. `children` gets the ids to put on the control. */
export function Field({
  label,
  help,
  error,
  optional = false,
  children,
  className,
}: {
  readonly label: string;
  readonly help?: ReactNode;
  readonly error?: string | null;
  readonly optional?: boolean;
  readonly children: (control: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': boolean;
  }) => ReactNode;
  readonly className?: string;
}) {
  const id = useId();
  const hasError = error !== undefined && error !== null && error !== '';
  const describedBy = [help === undefined ? null : `${id}-help`, hasError ? `${id}-error` : null]
    .filter((part) => part !== null)
    .join(' ');
  return (
    <div className={classNames('min-w-0', className)}>
      <label htmlFor={id} className="mb-1 block font-medium text-body">
        {label}
        {optional ? <span className="ml-1 font-normal text-ink-faint">optional</span> : null}
      </label>
      {children({ id, 'aria-describedby': describedBy === '' ? undefined : describedBy, 'aria-invalid': hasError })}
      {help === undefined ? null : (
        <p id={`${id}-help`} className="mt-1 text-ink-faint text-small">
          {help}
        </p>
      )}
      {hasError ? (
        <p id={`${id}-error`} role="alert" className="mt-1 text-deny text-small">
          {error}
        </p>
      ) : null}
    </div>
  );
}

export function Input({ className, type, ...rest }: ComponentProps<'input'>) {
  return (
    <input type={type ?? 'text'} className={classNames(fieldBox, 'h-8 px-2.5 max-sm:min-h-10', className)} {...rest} />
  );
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={classNames(fieldBox, 'block min-h-16 px-2.5 py-1.5', className)} {...rest} />;
}

export function SearchInput({
  label,
  value,
  onValue,
  className,
  ...rest
}: { readonly label: string; readonly value: string; readonly onValue: (value: string) => void } & Omit<
  ComponentProps<'input'>,
  'value' | 'onChange'
>) {
  return (
    <div className={classNames('relative min-w-0', className)}>
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-faint"
      />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        className="pr-7 pl-8 max-sm:pr-10 [&::-webkit-search-cancel-button]:hidden"
        {...rest}
      />
      {value === '' ? null : (
        <button
          type="button"
          aria-label="Clear"
          onClick={() => onValue('')}
          className="absolute top-1/2 right-1 -translate-y-1/2 rounded-small p-1 text-ink-faint hover:bg-hover hover:text-ink max-sm:right-0 max-sm:p-3"
        >
          <X aria-hidden="true" className="size-4" />
        </button>
      )}
    </div>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly detail?: string;
}

/** One of a list. Radix cannot hold an empty value, so use a word such as `any`. */
export function Select<Value extends string>({
  value,
  onValue,
  choices,
  label,
  id,
  className,
  disabled = false,
  describedBy,
}: {
  readonly value: Value;
  readonly onValue: (value: Value) => void;
  readonly choices: readonly Choice<Value>[];
  /** Needed where no <label> points at `id`. */
  readonly label?: string;
  readonly id?: string;
  readonly className?: string;
  readonly disabled?: boolean;
  readonly describedBy?: string | undefined;
}) {
  return (
    <RadixSelect.Root value={value} onValueChange={(next) => onValue(next as Value)} disabled={disabled}>
      <RadixSelect.Trigger
        {...(id === undefined ? {} : { id })}
        {...(label === undefined ? {} : { 'aria-label': label })}
        aria-describedby={describedBy}
        className={classNames(
          fieldBox,
          'inline-flex h-8 items-center justify-between gap-2 px-2.5 text-left max-sm:min-h-10',
          className,
        )}
      >
        <span className="min-w-0 truncate">
          <RadixSelect.Value placeholder={<span className="text-ink-faint">Choose…</span>} />
        </span>
        <RadixSelect.Icon>
          <ChevronDown aria-hidden="true" className="size-4 text-ink-faint" />
        </RadixSelect.Icon>
      </RadixSelect.Trigger>
      <RadixSelect.Portal>
        <RadixSelect.Content
          position="popper"
          sideOffset={4}
          className="z-50 max-h-80 min-w-(--radix-select-trigger-width) max-w-[min(28rem,calc(100vw-2rem))] overflow-hidden rounded-box border border-line-strong bg-raised"
        >
          <RadixSelect.Viewport className="p-1">
            {choices.map((choice) => (
              <RadixSelect.Item
                key={choice.value}
                value={choice.value}
                className="relative flex cursor-pointer select-none flex-col rounded-small py-1.5 pr-3 pl-7 outline-none data-highlighted:bg-hover max-sm:min-h-10 max-sm:py-2.5"
              >
                <RadixSelect.ItemIndicator className="absolute top-2 left-2 max-sm:top-3">
                  <Check aria-hidden="true" className="size-4 text-accent" />
                </RadixSelect.ItemIndicator>
                <RadixSelect.ItemText>{choice.label}</RadixSelect.ItemText>
                {choice.detail === undefined ? null : (
                  <span className="text-ink-faint text-small">{choice.detail}</span>
                )}
              </RadixSelect.Item>
            ))}
          </RadixSelect.Viewport>
        </RadixSelect.Content>
      </RadixSelect.Portal>
    </RadixSelect.Root>
  );
}

export function Checkbox({
  label,
  checked,
  onChecked,
  help,
  disabled = false,
}: {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChecked: (checked: boolean) => void;
  readonly help?: ReactNode;
  readonly disabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <RadixCheckbox.Root
        id={id}
        checked={checked}
        disabled={disabled}
        onCheckedChange={(next) => onChecked(next === true)}
        className="mt-0.5 max-sm:mt-3 inline-flex size-4 shrink-0 items-center justify-center rounded-small border border-field-line bg-surface data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-60"
      >
        <RadixCheckbox.Indicator>
          <Check aria-hidden="true" className="size-3 text-accent-ink" strokeWidth={3} />
        </RadixCheckbox.Indicator>
      </RadixCheckbox.Root>
      <label htmlFor={id} className="min-w-0 cursor-pointer max-sm:py-2.5">
        {label}
        {help === undefined ? null : <span className="block text-ink-faint text-small">{help}</span>}
      </label>
    </div>
  );
}

/** A row of choices of which one holds. */
export function Segmented<Value extends string>({
  value,
  onValue,
  choices,
  label,
  className,
}: {
  readonly value: Value;
  readonly onValue: (value: Value) => void;
  readonly choices: readonly { readonly value: Value; readonly label: ReactNode }[];
  readonly label: string;
  readonly className?: string;
}) {
  return (
    <ToggleGroup.Root
      type="single"
      value={value}
      aria-label={label}
      onValueChange={(next) => {
        if (next !== '') onValue(next as Value);
      }}
      className={classNames(
        'inline-flex items-center gap-0.5 rounded-box border border-line bg-sunken p-0.5',
        className,
      )}
    >
      {choices.map((choice) => (
        <ToggleGroup.Item
          key={choice.value}
          value={choice.value}
          className="inline-flex h-7 items-center gap-1.5 rounded-small px-2.5 max-sm:min-h-9 font-medium text-ink-soft text-small hover:text-ink data-[state=on]:bg-raised data-[state=on]:text-ink data-[state=on]:outline data-[state=on]:outline-line-strong data-[state=on]:focus-visible:outline-2 data-[state=on]:focus-visible:outline-accent"
        >
          {choice.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
