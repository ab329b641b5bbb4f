/** Tells a person what is going on, one line a step, with the seconds it took. */
export interface Progress {
  step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>;
  say(text: string): void;
}

export function terminalProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  return {
    say: (text) => out.write(`${text}\n`),
    async step(title, work) {
      const startedAt = performance.now();
      const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      let latest = '';
      const show = (): boolean => out.write(`\r\u001b[K… ${title} (${seconds()})${latest === '' ? '' : `: ${latest}`}`);
      const timer = out.isTTY ? setInterval(show, 500) : undefined;
      try {
        const result = await work((text) => {
          latest = text.slice(0, 90);
          if (!out.isTTY) out.write(`  … ${title}: ${text}\n`);
        });
        out.write(`${out.isTTY ? '\r\u001b[K' : ''}✔ ${title} (${seconds()})\n`);
        return result;
      } catch (error) {
        out.write(`${out.isTTY ? '\r\u001b[K' : ''}✖ ${title} (${seconds()})\n`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** For tests and programs that print their own lines: silent but for failures, which are thrown anyway. */
export const silentProgress: Progress = { say: () => undefined, step: (_title, work) => work(() => undefined) };
