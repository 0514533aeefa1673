import { errorSentence } from '../../client/describe-error.ts';
import { Field, Input } from '../../components/form.tsx';

const longestName = 63;

/** What its person calls a passkey, and what went wrong with it. */
export function PasskeyNameField({
  name,
  onName,
  error,
  help,
}: {
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly error: unknown;
  readonly help?: string;
}) {
  return (
    <Field label="Name" {...(help === undefined ? {} : { help })} error={error === null ? null : errorSentence(error)}>
      {(control) => (
        <Input
          {...control}
          autoFocus
          maxLength={longestName}
          value={name}
          onChange={(event) => onName(event.target.value)}
        />
      )}
    </Field>
  );
}
