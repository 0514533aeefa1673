/** Runs forms in every way that was asked for and compares the target before and after. */
import type { CorpusAnswer, CorpusClient, CorpusTarget, Delivery } from '@sluice/protocols/clients';
import { deliveriesOf, execPath, type Ways, wordsOf } from './deliveries.ts';
import { type Judgement, judge } from './judge.ts';
import { type LeakSearch, leakSearch } from './leaks.ts';
import type { Corpus } from './load.ts';
import type { CorpusList, Expectation, Fixture, Form, Role } from './schema.ts';

/** Longest wait until the other side knows a new fixture: a gateway reads its catalogue every 30 s (ms). */
const knownMs = 90_000;
const knownPollMs = 500;

export interface CorpusRun {
  readonly corpus: Corpus;
  readonly forms: readonly Form[];
  readonly fixture: Fixture;
  readonly role: Role;
  readonly ways: Ways;
  /** Paths of which every form is tried, however few of the other ways are chosen. */
  readonly plainPaths: readonly string[];
  readonly client: CorpusClient;
  /** Delivers by `sluice exec`; null where there is no control plane between. */
  readonly exec: ((text: string, delivery: Delivery) => Promise<CorpusAnswer>) | null;
  /** An owner's session for digests and the fixture; null: neither is known, and only verdicts count. */
  readonly target: CorpusTarget | null;
  readonly onProgress: (text: string) => void;
}

export interface Finding {
  readonly id: string;
  readonly class: string;
  readonly list: CorpusList;
  readonly delivery: Delivery;
  readonly expected: Expectation;
  readonly judgement: Judgement;
  readonly outcome: CorpusAnswer['outcome'];
  readonly code: string;
  readonly message: string;
  readonly effect: boolean;
  readonly leaks: readonly string[];
  /** Why it is known not to hold; null: it is not. */
  readonly gap: string | null;
  readonly why: string;
}

export interface ClassReport {
  readonly class: string;
  readonly title: string;
  readonly list: CorpusList;
  forms: number;
  tries: number;
  heldTo: number;
  through: number;
  refused: number;
  unexpected: number;
  gaps: number;
  /** Forms that this role may carry out, or that have no place here. */
  skipped: number;
}

export interface CorpusReport {
  readonly role: Role;
  readonly classes: readonly ClassReport[];
  readonly findings: readonly Finding[];
  /** Known gaps of which no try failed: they can be struck from the list. */
  readonly closedGaps: readonly string[];
  readonly digests: boolean;
}

export async function runCorpus(run: CorpusRun): Promise<CorpusReport> {
  const runner = new Runner(run);
  const classes = [...new Set(run.forms.map((form) => `${form.list} ${form.class}`))];
  for (const name of classes) await runner.runClass(run.forms.filter((form) => `${form.list} ${form.class}` === name));
  return runner.report();
}

/** Resolves once the other side answers the fixture's question; false when it does not in time. */
export async function fixtureKnown(client: CorpusClient, fixture: Fixture): Promise<boolean> {
  const deadline = Date.now() + knownMs;
  for (;;) {
    if ((await client.firstValue(fixture.ready)) !== null) return true;
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, knownPollMs));
  }
}

class Runner {
  readonly #run: CorpusRun;
  readonly #search: LeakSearch;
  readonly #classes: ClassReport[] = [];
  readonly #findings: Finding[] = [];
  readonly #gaps: ReadonlyMap<string, string>;
  readonly #tried = new Set<string>();
  #digest: string | null = null;

  constructor(run: CorpusRun) {
    this.#run = run;
    this.#search = leakSearch(run.fixture.markers);
    this.#gaps = new Map(run.corpus.gaps.flatMap(({ ids, why }) => ids.map((id) => [id, why] as const)));
  }

