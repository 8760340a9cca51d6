/** Preparing what comes next while the consumer works, which for models means: in another process. */

/** Prepares the next item while the consumer works on the current one. */
export async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const item = await next;
      if (item.done) return;
      next = items.next();
      // A failure ahead of time is reported when its turn comes, not as unhandled.
      next.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await items.return(undefined);
  }
}

/** Lets the consumer begin, and replies of the runtime be heard. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
