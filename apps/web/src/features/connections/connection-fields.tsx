'use client';

import type { targetTlsModes } from '@sluice/domain';
import { manifests } from '@sluice/protocols/manifests';
import { RadioGroup } from 'radix-ui';
import type { ReactNode } from 'react';
import { Checkbox, Field, Input, Select, TextArea } from '../../components/form.tsx';
import { GatewayHealthBadge } from '../../components/gateway-health.tsx';
import { HostField, PortField } from '../../components/host-fields.tsx';
import { type ConnectionDraft, type DraftErrors, maxRecordedKib, type ProtocolManifest } from './connection-draft.ts';
import type { GroupChoice } from './gateway-groups.ts';

export interface FieldsProps {
  readonly draft: ConnectionDraft;
  readonly errors: DraftErrors;
  readonly change: (part: Partial<ConnectionDraft>) => void;
}

const tlsChoices: Record<(typeof targetTlsModes)[number], string> = {
  'verify-full': 'Encrypted; certificate and host name are checked',
  require: 'Encrypted; the certificate is not checked',
  prefer: 'Encrypted if the target offers it',
  disable: 'In the clear; only for loopback or a trusted network',
};

/** One card per protocol, from the manifests. */
export function ProtocolField({ draft, change }: FieldsProps) {
  return (
    <RadioGroup.Root
      aria-label="Protocol"
      value={draft.protocol}
      onValueChange={(name) => {
        const manifest = manifests.find((known) => known.name === name);
        change({ protocol: name, port: String(manifest?.defaultPort ?? ''), options: {} });
      }}
      className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3"
    >
      {manifests.map((manifest) => (
        <ChoiceCard key={manifest.name} value={manifest.name}>
          <span className="font-medium">{manifest.label}</span>
          <span className="text-ink-faint text-small">{abilitiesText(manifest)}</span>
        </ChoiceCard>
      ))}
    </RadioGroup.Root>
  );
}

function ChoiceCard({ value, children }: { readonly value: string; readonly children: ReactNode }) {
  return (
    <RadioGroup.Item
      value={value}
      className="flex items-start gap-2.5 rounded-box border border-line-strong bg-surface p-3 text-left hover:bg-hover data-[state=checked]:border-accent data-[state=checked]:bg-chosen"
    >
      <span className="mt-0.5 inline-flex size-4 shrink-0 items-center justify-center rounded-full border border-field-line bg-surface">
        <RadioGroup.Indicator className="size-2 rounded-full bg-accent" />
      </span>
      <span className="flex min-w-0 flex-col">{children}</span>
    </RadioGroup.Item>
  );
}

function abilitiesText(manifest: ProtocolManifest): string {
  const { hold, maskResults, cancel } = manifest.abilities;
  return [hold ? 'holds' : null, maskResults ? 'masks results' : null, cancel ? 'cancels' : null]
    .filter((part) => part !== null)
    .join(', ');
}

export function NameFields({ draft, errors, change }: FieldsProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="Name" error={errors.name ?? null} help="What people and agents call it.">
        {(control) => (
          <Input
            {...control}
            value={draft.name}
            onChange={(event) => change({ name: event.target.value })}
            placeholder="orders-prod"
            autoComplete="off"
          />
        )}
      </Field>
      <Field
        label="Labels"
        optional
        error={errors.labels ?? null}
        help="name=value, one on a line. Policies test them: env=prod."
      >
        {(control) => (
          <TextArea
            {...control}
            rows={1}
            className="min-h-8 font-mono text-small"
            value={draft.labels}
            onChange={(event) => change({ labels: event.target.value })}
            placeholder="env=prod"
          />
        )}
      </Field>
    </div>
  );
}

export function AddressFields({
  draft,
  errors,
  change,
  manifest,
}: FieldsProps & { readonly manifest: ProtocolManifest | undefined }) {
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_7rem]">
        <HostField
          value={draft.host}
          onValue={(host) => change({ host })}
          error={errors.host ?? null}
          help="As the gateway sees it, not your machine."
          placeholder="db.internal"
        />
        <PortField value={draft.port} onValue={(port) => change({ port })} error={errors.port ?? null} />
      </div>
      <OptionFields draft={draft} errors={errors} change={change} manifest={manifest} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="TLS towards the target" help={tlsChoices[draft.tlsMode]}>
          {(control) => (
            <Select
              id={control.id}
              value={draft.tlsMode}
              onValue={(tlsMode) => change({ tlsMode })}
              choices={(['verify-full', 'require', 'prefer', 'disable'] as const).map((mode) => ({
                value: mode,
                label: mode,
                detail: tlsChoices[mode],
              }))}
            />
          )}
        </Field>
        {draft.tlsMode === 'disable' ? null : (
          <Field
            label="Authority (PEM)"
            optional
            error={errors.tlsCa ?? null}
            help="Trusted instead of the system’s authorities."
          >
            {(control) => (
              <TextArea
                {...control}
                rows={1}
                className="min-h-8 font-mono text-small"
                value={draft.tlsCa}
                onChange={(event) => change({ tlsCa: event.target.value })}
                placeholder="-----BEGIN CERTIFICATE-----"
                spellCheck={false}
              />
            )}
          </Field>
        )}
      </div>
    </div>
  );
}

