let end: Promise<void> | undefined;

/** Resolves for all who ask within one turn of the event loop at once: when what came in with the turn has been heard. */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}
