import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { gather } from '../../infra/gather.ts';

/** Answers with each key in capitals, but for "-", when told to. */
function slow() {
  const asked: string[][] = [];
  const answers: ((error?: Error) => void)[] = [];
  const lookup = (keys: readonly string[]) => {
    asked.push([...keys]);
    return new Promise<Map<string, string>>((resolve, reject) => {
      answers.push((error) => {
        const known = keys.filter((key) => key !== '-');
        if (error === undefined) resolve(new Map(known.map((key) => [key, key.toUpperCase()])));
        else reject(error);
      });
    });
  };
  return { asked, answers, lookup };
}

test('what is asked for at once is asked for together, each key once', async () => {
  const { asked, answers, lookup } = slow();
  const find = gather(lookup);
  const found = [find(['a', 'b']), find(['b', '-']), find([])];
  await turn();
  expect(asked).toEqual([['a', 'b', '-']]);
  answers[0]!();
  const [first, second] = await Promise.all(found);
  expect([first!.get('a'), second!.get('b'), second!.get('-')]).toEqual(['A', 'B', undefined]);
});

test('what is asked for while two round trips are under way waits for the next', async () => {
  const { asked, answers, lookup } = slow();
  const find = gather(lookup);
  const found: Promise<unknown>[] = [];
  for (const key of ['a', 'b', 'c', 'd']) {
    found.push(find([key]));
    await turn();
  }
  expect(asked).toEqual([['a'], ['b']]);
  answers[0]!();
  await found[0];
  await turn();
  expect(asked).toEqual([['a'], ['b'], ['c', 'd']]);
  answers[1]!();
  answers[2]!();
  await Promise.all(found);
});

test('a round trip holds no more than so many keys, but for those of one caller', async () => {
  const { asked, answers, lookup } = slow();
  const find = gather(lookup, 3);
  const found = [find(['a', 'b', 'c', 'd']), find(['e', 'f']), find(['g', 'h'])];
  await turn();
  answers.splice(0).forEach((answer) => answer());
  await found[0];
  await turn();
  answers.splice(0).forEach((answer) => answer());
  await Promise.all(found);
  expect(asked).toEqual([
    ['a', 'b', 'c', 'd'],
    ['e', 'f'],
    ['g', 'h'],
  ]);
});

test('a round trip that fails fails for those in it, and for nobody after', async () => {
  const { answers, lookup } = slow();
  const find = gather(lookup);
  const failing = find(['a']);
  await turn();
  answers[0]!(new Error('away'));
  await expect(failing).rejects.toThrow('away');
  const next = find(['a']);
  await turn();
  answers[1]!();
  expect((await next).get('a')).toBe('A');
});
