// Names of modules and aliases. Source: kmod.md 3.

/** The module's name: of a path, its last part up to the first dot; dashes become underscores. */
export const moduleName = (text: string): string => (text.split('/').at(-1) ?? '').split('.')[0]?.replaceAll('-', '_') ?? '';

/** Dashes become underscores, except between brackets. undefined when a bracket has no partner. */
export function normalizeAlias(alias: string): string | undefined {
  let out = '';
  for (let at = 0; at < alias.length; at++) {
    const character = alias[at] as string;
    if (character === ']') return undefined;
    if (character === '[') {
      const end = alias.indexOf(']', at);
      if (end < 0) return undefined;
      out += alias.slice(at, end + 1);
      at = end;
    } else out += character === '-' ? '_' : character;
  }
  return out;
}
/** fnmatch(3) without flags: '*', '?', '[a-z]', '[!a]', '\x'. */
export function matches(pattern: string, text: string): boolean {
  if (!/[*?[\\]/.test(pattern)) return pattern === text;
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) source += '\\[';
      else {
        source += `[${pattern
          .slice(at + 1, end)
          .replace(/^!/, '^')
          .replaceAll('\\', '\\\\')}]`;
        at = end;
      }
    } else if (character === '\\' && at + 1 < pattern.length) source += escape(pattern[++at] as string);
    else source += escape(character);
  }
  return new RegExp(`^${source}$`, 's').test(text);
}
/** Whether a pattern that begins with `start` can match `text`: what stands before its first special character does. */
export function mayMatch(start: string, text: string): boolean {
  const special = start.search(/[*?[\\]/);
  return text.startsWith(special < 0 ? start : start.slice(0, special));
}
const escape = (character: string): string => character.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
