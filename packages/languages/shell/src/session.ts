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
  /** The programs get a terminal at which somebody types what nobody judges. Left out: they do not. */
  readonly terminal?: boolean;
  /** The shell goes on with further texts, of which each is read without what the ones before it left behind. Left out: it ends. */
  readonly standing?: boolean;
}
