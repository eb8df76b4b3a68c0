// Command lines of plain words: what they mean needs no shell, and just-bash takes longer to load than most of them to run.

/** A command, and how the one before it must have ended for it to run. */
export interface PlainCommand {
  readonly name: string;
  readonly args: readonly string[];
  readonly after: 'any' | 'success' | 'failure';
}
/** Characters that no shell treats specially, wherever they stand in a word. */
const PLAIN = /^[\w./:,@%+=-]+$/;

/** The commands of `script` in order; undefined when anything in it is not plain or a name is not one of `known`. */
export function plainCommands(script: string, known: { has(name: string): boolean }): PlainCommand[] | undefined {
  const commands: PlainCommand[] = [];
  for (const line of script.split('\n')) {
    const text = line.trim().replace(/;$/, '');
    if (text === '') continue;
    let after: PlainCommand['after'] = 'any';
    for (const part of text.split(/(&&|\|\||;)/)) {
      if (part === '&&') after = 'success';
      else if (part === '||') after = 'failure';
      else if (part === ';') after = 'any';
      else {
        const [name = '', ...args] = part.trim().split(/[ \t]+/);
        if (!known.has(name) || !args.every((word) => PLAIN.test(word))) return undefined;
        commands.push({ name, args, after });
      }
    }
  }
  return commands;
}
