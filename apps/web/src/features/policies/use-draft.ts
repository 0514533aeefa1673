import { useEffect, useState } from 'react';
import type { ActivePolicy } from './active-policy.ts';

/** The text being edited, and which version it was begun from. A new version does not overwrite it. */
export function useDraft(active: ActivePolicy) {
  const [base, setBase] = useState({ version: active.version.version, source: active.source });
  const [source, setSource] = useState(active.source);
  // Counts the texts that were set from outside; the editor is drawn anew for each.
  const [generation, setGeneration] = useState(0);
  const changed = source !== base.source;
  const isNewer = active.version.version !== base.version;
  useEffect(() => {
    if (!isNewer || changed) return;
    setBase({ version: active.version.version, source: active.source });
    setSource(active.source);
    setGeneration((before) => before + 1);
  }, [isNewer, changed, active]);
  return {
    source,
    setSource,
    generation,
    changed,
    basedOn: base.version,
    overtaken: isNewer && changed,
    reset: () => {
      setBase({ version: active.version.version, source: active.source });
      setSource(active.source);
      setGeneration((before) => before + 1);
    },
    rebase: () => setBase({ version: active.version.version, source: active.source }),
    published: (version: number) => setBase({ version, source }),
  };
}

export type Draft = ReturnType<typeof useDraft>;
