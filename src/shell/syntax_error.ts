// What bash says of a script that just-bash cannot parse.

export interface SyntaxComplaint {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
  /** bash shows the line when a word in it is wrong, not when the end has come too early. */
  readonly showsLine: boolean;
}
/** `message` is just-bash's. */
export function syntaxComplaint(message: string, script: string): SyntaxComplaint {
  const [, position, line, plain = message] = /^(?:Parse error at (\d+):\d+: |line (\d+): )?(.*)$/s.exec(message) ?? [];
  const at = Math.max(1, Number(position ?? line ?? 1));
  // Behind the last line: where bash has met the end.
  const end = script.split('\n').length + 1;
  const quote = /unexpected EOF while looking for matching [`'"]?(.)/.exec(plain)?.[1];
  if (quote !== undefined) {
    const text = `unexpected EOF while looking for matching \`${quote}'`;
    return { line: quote === ')' || quote === '}' ? end : at, text, showsLine: false };
  }
  const unexpectedEnd = plain.endsWith(', got EOF') || (/near unexpected token `fi'/.test(plain) && !/\bfi\b/.test(script));
  if (unexpectedEnd) return { line: end, text: 'syntax error: unexpected end of file', showsLine: false };
  const token = /^Expected \w+, got (\w+)$/.exec(plain)?.[1];
  if (token !== undefined) return { line: at, text: `syntax error near unexpected token \`${token.toLowerCase()}'`, showsLine: true };
  if (plain.startsWith('Expected')) return { line: at, text: "syntax error near unexpected token `newline'", showsLine: true };
  return { line: at, text: plain, showsLine: true };
}
