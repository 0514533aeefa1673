/** Child processes for the scripts: each in a group of its own, so that stopping one takes its children along. Needs no dependency. */
import { spawn } from 'node:child_process';

/** Between asking a group to end and ending it. */
const GRACE_MS = 3_000;

const running = new Set();

/** What npm adds for its own scripts and what would mislead a child. */
const npmOwn =
  /^npm_(lifecycle_|package_|command$|execpath$|node_execpath$|config_(local_prefix|noproxy|global_prefix|init_module|user_agent)$)/;

export function childEnvironment(extra = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !npmOwn.test(name) && name !== 'INIT_CWD');
  return { ...Object.fromEntries(kept), NEXT_TELEMETRY_DISABLED: '1', CHECKPOINT_DISABLE: '1', ...extra };
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // the group is gone, or this platform has none
  }
}

/**
 * Runs a command to its end. `output`: 'stderr' passes both streams to our stderr, 'inherit' as they are, 'capture' collects them,
 * 'answer' collects stdout alone.
 * Resolves with the exit code (null when killed) and what was captured; a limit in ms ends it as failed.
 */
export function run(command, args, { cwd, env, output = 'stderr', limitMs, input } = {}) {
  const streams = { stderr: [2, 2], inherit: [1, 2], capture: ['pipe', 'pipe'], answer: ['pipe', 2] }[output];
  const stdio = [input === undefined ? 'ignore' : 'pipe', ...streams];
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env: env ?? childEnvironment(), stdio, detached: true });
    running.add(child);
    const parts = [];
    child.stdin?.on('error', () => {}); // it ended before it read all: its exit code says so
    child.stdin?.end(input);
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
    const timer =
      limitMs &&
      setTimeout(() => {
        parts.push(Buffer.from(`\nended after ${limitMs / 1000} s\n`));
        endGroup(child);
      }, limitMs);
    const finish = (code) => {
      clearTimeout(timer);
      running.delete(child);
      done({ code, text: Buffer.concat(parts).toString('utf8') });
    };
    child.once('error', (error) => {
      parts.push(Buffer.from(`${command}: ${error.message}\n`));
      finish(127);
    });
    child.once('close', (code) => {
      kill(child, 'SIGKILL');
      finish(code);
    }); // whatever it left in its group
  });
}

function endGroup(child) {
  kill(child, 'SIGTERM');
  setTimeout(() => kill(child, 'SIGKILL'), GRACE_MS).unref();
}

/** Ends whatever `run` still runs; resolves when all are gone. */
export async function endAll() {
  const ends = [...running].map(
    (child) =>
      new Promise((done) => {
        child.once('close', done);
        endGroup(child);
      }),
  );
  await Promise.all(ends);
}
