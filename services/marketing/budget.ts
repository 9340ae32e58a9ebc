/**
 * The result of `work`, or undefined when it takes longer than `ms`: `isOver` says so to it then, and what becomes of it is of no
 * interest any more. Rejects as `work` does within its time.
 */
export async function withinBudget<T>(
  ms: number,
  work: (isOver: () => boolean) => Promise<T>,
): Promise<T | undefined> {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      isOver = true;
      resolve(undefined);
    }, ms);
  });
  try {
    return await Promise.race([work(() => isOver), late]);
  } finally {
    clearTimeout(timer);
  }
}
