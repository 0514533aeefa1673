import { errorSentence } from '../../client/describe-error.ts';

/** Why a form was not taken, below it. */
export function Failure({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <p role="alert" className="text-deny">
      {errorSentence(error)}
    </p>
  );
}