  async runClass(forms: readonly Form[]): Promise<void> {
    const [first] = forms;
    if (first === undefined) return;
    const { class: name, title, list } = first;
    const report: ClassReport = {
      class: name,
      title,
      list,
      forms: forms.length,
      tries: 0,
      heldTo: 0,
      through: 0,
      refused: 0,
      unexpected: 0,
      gaps: 0,
      skipped: 0,
    };
    this.#classes.push(report);
    const started = Date.now();
    const compared = list === 'must-refuse' ? this.#run.target : null;
    const before = await compared?.wholeDigest();
    this.#digest = (await compared?.fixtureDigest(this.#run.fixture)) ?? null;
    for (const form of forms) await this.#runForm(form, report, compared);
    const after = await compared?.wholeDigest();
    // What changed outside the fixture, or where no single form was seen to do it.
    if (before !== after && report.through === 0) this.#countWholeChange(first, report);
    const seconds = ((Date.now() - started) / 1_000).toFixed(1);
    this.#run.onProgress(`${list} ${name}: ${report.tries} tries in ${seconds} s`);
  }

  report(): CorpusReport {
    const failing = new Set(this.#findings.map(({ id }) => id));
    return {
      role: this.#run.role,
      classes: this.#classes,
      findings: this.#findings,
      closedGaps: [...this.#gaps.keys()].filter((id) => this.#tried.has(id) && !failing.has(id)),
      digests: this.#run.target !== null,
    };
  }

  async #runForm(form: Form, report: ClassReport, target: CorpusTarget | null): Promise<void> {
    const expected = form.expect[this.#run.role];
    const deliveries = deliveriesOf(form, this.#run.ways, this.#run.plainPaths);
    if (expected === undefined || expected === 'effect' || deliveries.length === 0) {
      report.skipped++;
      return;
    }
    this.#tried.add(form.id);
    for (const [at, delivery] of deliveries.entries()) {
      const answer = await this.#deliver(form, delivery);
      report.tries++;
      const leaks = form.list === 'must-refuse' ? this.#search(answer.received) : [];
      // A refusal is believed until the form's last try; whatever ran or failed is looked at at once.
      const look = target !== null && (answer.outcome !== 'refused' || at === deliveries.length - 1);
      const effect = look && (await this.#changed(target));
      this.#count(form, report, delivery, expected, answer, effect, leaks);
    }
  }

  async #deliver(form: Form, delivery: Delivery): Promise<CorpusAnswer> {
    const { client, exec } = this.#run;
    if (delivery.path !== execPath || form.form.type !== 'text') return client.deliver(form.form, delivery);
    if (exec === null) throw new Error('exec was asked for where there is no control plane');
    return exec(form.form.text, delivery);
  }

  /** Compares with the digest before; after a change the fixture is made anew, so that one form cannot hide another. */
  async #changed(target: CorpusTarget): Promise<boolean> {
    const { fixture, client } = this.#run;
    const now = await target.fixtureDigest(fixture);
    if (now === this.#digest) return false;
    await target.makeFixture(fixture, await client.firstValue('SELECT current_user'));
    await fixtureKnown(client, fixture);
    this.#digest = await target.fixtureDigest(fixture);
    return true;
  }

  #count(
    form: Form,
    report: ClassReport,
    delivery: Delivery,
    expected: Expectation,
    answer: CorpusAnswer,
    effect: boolean,
    leaks: readonly string[],
  ): void {
    const judgement = judge(form, expected, delivery.path, answer, effect, leaks);
    if (judgement === 'held-to') {
      report.heldTo++;
      return;
    }
    this.#run.onProgress(
      `${judgement}: ${form.id} (${wordsOf(delivery)}) expected ${expected}, met ${answer.outcome} ${answer.code}`,
    );
    const gap = this.#gaps.get(form.id) ?? null;
    if (gap !== null) report.gaps++;
    else if (judgement === 'through') report.through++;
    else if (judgement === 'refused') report.refused++;
    else report.unexpected++;
    const { outcome, code, message } = answer;
    const { id, class: name, list, why } = form;
    const said = { outcome, code, message };
    this.#findings.push({ id, class: name, list, delivery, expected, judgement, ...said, effect, leaks, gap, why });
  }

  #countWholeChange(form: Form, report: ClassReport): void {
    report.through++;
    this.#findings.push({
      id: `${form.class}-*`,
      class: form.class,
      list: form.list,
      delivery: { path: 'any', position: 'alone', cut: false },
      expected: 'deny',
      judgement: 'through',
      outcome: 'ran',
      code: '',
      message: 'something outside the fixture, or between two looks, is not as before this class',
      effect: true,
      leaks: [],
      gap: null,
      why: form.why,
    });
  }
}
