import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { makeHome, week, type MadeHome } from '../support/made-home.ts';

/**
 * A home whose files were damaged: each is named, with what to do, and that mends it: the week has
 * the same lists again. No server is needed.
 */

jest.setTimeout(600_000);

let at: MadeHome;
beforeAll(async () => {
  at = await makeHome();
});
afterAll(() => at.remove());

const manifest = () => join(at.home, 'lake', 'manifest.json');

/** Damages a file in the middle; the size stays. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = bytes[middle]! ^ 0xff;
  writeFileSync(path, bytes);
}

/** The files of a name in the artifacts of a stage. */
function filesOf(stage: string, name: string): string[] {
  const folder = join(at.home, 'artifacts', stage);
  return readdirSync(folder).map((fingerprint) => join(folder, fingerprint, name));
}

const corrupt = (path: string, stage: string) =>
  expect.stringMatching(
    `^<home>/artifacts/${path}: expected \\d+ bytes as stage "${stage}" wrote them, got other content; make it again with --from ${stage}$`,
  ) as unknown;

test('a corrupt model', async () => {
  filesOf('gate', 'ranker.mmrk').forEach(damage);
  const mistake = await at.toldOfWeekly(['--week', week, '--from', 'lists']);
  expect(mistake).toEqual({
    code: 1,
    message: corrupt('gate/<fingerprint>/ranker.mmrk', 'gate'),
  });
  expect(await at.told(['status', '--home', at.home])).toEqual({
    code: 1,
    message: `week ${week}: expected its lists, got none: they are being made again; npx mondaymix weekly --week ${week} goes on with it`,
  });
  expect((await at.weekly('--from', 'gate')).weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});

test('a corrupt Parquet file', async () => {
  filesOf('snapshot', 'interactions.parquet').forEach(damage);
  const mistake = await at.toldOfWeekly(['--week', week, '--from', 'factors']);
  expect(mistake).toEqual({
    code: 1,
    message: corrupt('snapshot/<fingerprint>/interactions.parquet', 'snapshot'),
  });
  expect((await at.weekly('--from', 'snapshot')).weeks[0]!.content).toBe(at.made.weeks[0]!.content);
  expect(readdirSync(join(at.home, 'artifacts'))).not.toContain('.building');
});

test('corrupt lists, also where a later week needs them', async () => {
  filesOf('lists', 'listed.parquet').forEach(damage);
  const file = 'lists/<fingerprint>/listed.parquet';
  for (const command of ['status', 'reconcile', 'redeliver --region Asia']) {
    expect(await at.told([...command.split(' '), '--home', at.home])).toEqual({
      code: 1,
      message: corrupt(file, 'lists'),
    });
  }
  const later = await at.told([
    'weekly',
    '--home',
    at.home,
    '--data',
    at.data,
    '--no-deliver',
    '--week',
    '2026-W03',
  ]);
  expect(later.message).toMatch(
    new RegExp(
      `^the lists of ${week}: <home>/artifacts/${file}: expected \\d+ bytes .*, got other content; make that week again with --week ${week} --from lists$`,
    ),
  );
  expect((await at.weekly('--from', 'lists')).weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});

test('a truncated segment of the lake, and a corrupt one', async () => {
  const days = join(at.home, 'lake', 'listens');
  const day = readdirSync(days).sort()[0]!;
  const [segment] = readdirSync(join(days, day)).filter((name) => name.startsWith('plain-sources'));
  const path = join(days, day, segment!);
  const whole = readFileSync(path);
  const remedy = 'restore the file, or remove <home>/lake and import again';
  const shown = path.replace(at.home, '<home>');
  writeFileSync(path, whole.subarray(0, 100));
  expect(await at.toldOfWeekly(['--week', week])).toEqual({
    code: 1,
    message: `${shown}: expected ${whole.length} bytes, found 100; ${remedy}`,
  });
  writeFileSync(path, whole);
  damage(path);
  expect(await at.toldOfWeekly(['--week', week])).toEqual({
    code: 1,
    message: `${shown}: expected the ${whole.length} bytes that were written, found others; ${remedy}`,
  });
  rmSync(join(at.home, 'lake'), { recursive: true });
  const again = await at.weekly('--from', 'catalogue');
  expect(again.weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});

test('a broken manifest of the lake', async () => {
  const whole = readFileSync(manifest());
  writeFileSync(manifest(), whole.subarray(0, -9));
  const message =
    "<home>/lake/manifest.json: expected the lake's list of segments as JSON, got something else; " +
    'restore it, or remove <home>/lake and import again';
  expect(await at.toldOfWeekly(['--week', week])).toEqual({ code: 1, message });
  expect(await at.told(['import', at.data, '--home', at.home])).toEqual({ code: 1, message });
  rmSync(join(at.home, 'lake'), { recursive: true });
  expect((await at.weekly()).weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});

test('a broken record of a week', async () => {
  const path = join(at.home, 'weeks', 'main', `${week}.json`);
  writeFileSync(path, '{"format":1');
  const message = `<home>/weeks/main/${week}.json: expected the record of a frozen week, got something else; delete it and run the week again`;
  expect(await at.toldOfWeekly(['--week', week])).toEqual({ code: 1, message });
  expect(await at.told(['status', '--home', at.home])).toEqual({ code: 1, message });
  rmSync(path);
  expect((await at.weekly()).weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});

test('a broken manifest of an artifact', async () => {
  const [path] = filesOf('lists', 'artifact.json');
  writeFileSync(path!, '');
  const message =
    '<home>/artifacts/lists/<fingerprint>/artifact.json: expected the manifest of an artifact, got something else; delete the folder and run again';
  expect(await at.toldOfWeekly(['--week', week])).toEqual({ code: 1, message });
  rmSync(join(path!, '..'), { recursive: true });
  expect((await at.weekly()).weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});
