/** What is known about who runs the text and where; null: not known. */
export interface ShellSession {
  /** The login name at the target. */
  readonly user: string | null;
  /** The absolute path of the home folder. */
  readonly home: string | null;
  /** The absolute path of the working folder. */
  readonly cwd: string | null;
  /** The program that reads the text: `bash`, `/bin/sh`. Null is taken for any shell of the Bourne family. */
  readonly shell: string | null;
}
