declare module 'mvdan-sh' {
  interface ShellParser {
    /** Throws an object with `Error()`, `Text` and `Pos` on a syntax error, a RangeError when the text is nested too deeply. */
    Parse(text: string, name: string): unknown;
  }
  interface ShellPrinter {
    Print(node: unknown): string;
  }
  interface ShellSyntax {
    NodeType(node: unknown): string;
    NewParser(...options: unknown[]): ShellParser;
    NewPrinter(...options: unknown[]): ShellPrinter;
    KeepComments(keep: boolean): unknown;
    Indent(spaces: number): unknown;
  }
  const shell: { readonly syntax: ShellSyntax };
  export default shell;
}
