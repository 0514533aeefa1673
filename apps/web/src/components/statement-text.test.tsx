// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { StatementText } from './statement-text.tsx';

afterEach(cleanup);

test('markup in a statement stays text', () => {
  const text = 'SELECT \'<img src=x onerror="alert(1)">\' /* <script>alert(2)</script> */';
  const { container } = render(<StatementText text={text} language="sql" />);
  expect(container.querySelector('img, script')).toBeNull();
  expect(container.querySelector('pre')?.textContent).toBe(text);
});

test('a long statement is cut, says by how much, and opens whole', () => {
  const text = Array.from({ length: 40 }, (_, index) => `-- line ${index}`).join('\n');
  const { container } = render(<StatementText text={text} language="sql" />);
  expect(container.querySelector('pre')?.textContent?.split('\n')).toHaveLength(14);
  fireEvent.click(screen.getByRole('button', { name: /Show all 40 lines/ }));
  expect(container.querySelector('pre')?.textContent).toBe(text);
});

test('what is drawn over a part replaces that part alone', () => {
  const text = 'DROP\u200b TABLE t';
  const { container } = render(
    <StatementText text={text} language="sql" overlays={[{ start: 4, end: 5, node: '[ZWSP]' }]} />,
  );
  expect(container.querySelector('pre')?.textContent).toBe('DROP[ZWSP] TABLE t');
});
