/** What passes measured and may need again: texts under names that say by content what they hold. */
export interface Cache {
  read(name: string): string | undefined;
  /** Whole or not at all. */
  write(name: string, text: string): void;
}
