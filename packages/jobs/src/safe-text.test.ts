import { expect, test } from 'vitest';
import { htmlText, safeLine, safeStatement, slackCode, slackText } from './safe-text.ts';

test('what misleads is named as on the page, and line ends are line feeds', () => {
  expect(safeStatement('a\u202eb\u200bc\u001b[31m\u0000\ufeff\u{e0041}\u3164\ufe0f')).toBe(
    'a⟨RLO⟩b⟨ZWSP⟩c⟨ESC⟩[31m⟨NUL⟩⟨BOM⟩⟨U+E0041⟩⟨HF⟩⟨U+FE0F⟩',
  );
  expect(safeStatement('one\r\ntwo\rthree\tfour')).toBe('one\ntwo\nthree\tfour');
  expect(safeStatement(`a${'\n'.repeat(10_000)}b`)).toBe('a\n⟨9,999 empty lines⟩\nb');
  expect(safeStatement('\ud800x')).toBe('⟨U+D800⟩x');
  expect(safeStatement('DROP TABLE \u0440ayroll')).toContain('⟨U+0440⟩');
  expect(safeStatement('Größe 漢字 😀')).toBe('Größe 漢字 😀');
});

test('a subject is one line, whatever was put into it', () => {
  expect(safeLine('held\r\nBcc: everybody@example.com')).toBe('held Bcc: everybody@example.com');
  expect(safeLine('x'.repeat(300))).toHaveLength(200 + '… (100 more)'.length);
  expect(safeStatement('x'.repeat(10_000))).toContain('(8500 more)');
});

test('Slack’s control sequences are texts, and a fence does not close', () => {
  expect(slackText('<!channel> <@U1> <https://evil|here> & *bold*')).not.toMatch(/[<>]|\*bold\*/);
  expect(slackCode('``` <!here>')).toBe('`\u2060`` &lt;!here&gt;');
});

test('HTML stays text', () => {
  expect(htmlText(`<img src=x onerror="a('b')">`)).toBe('&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;');
});
