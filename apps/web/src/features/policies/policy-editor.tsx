'use client';

import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { PolicyProblemView } from '@sluice/api';
import CodeMirror, { type ReactCodeMirrorRef } from '@uiw/react-codemirror';
import { type RefObject, useEffect } from 'react';
import { problemOffsets } from './problem-offsets.ts';

const theme = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: '13px', height: '100%' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-content': {
    fontFamily: 'var(--font-mono, ui-monospace, monospace)',
    caretColor: 'var(--ink)',
    padding: '8px 0',
  },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--ink-faint)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in oklab, var(--accent) 6%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--chosen)', color: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in oklab, var(--accent) 24%, transparent) !important',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    color: 'var(--ink)',
  },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--ink)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--sunken)',
    border: '1px solid var(--line)',
    color: 'var(--ink-faint)',
  },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-tint) !important', color: 'var(--ink) !important' },
});

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--syntax-keyword)' },
    { tag: [tags.string, tags.special(tags.string)], color: 'var(--syntax-string)' },
    { tag: [tags.number, tags.bool, tags.null], color: 'var(--syntax-number)' },
    { tag: [tags.comment, tags.lineComment], color: 'var(--syntax-comment)', fontStyle: 'italic' },
    { tag: [tags.keyword, tags.typeName, tags.labelName], color: 'var(--syntax-function)' },
    { tag: [tags.punctuation, tags.separator, tags.meta], color: 'var(--ink-faint)' },
  ]),
);

const extensions = [
  yaml(),
  theme,
  colours,
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ 'aria-label': 'Policy in YAML', tabindex: '0' }),
];

/**
 * The YAML editor; problems are underlined where they are. It holds its text itself and only tells of changes: a text that is fed back
 * while somebody types would overwrite what they typed meanwhile. To set another text, draw it anew under another `key`.
 */
export default function PolicyEditor({
  initial,
  onValue,
  problems,
  readOnly,
  editorRef,
}: {
  readonly initial: string;
  readonly onValue: (value: string) => void;
  readonly problems: readonly PolicyProblemView[];
  readonly readOnly: boolean;
  readonly editorRef: RefObject<ReactCodeMirrorRef | null>;
}) {
  useEffect(() => {
    const view = editorRef.current?.view;
    if (view === undefined) return;
    const text = view.state.doc.toString();
    const marks = problems.map(
      (problem): Diagnostic => ({ ...problemOffsets(text, problem), severity: 'error', message: problem.message }),
    );
    view.dispatch(setDiagnostics(view.state, marks));
  }, [problems, editorRef]);
  return (
    <CodeMirror
      ref={editorRef}
      value={initial}
      onChange={onValue}
      readOnly={readOnly}
      editable={!readOnly}
      theme="none"
      extensions={extensions}
      height="100%"
      className="h-full min-h-0"
      basicSetup={{ highlightActiveLine: true, autocompletion: false, searchKeymap: true, syntaxHighlighting: false }}
    />
  );
}

/** Puts the caret at a line and column (1-based) and brings it into sight. */
export function goToLine(editor: ReactCodeMirrorRef | null, line: number, column: number): void {
  const view = editor?.view;
  if (view === undefined) return;
  const { from } = problemOffsets(view.state.doc.toString(), { line, column });
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
  view.focus();
}
