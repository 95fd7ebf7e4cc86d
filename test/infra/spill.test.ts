import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { isSpill, othersSpillMs, ownSpill, removeDeadSpills } from '../../infra/spill.ts';
import { temporaryFolder } from '../support/sources.ts';

const now = Date.parse('2026-11-23T00:00:00Z');
const young = now - othersSpillMs + 60_000;
const old = now - othersSpillMs;

let root: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  root = temporaryFolder();
});
afterEach(() => root.remove());

/** A folder with a file in it, last written to at these times. */
function spilled(name: string, folderMs: number, fileMs: number): string {
  const folder = join(root.path, name);
  mkdirSync(folder);
  const file = join(folder, 'duckdb_temp_storage_DEFAULT-0.tmp');
  writeFileSync(file, 'spilled');
  utimesSync(file, fileMs / 1000, fileMs / 1000);
  utimesSync(folder, folderMs / 1000, folderMs / 1000);
  return name;
}

/** A name of this host and the given process; host and process stand before the last `-`. */
const hereOf = (pid: number) =>
  basename(ownSpill(join(root.path, 'spill'))).replace(/-\d+-([0-9a-f]+)$/, `-${pid}-$1`);
const there = (pid: number) => hereOf(pid).replace(/^spill-[0-9a-f]+/, 'spill-0123456789ab');

/** A process that has ended. */
const deadPid = () => spawnSync(process.execPath, ['--version']).pid;

test('of this host what a dead process left goes at once, and what a living one has stays', async () => {
  const dead = spilled(hereOf(deadPid()), now, now);
  const living = spilled(hereOf(process.pid), old, old);
  expect(await removeDeadSpills(root.path, now)).toEqual([dead]);
  expect(readdirSync(root.path)).toEqual([living]);
});

test('of another host only what nobody has written to for a day goes, whatever its process', async () => {
  const dead = deadPid();
  const kept = [
    spilled(there(dead), young, young),
    spilled(there(dead), old, young),
    spilled(there(dead), young, old),
  ];
  const gone = [spilled(there(dead), old, old), spilled(there(process.pid), old, old)];
  expect(await removeDeadSpills(root.path, now)).toEqual([...gone].sort());
  expect(readdirSync(root.path).sort()).toEqual([...kept].sort());
});

test('folders of earlier versions, which do not name a host, are as of another', async () => {
  const kept = spilled(`spill-${deadPid()}-0`, young, young);
  const gone = [spilled('spill', old, old), spilled(`spill-${process.pid}-3`, old, old)];
  expect(await removeDeadSpills(root.path, now)).toEqual(gone);
  expect(readdirSync(root.path)).toEqual([kept]);
});

test('nothing else is taken for what was spilled', async () => {
  for (const name of ['spills', 'spill-', 'spill-notes', 'spill-1', 'weeks']) {
    expect(isSpill(name)).toBe(false);
    mkdirSync(join(root.path, name));
    utimesSync(join(root.path, name), 0, 0);
  }
  writeFileSync(join(root.path, 'spill'), 'a file');
  utimesSync(join(root.path, 'spill'), 0, 0);
  expect(await removeDeadSpills(root.path, now)).toEqual([]);
  expect(await removeDeadSpills(join(root.path, 'none'), now)).toEqual([]);
});

test('a session that spills has a folder that stays while it is open, and goes with it', async () => {
  const sql = await openDuckdb({ threads: 1, memoryMb: 40, spillTo: join(root.path, 'spill') });
  try {
    await sql.run(
      `CREATE TABLE t AS SELECT hash(range) AS h, repeat('x', 40) || range AS s FROM range(600000)`,
    );
    await sql.rows('SELECT count(DISTINCT s) AS n FROM t');
    const [folder] = readdirSync(root.path);
    expect(isSpill(folder!)).toBe(true);
    expect(await removeDeadSpills(root.path, Date.now())).toEqual([]);
    expect(readdirSync(root.path)).toEqual([folder]);
  } finally {
    sql.dispose();
  }
  expect(readdirSync(root.path)).toEqual([]);
});