/** What the protocol itself asks for (for SQL: the database), from its manifest. */
function OptionFields({
  draft,
  errors,
  change,
  manifest,
}: FieldsProps & { readonly manifest: ProtocolManifest | undefined }) {
  if (manifest === undefined || manifest.optionFields.length === 0) return null;
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {manifest.optionFields.map((field) => (
        <Field
          key={field.name}
          label={field.label}
          help={field.help}
          optional={!field.required}
          error={errors[`options.${field.name}`] ?? null}
        >
          {(control) => (
            <Input
              {...control}
              value={draft.options[field.name] ?? ''}
              onChange={(event) => change({ options: { ...draft.options, [field.name]: event.target.value } })}
              placeholder={field.placeholder}
              autoComplete="off"
            />
          )}
        </Field>
      ))}
    </div>
  );
}

export function GatewayField({
  draft,
  errors,
  change,
  groups,
}: FieldsProps & { readonly groups: readonly GroupChoice[] }) {
  return (
    <>
      <RadioGroup.Root
        aria-label="Gateway"
        value={draft.groupId}
        onValueChange={(groupId) => change({ groupId })}
        className="grid gap-2 sm:grid-cols-2"
      >
        {groups.map((group) => (
          <ChoiceCard key={group.id} value={group.id}>
            <span className="flex flex-wrap items-center gap-x-2 font-medium">
              {group.name}
              <GatewayHealthBadge health={group.health} bare />
            </span>
            <span className="text-ink-faint text-small">{membersText(group)}</span>
          </ChoiceCard>
        ))}
      </RadioGroup.Root>
      {errors.groupId === undefined ? null : (
        <p role="alert" className="mt-1 text-deny text-small">
          {errors.groupId}
        </p>
      )}
    </>
  );
}

function membersText({ members }: GroupChoice): string {
  const [only, ...others] = members;
  if (only === undefined || others.length > 0) return members.map(({ name }) => name).join(', ');
  return only.hostname ?? 'host not known yet';
}

export function BehaviourFields({ draft, errors, change }: FieldsProps) {
  const abilities = manifests.find(({ name }) => name === draft.protocol)?.abilities;
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="When no rule matches" help="The connection’s own default.">
        {(control) => (
          <Select
            id={control.id}
            value={draft.defaultAction}
            onValue={(defaultAction) => change({ defaultAction })}
            choices={[
              { value: 'deny', label: 'Deny' },
              { value: 'hold', label: 'Hold for a person' },
              { value: 'allow', label: 'Allow' },
            ]}
          />
        )}
      </Field>
      <Field label="A held statement" help="Waiting keeps the client’s connection open.">
        {(control) => (
          <Select
            id={control.id}
            value={draft.holdBehaviour}
            onValue={(holdBehaviour) => change({ holdBehaviour })}
            choices={[
              { value: 'wait', label: 'Waits for the answer' },
              { value: 'refuse', label: 'Is refused, passes once after approval' },
            ]}
          />
        )}
      </Field>
      <Field label="Decisions on it" help="With passkeys, the gateway verifies each decision itself.">
        {(control) => (
          <Select
            id={control.id}
            value={draft.stepUp}
            onValue={(stepUp) => change({ stepUp })}
            choices={[
              { value: 'none', label: 'A signed-in person’s word' },
              { value: 'passkey', label: 'Signed with a passkey' },
            ]}
          />
        )}
      </Field>
      <Field
        label="A statement runs once its record"
        help="On disk costs a few ms a statement and also survives a power cut."
      >
        {(control) => (
          <Select
            id={control.id}
            value={draft.durability}
            onValue={(durability) => change({ durability })}
            choices={[
              { value: 'written', label: 'Is written: survives a killed gateway' },
              { value: 'synced', label: 'Is on disk: survives a power cut' },
            ]}
          />
        )}
      </Field>
      <NumberField
        label="Rows of a result that recordings keep"
        error={errors.recordedRows}
        help="Masked. The others are counted and digested; clients get everything. 0 keeps none."
        value={draft.recordedRows}
        onValue={(recordedRows) => change({ recordedRows })}
      />
      <NumberField
        label="KiB of a result or stream that they keep"
        error={errors.recordedKib}
        help={`At most ${maxRecordedKib}. A result stops at whichever comes first.`}
        value={draft.recordedKib}
        onValue={(recordedKib) => change({ recordedKib })}
      />
      <NumberField
        label="Offline lease (seconds)"
        error={errors.offlineLeaseSeconds}
        help="How long the gateway goes on without the control plane."
        value={draft.offlineLeaseSeconds}
        onValue={(offlineLeaseSeconds) => change({ offlineLeaseSeconds })}
      />
      <div className="space-y-3 sm:col-span-3">
        {abilities?.rehearse === true ? (
          <Checkbox
            label="Rehearse held statements"
            checked={draft.rehearsal}
            onChecked={(rehearsal) => change({ rehearsal })}
            help="Runs a held change in a session of its own and takes it back before people are asked, so that they see exact counts and masked values before and after. Only where its whole effect is proved; it may lock the rows for two seconds."
          />
        ) : null}
        {abilities?.undo === true ? (
          <Checkbox
            label="Keep what approved changes overwrite"
            checked={draft.undo}
            onChecked={(undo) => change({ undo })}
            help="The gateway keeps the rows sealed on its own disk for seven days, so that an approved change can be reverted. They never leave it."
          />
        ) : null}
      </div>
    </div>
  );
}

/** A whole number, as typed; `readDraft` judges it. */
function NumberField({
  label,
  error,
  help,
  value,
  onValue,
}: {
  readonly label: string;
  readonly error: string | undefined;
  readonly help: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  return (
    <Field label={label} error={error ?? null} help={help}>
      {(control) => (
        <Input {...control} inputMode="numeric" value={value} onChange={(event) => onValue(event.target.value)} />
      )}
    </Field>
  );
}
