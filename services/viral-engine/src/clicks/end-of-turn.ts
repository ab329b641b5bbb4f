let end: Promise<void> | undefined;
let before: (() => void)[] = [];

/** Resolves for all who ask within one turn of the event loop at once: when what came in with the turn has been heard. */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      const [works, done] = [before, resolve];
      end = undefined;
      before = [];
      for (const work of works) work();
      done();
    });
  });
  return end;
}

/** Does something at the end of the turn, before anybody who waits for it goes on. It must not throw. */
export function beforeEndOfTurn(work: () => void): void {
  before.push(work);
  void endOfTurn();
}
