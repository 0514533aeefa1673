/** RFC 6587 octet counting and RFC 5424, strictly: throws at the first byte that is not in the grammar. */
export function parseSyslog(bytes: Buffer): { readonly id: string; readonly message: string }[] {
  const messages: { id: string; message: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at);
    const length = bytes.toString('latin1', at, space);
    if (!/^[1-9]\d*$/.test(length)) throw new Error(`no length: ${length}`);
    const text = bytes.toString('utf8', space + 1, space + 1 + Number(length));
    const grammar =
      /^<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} \[[!-~]{1,32}(?: [!-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\] \ufeff([^\u0000-\u001f\u007f-\u009f\u2028\u2029]*)$/u;
    const [, , message] = grammar.exec(text) ?? [];
    if (message === undefined) throw new Error(`not RFC 5424: ${text}`);
    messages.push({ id: (JSON.parse(message) as { id: string }).id, message });
    at = space + 1 + Number(length);
  }
  return messages;
}
