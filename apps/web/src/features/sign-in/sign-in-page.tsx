'use client';

import { CircleAlert } from 'lucide-react';
import { signIn } from 'next-auth/react';
import { type FormEvent, useEffect, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Field, Input } from '../../components/form.tsx';
import { Callout } from '../../components/states.tsx';
import { Mark } from '../shell/mark.tsx';
import { safeNextPath } from './next-path.ts';

/** Another way to sign in than e-mail and password. */
export interface SignInWay {
  readonly id: string;
  readonly name: string;
}

export function SignInPage({
  next,
  failure,
  ways,
}: {
  readonly next: string;
  readonly failure: string | null;
  readonly ways: readonly SignInWay[];
}) {
  const [problem, setProblem] = useState<string | null>(failure === null ? null : failureText(failure, undefined));
  const [busy, setBusy] = useState(false);
  // Before the page's script runs a press would send the form by itself, password in the address bar; so the button waits for it.
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(true), []);

  const submit = async (form: HTMLFormElement) => {
    setBusy(true);
    setProblem(null);
    const data = new FormData(form);
    try {
      const answer = await signIn('credentials', {
        email: String(data.get('email') ?? '').trim(),
        password: String(data.get('password') ?? ''),
        redirect: false,
      });
      if (answer.error === undefined || answer.error === null) {
        // A redirect keeps the hash in the address bar, where the server that wrote `next` could not see it.
        const path = safeNextPath(next, window.location.origin);
        window.location.assign(path.includes('#') ? path : path + window.location.hash);
        return;
      }
      setProblem(failureText(answer.error, answer.code));
    } catch {
      setProblem('The control plane did not answer. Try again in a moment.');
    }
    setBusy(false);
    form.querySelector<HTMLInputElement>('input[name=password]')?.select();
  };

  return (
    <main className="flex min-h-dvh flex-col items-center justify-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex flex-col items-center text-center">
          <Mark className="mb-3 size-10" />
          <h1 className="font-semibold text-heading tracking-tight">Sign in to Sluice</h1>
          <p className="mt-1 text-ink-soft">The access gateway for AI agents and the people beside them.</p>
        </div>
        <form
          method="post"
          className="space-y-4 rounded-box border border-line bg-surface p-5"
          onSubmit={(event: FormEvent<HTMLFormElement>) => {
            event.preventDefault();
            void submit(event.currentTarget);
          }}
        >
          {problem === null ? null : (
            <div role="alert">
              <Callout tone="deny" icon={CircleAlert}>
                {problem}
              </Callout>
            </div>
          )}
          <Field label="E-mail">
            {(control) => (
              <Input {...control} name="email" type="email" autoComplete="username" required className="h-10" />
            )}
          </Field>
          <Field label="Password">
            {(control) => (
              <Input
                {...control}
                name="password"
                type="password"
                autoComplete="current-password"
                required
                className="h-10"
              />
            )}
          </Field>
          <Button type="submit" look="primary" busy={busy} disabled={!ready} className="h-10 w-full">
            Sign in
          </Button>
          {ways.map((way) => (
            <Button
              key={way.id}
              disabled={!ready}
              className="h-10 w-full"
              onClick={() => void signIn(way.id, { redirectTo: safeNextPath(next, window.location.origin) })}
            >
              Sign in with {way.name}
            </Button>
          ))}
        </form>
        <p className="mt-4 text-center text-ink-faint text-small">
          Agents do not sign in here: they connect with a native secret of their own.
        </p>
      </div>
    </main>
  );
}

/** Auth.js's error and our own code, as a sentence that says what to do. */
function failureText(error: string, code: string | undefined): string {
  if (code === 'too-many') return 'Too many tries. Wait a minute, then try again.';
  if (error === 'CredentialsSignin') return 'E-mail or password is wrong.';
  if (error === 'SessionRequired') return 'Sign in to go on.';
  if (error === 'AccessDenied') return 'This account may not sign in.';
  return 'Signing in did not work. Try again; if it goes on, the control plane’s log says why.';
}
