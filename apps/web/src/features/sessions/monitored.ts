import type { TimelineEntry } from '@sluice/api';

/** What a monitor rule noted: it changed nothing, but says what it would have done. */
export interface MonitorNote {
  readonly rule: string;
  readonly sentence: string;
  /** True when the statement would not simply have passed. */
  readonly stops: boolean;
}

const sentences: Readonly<Record<string, string>> = {
  'monitor:deny': 'would have been refused by',
  'monitor:hold': 'would have waited for a person by',
  'monitor:allow': 'would have been allowed by',
  'monitor:error': 'could not be judged by',
};

/** The monitor rules that matched a statement, in the record's order. */
export function monitorNotes({ matched }: Pick<TimelineEntry, 'matched'>): readonly MonitorNote[] {
  return matched.flatMap(({ rule, action }) => {
    const sentence = sentences[action];
    return sentence === undefined ? [] : [{ rule, sentence, stops: action !== 'monitor:allow' }];
  });
}
