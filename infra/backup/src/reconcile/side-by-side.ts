/** Something that both sides may know, under one key. */
export interface Keyed {
  readonly key: string;
}

/**
 * Walks two streams that ascend by key, and tells of each key who has it: the left, the right, or both. Throws when a
 * stream does not ascend, since everything after would be told wrongly.
 */
export async function* sideBySide<L extends Keyed, R extends Keyed>(
  left: AsyncIterable<L>,
  right: AsyncIterable<R>,
): AsyncGenerator<{ left: L | undefined; right: R | undefined }> {
  const lefts = ascending(left);
  const rights = ascending(right);
  let [l, r] = [await lefts.next(), await rights.next()];
  while (l.done !== true || r.done !== true) {
    if (r.done === true || (l.done !== true && l.value.key < r.value.key)) {
      if (l.done !== true) yield { left: l.value, right: undefined };
      l = await lefts.next();
    } else if (l.done === true || r.value.key < l.value.key) {
      yield { left: undefined, right: r.value };
      r = await rights.next();
    } else {
      yield { left: l.value, right: r.value };
      [l, r] = [await lefts.next(), await rights.next()];
    }
  }
}

async function* ascending<T extends Keyed>(items: AsyncIterable<T>): AsyncGenerator<T, undefined> {
  let last: string | undefined;
  for await (const item of items) {
    if (last !== undefined && item.key <= last) throw new Error(`the keys do not ascend: ${item.key} after ${last}`);
    last = item.key;
    yield item;
  }
  return undefined;
}
